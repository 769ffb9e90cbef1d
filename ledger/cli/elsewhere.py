"""A decision in two steps, for a key on a machine without a network: bytes to sign go out, a signature comes in."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.cli.approver import key_of_absent, require_approver
from ledger.cli.approving import decision_fields, look
from ledger.cli.asking import full_name
from ledger.cli.frame import Call
from ledger.cli.layout import about, pairs
from ledger.cli.screen import Answer, Paint
from ledger.deciding import PREPARED_LIMIT, credential_of, how_to_sign, prepare, read_prepared, since, submit
from ledger.disclosures import TEXT_LIMIT, open_disclosure, opens_in
from ledger.errors import Misuse, Tampered
from ledger.keys.openssh import name_of
from ledger.keys.sshsig import ARMOUR_LIMIT
from ledger.statement import set_digest

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.placing import Item
    from ledger.receipts import Receipt

_TEXT, _DISCLOSURE = ".txt", ".disclosure"


def prepare_decision(call: Call, kind: str, named: str, stage: str, options: dict[str, Any]) -> Answer:
    """Write what has to be signed, with the text to read before; nothing is recorded and no key is needed."""
    verb, file = "approve" if kind == "approved" else "reject", options["prepare"]
    with call.open() as ledger:
        named = full_name(named, ledger)
        key = key_of_absent(ledger, options["actor"], options["key"], named)
        person = require_approver(ledger, key, kind, named, stage)
        looked = look(ledger, named, stage, person, kind)
        fields = decision_fields(ledger, looked, stage, kind, {**options, "conditions": options.get("conditions", ())})
        credential = credential_of(ledger, key)
        assert credential is not None  # required above
        made = prepare(ledger, kind, fields, person.handle, credential)
    digest = hashlib.sha256(made.message).hexdigest()
    sign = how_to_sign(credential.keys[0].scheme, file.name)
    page = [*looked.lines, *(f"  Condition: {one}" for one in options.get("conditions", ())), ""]
    page += [f"sha256 of {file.name}: {digest}", f"Sign it with {name_of(credential)}: {sign}", ""]
    _write(file, made.message)
    _write(_beside(file, _TEXT), "\n".join(page).encode())
    _write(_beside(file, _DISCLOSURE), "".join(f"{one}\n" for one in made.disclosures).encode())
    document = {
        "schema": f"ledger.{verb}_prepared/1",
        "file": str(file),
        "sha256": digest,
        "size_bytes": len(made.message),
        "statement": made.fields,
        "key": name_of(credential),
        "sign": sign,
        "shown": looked.lines,
    }
    rows = [
        ("to read", f"{file}{_TEXT}: what {person.handle} signs, in words"),
        ("to keep", f"{file}{_DISCLOSURE}: opens these words in the entry; it comes back with the signature"),
        ("there", sign),
        ("then here", f"ledger {verb} --submit {file} {file}.sig"),
    ]
    head = f"Prepared {file}: {len(made.message):,} bytes for {person.handle} to sign, sha256 {digest[:16]}…"
    return Answer(document, lambda _: [*looked.lines, head, *pairs(rows), "Nothing was recorded."])


def submit_decision(call: Call, kind: str, file: Path, signature: Path) -> Answer:
    """Record what was signed elsewhere, byte for byte as it was prepared."""
    item = read_prepared(_read(file, PREPARED_LIMIT), str(file))
    if item.fields["type"] != kind:
        verb = "approve" if kind == "approved" else "reject"
        raise Misuse(f"{file} says {item.fields['type']}; this is ledger {verb}", "the other command", code="type")
    disclosures = _disclosures(_beside(file, _DISCLOSURE), item)
    subject, stage = item.fields["subject"], str(item.fields["data"].get("stage", ""))
    with call.open(read_only=False) as ledger:
        name = f"{subject.get('system')}@{subject.get('version', '')}".rstrip("@")
        require_approver(ledger, item.fields["key"], kind, name, stage)
        receipt = submit(ledger, item, _read(signature, ARMOUR_LIMIT), disclosures)
        later = _later(ledger, item, receipt)
    return _submitted(item, receipt, later, kept=bool(disclosures))


def _later(ledger: "Ledger", item: "Item", receipt: "Receipt") -> list[dict[str, Any]]:
    """What came about the version between the approver's look and the entry: said, and not refused."""
    subject, seen = item.fields["subject"], item.fields["data"].get("seen", {})
    if "size" not in seen or "artifacts" not in subject:
        return []
    found = since(ledger, seen["size"], subject["system"], f"sha256:{set_digest(subject['artifacts'])}")
    return [{"seq": one.seq, "type": one.statement.type} for one in found if one.seq < receipt.seq]


def _submitted(item: "Item", receipt: "Receipt", later: list[dict[str, Any]], *, kept: bool) -> Answer:
    fields = {name: getattr(receipt, name) for name in receipt.__struct_fields__}
    verb = "approve" if receipt.type == "approved" else "reject"
    document = {"schema": f"ledger.{verb}/1", "decided": True, **fields, "since": later, "text_kept": kept}
    said = "Approved" if verb == "approve" else "Rejected"

    def lines(paint: Paint) -> list[str]:
        again = ", which was there before" if receipt.again else ""
        text = f": {about(item.fields['subject'])}, entry {receipt.seq}{again}; {receipt.state}."
        rows = []
        if not kept:
            rows.append(("not kept", "the text that was read: its disclosure does not lie beside the file"))
        if later:
            what = ", ".join(f"{one['type']} [{one['seq']}]" for one in later[:6])
            rows.append(("came since", f"{what}: {receipt.actor} did not see that"))
        return [paint("green" if verb == "approve" else "yellow", said) + text, *pairs(rows)]

    return Answer(document, lines)


# ---- files ----


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _disclosures(path: Path, item: "Item") -> tuple[str, ...]:
    """Return the disclosures beside a prepared file, as far as there are any; `Misuse` for others than its own."""
    if not path.exists():
        return ()
    text = _read(path, TEXT_LIMIT + 1).decode("ascii", "replace").rstrip("\n")
    texts = tuple(text.split("\n")) if text else ()
    try:
        good = all(opens_in(item.fields, open_disclosure(one)[1], one) for one in texts) and len({*texts}) == len(texts)
    except Tampered:
        good = False
    if not good:
        what = f"{path} does not open what is sealed in the statement; nothing was recorded"
        raise Misuse(what, "take it as it was prepared, or away", code="disclosure")
    return texts


def _read(path: Path, limit: int) -> bytes:
    """Return at most `limit` + 1 bytes: what is longer is none of these files, and is refused for its form."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "name the file", code="no_file") from None


def _write(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise Misuse(f"{path} is there already; nothing was changed", "name another file", code="exists") from None
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "name another file", code="no_file") from None
