"""Who said it first: `source` and `claimed_by` of statements that repeat what another system said (vocabulary 1.1)."""

from typing import Annotated, Any, Literal

import msgspec

from ledger.errors import Misuse
from ledger.events.common import Fields, Handle, SealedText, Text, says
from ledger.events.plain import plain
from ledger.shapes import learn


class Source(Fields, frozen=True, kw_only=True):
    """The system whose words are repeated."""

    tool: Annotated[Text, says("name of the system, such as mlflow")]
    mode: Annotated[Literal["live", "import", "reconcile"], says("how its word came here")]
    uri: Annotated[Text | None, says("where it said so")] = None
    key: Annotated[Text | None, says("what the system calls it: its own id")] = None


class Claim(Fields, frozen=True, kw_only=True):
    """Who did it by the word of a source: a handle, or a name; it counts neither as approval nor as a role."""

    source: Annotated[Text, says("who says so")]
    actor: Annotated[Handle | None, says("handle, where the name belongs to one")] = None
    name: Annotated[SealedText | None, says("name; sealed")] = None


learn(Source, Claim)


def check_source(value: Any, name: str) -> dict[str, Any] | None:
    """`source=` as a map; raises `Misuse` if it is none of that form."""
    return _checked(value, Source, f"{name}.source", 'source={"tool": "mlflow", "mode": "import", "uri": ...}')


def check_claim(value: Any, name: str) -> dict[str, Any] | None:
    """`claimed_by=` as a map with `actor` or `name`; raises `Misuse` if it is none of that form."""
    fix = 'claimed_by={"source": "mlflow", "name": "..."}, or "actor" in the place of "name"'
    claim = _checked(value, Claim, f"{name}.claimed_by", fix)
    if claim is not None and ("actor" in claim) == ("name" in claim):
        raise Misuse(f"{name}.claimed_by needs either actor or name", fix, code="invalid_claim")
    return claim


def _checked(value: Any, form: type[Fields], where: str, fix: str) -> dict[str, Any] | None:
    if value is None:
        return None
    written = plain(value, where)
    try:
        msgspec.convert(written, form, strict=True)
    except msgspec.ValidationError as error:
        raise Misuse(f"{where}: {error}", fix, code="invalid_field", where=where) from None
    found: dict[str, Any] = written
    return found
