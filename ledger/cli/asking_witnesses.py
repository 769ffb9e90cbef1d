"""`ledger witness ask`: witnesses asked over HTTP, all at once; what they sign is kept under the newest checkpoint."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from ledger.anchors.http import shown
from ledger.anchors.witness import ask as ask_one
from ledger.cli.frame import Call, command
from ledger.cli.layout import columns, wrapped
from ledger.cli.screen import Answer
from ledger.cli.trusting import Given, read_keys, written_policy
from ledger.errors import LedgerError, Misuse, Tampered, Unavailable
from ledger.notes.verifier import VerifierKey

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.policy import Quorum

_AT_ONCE: Final = 16


class _Asked(NamedTuple):
    url: str
    keys: tuple[VerifierKey, ...]
    error: LedgerError | None


@command()
@click.argument("url", required=False)
@click.option("--witness", "keys", metavar="VKEY", multiple=True, help="The key of the witness at URL; once or more.")
@click.option("--policy", type=click.Path(path_type=Path), help="Your policy file: its witnesses with an address.")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=20.0, show_default=True, help="Seconds for each.")
def ask(call: Call, url: str | None, keys: tuple[str, ...], policy: Path | None, timeout: float) -> Answer:
    """Close the newest checkpoint and have witnesses cosign it: the one at URL, or those of your policy file."""
    places, quorum = _places(url, read_keys(keys, "--witness"), policy)
    with call.open(read_only=False) as ledger:
        ledger.close_checkpoint()  # once: all are asked of the same one
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            asked = list(pool.map(lambda url: _ask(ledger, url, places[url], timeout), places))
        origin, size = ledger.origin, ledger.covered
    if quorum is None and asked[0].error is not None:
        raise asked[0].error
    return _answer(origin, size, asked, quorum)


def _places(
    url: str | None, keys: tuple[VerifierKey, ...], policy: Path | None
) -> "tuple[dict[str, tuple[VerifierKey, ...]], Quorum | None]":
    """Return the keys at each address, and the quorum that is wanted."""
    if (url is None) == (policy is None) or bool(keys) != (url is not None):
        raise Misuse("which witnesses?", "ledger witness ask URL --witness VKEY, or --policy FILE", code="usage")
    if url is not None:
        return {url: keys}, None
    quorum = written_policy(Given(policy=policy)).quorum
    places: dict[str, tuple[VerifierKey, ...]] = {}
    for witness in quorum.witnesses if quorum else ():
        if witness.url:
            places[witness.url] = (*places.get(witness.url, ()), witness.key)
    if not places:
        raise Misuse(f"{policy} names no witness with an address", "witness NAME VKEY URL", code="no_witness")
    return places, quorum


def _ask(ledger: "Ledger", url: str, keys: tuple[VerifierKey, ...], timeout: float) -> _Asked:
    try:
        ask_one(ledger, url, keys, seconds=timeout)
    except LedgerError as error:
        return _Asked(url, keys, error)
    return _Asked(url, keys, None)


def _answer(origin: str, size: int, asked: list[_Asked], quorum: "Quorum | None") -> Answer:
    """0 where enough signed; 3 where one has seen another history, whoever signed; else 4."""
    signed = [key for one in asked if one.error is None for key in one.keys]
    met = quorum is None or quorum.is_met(signed)
    code = 3 if any(isinstance(one.error, Tampered) for one in asked) else 0 if met else Unavailable.exit_code
    document = {
        "schema": "ledger.witness_asked/1",
        "origin": origin,
        "size": size,
        "enough": met,
        "asked": [
            {"url": shown(one.url), "name": one.keys[0].name, "signed": one.error is None}
            | ({"code": one.error.code, "message": one.error.message} if one.error else {})
            for one in asked
        ],
    }
    rows = [(one.keys[0].name, one.error.message if one.error else f"signed size {size:,}") for one in asked]
    last = f"{quorum.words}: {'enough' if met else 'not enough'} signed." if quorum else ""
    return Answer(document, lambda _: [*columns(rows), *wrapped(last)], code)
