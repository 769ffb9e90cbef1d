"""`ledger key rotate-log` and `recover-log`: other keys for the log itself."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs, short_path, wrapped
from ledger.cli.screen import Answer, Paint
from ledger.config import ask_passphrase
from ledger.encoding import is_digest
from ledger.errors import Misuse
from ledger.identity import find_identity
from ledger.keys.sources import open_signer
from ledger.rekeying import Recovery, Replaced, prepare_recovery, recover_log_key, rotate_log_key

if TYPE_CHECKING:
    from ledger.api import Ledger

_SCHEMA: Final = "ledger.recovery/1"
_LIMIT: Final = 1_000_000


@command()
@click.option("--reason", required=True, help="Why: it stays in the log.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs.")
def rotate_log(call: Call, reason: str, actor: str | None) -> Answer:
    """Replace the log's key: one entry, and the checkpoint that old and new key both sign, in one commit.

    The new key file lies beside the old one, where every writer of yours finds it. Whoever knows the old key follows.
    """
    with call.open(read_only=False, actor=actor) as ledger:
        done = rotate_log_key(ledger, reason)
    lines = [
        f"The log's key was replaced: entry {done.seq}; the checkpoint of {done.seq + 1:,} entries bears both.",
        "Copy the new file to a safe place, and to every machine that seals. The old one signs nothing any more.",
    ]
    return _told(done, lines)


@command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--prepare", is_flag=True, help="Make the new key, and FILE for those who must sign.")
@click.option("--sign", is_flag=True, help="Sign FILE, as one of those whom the genesis names for recovery.")
@click.option("--key", metavar="KEY", help="With --sign: your key; else LEDGER_KEY, or yours that is authorised.")
@click.option("--reason", help="Why: it stays in the log.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs.")
def recover_log(call: Call, files: tuple[Path, ...], prepare: bool, sign: bool, **options: Any) -> Answer:
    """Replace the log's key when it is lost or stolen: those whom the genesis names for recovery sign for a new one.

    \b
    ledger key recover-log FILE --prepare      here: makes the new key and FILE
    ledger key recover-log FILE --sign         each of them, anywhere: FILE needs no ledger
    ledger key recover-log FILE... --reason ..  here: records it
    Where one signature is enough and it is yours, the last one without FILE does it all.
    Every later verification says that it happened, and nobody who knows the old key only will follow.
    """
    if prepare and sign:
        raise Misuse("--prepare makes FILE, --sign signs it", "one after the other", code="usage")
    if prepare or sign:
        if len(files) != 1:
            raise Misuse("name one FILE", "ledger key recover-log FILE --prepare", code="usage")
        return _prepare(call, files[0], options["actor"]) if prepare else _sign(files[0], options["key"])
    reason = options["reason"]
    if not reason:
        raise Misuse("--reason is needed: it stays in the log", "--reason 'the disk is gone'", code="missing")
    with call.open(read_only=False, actor=options["actor"]) as ledger:
        recovery = _merged([_load(path) for path in files]) if files else _alone(ledger)
        done = recover_log_key(ledger, recovery, reason)
    lines = [
        f"The log's key was replaced by recovery: entry {done.seq}. Every later verification says so.",
        "Copy the new file to a safe place. Tell those who verify this log its new key by another way than the log:",
        "the old one did not sign for it, and nobody follows by themselves.",
    ]
    return _told(done, lines)


def _told(done: Replaced, lines: list[str]) -> Answer:
    document = {
        "schema": "ledger.log_key/1",
        "seq": done.seq,
        "key": done.keys[0],
        "keys": list(done.keys),
        "file": str(done.file),
    }

    def said(paint: Paint) -> list[str]:
        first, *rest = lines
        rows = [("new key file", short_path(done.file)), ("ledger.toml", "put this line there, and commit it:")]
        return [paint("green", first), *pairs(rows), f'key = "{done.keys[0]}"', *[a for b in rest for a in wrapped(b)]]

    return Answer(document, said)


# ---- recovery ----


def _prepare(call: Call, file: Path, actor: str | None) -> Answer:
    with call.open(read_only=False, actor=actor) as ledger:
        quorum = ledger.genesis.recovery
        recovery, key = prepare_recovery(ledger)
    _save(file, recovery)
    named = [one.id for one in quorum.credentials]
    document = {
        **_document(recovery),
        "needed": quorum.threshold,
        "may_sign": named,
        "file": str(file),
        "key": str(key),
    }
    lines = [
        f"Wrote {file}, and the new key {short_path(key)}.",
        f"{quorum.threshold} of {len(named)} must sign it: {', '.join(one[:16] for one in named)}.",
        f"Each of them: ledger key recover-log {file.name} --sign",
        f"Then here: ledger key recover-log {file} --reason ...",
    ]
    return Answer(document, lambda _: [one for line in lines for one in wrapped(line)])


def _sign(file: Path, key: str | None) -> Answer:
    from ledger.cli.keyfiles import own_key

    recovery = _load(file)
    signer = open_signer(key or own_key(), ask_passphrase)
    signed = recovery.signed(signer)
    _save(file, signed)
    text = f"Signed {file} as {signer.credential.id[:16]}: {len(signed.signatures)} signed so far."
    return Answer({**_document(signed), "file": str(file)}, lambda _: wrapped(text))


def _alone(ledger: "Ledger") -> Recovery:
    quorum = ledger.genesis.recovery
    signer = find_identity(ledger.trust(), ledger._key, ledger._actor).signer
    if quorum.threshold > 1 or signer.credential.id not in {one.id for one in quorum.credentials}:
        raise Misuse(
            f"{quorum.threshold} of {len(quorum.credentials)} must sign a recovery, and not you alone",
            "ledger key recover-log FILE --prepare",
            code="quorum",
        )
    return prepare_recovery(ledger)[0].signed(signer)


def _merged(recoveries: list[Recovery]) -> Recovery:
    first = recoveries[0]
    for one in recoveries[1:]:
        if one._replace(signatures={}) != first._replace(signatures={}):
            raise Misuse(
                "these files are of different recoveries", "copies of the one that --prepare made", code="file"
            )
        first = first._replace(signatures=first.signatures | one.signatures)
    return first


def _document(recovery: Recovery) -> dict[str, Any]:
    return {"schema": _SCHEMA, **recovery._asdict()}


def _save(file: Path, recovery: Recovery) -> None:
    try:
        file.write_text(json.dumps(_document(recovery), indent=1) + "\n", "utf-8")
    except OSError as error:
        raise Misuse(f"{file} cannot be written: {error.strerror}", "name another", code="no_file") from None


def _load(file: Path) -> Recovery:
    try:
        with file.open("rb") as opened:
            said = json.loads(opened.read(_LIMIT))
        keys = [tuple(said[name]) for name in ("old", "new")]
        texts = [said["origin"], *keys[0], *keys[1]]
        signed = {key: list(made) for key, made in said["signatures"].items()}
        good = said["schema"] == _SCHEMA and is_digest(said["log"]) and all(isinstance(one, str) for one in texts)
        good = good and all(isinstance(one, str) for made in signed.values() for one in made)
    except OSError as error:
        raise Misuse(f"{file}: {error.strerror}", "ledger key recover-log FILE --prepare", code="no_file") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        good = False
    if not good:
        raise Misuse(f"{file} is no recovery", "the file that --prepare made", code="file")
    return Recovery(said["origin"], said["log"], keys[0], keys[1], signed)
