"""Rows of the spool as what a log places: judged by their seal, or by form, disclosures and the author's signature."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from ledger import statement
from ledger.encoding import SIGNATURES_LIMIT, STATEMENT_TYPE
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.keys.credential import UnknownScheme, verify_signatures
from ledger.placing import ABOUT_A_SET, Item, Single
from ledger.spool.item import Row, item_of, read_texts, sealed_by, waiting
from ledger.trust import Trust


class Ready(NamedTuple):
    """A row that is as its author wrote it. `plain`: what may stand there follows from type, actor and system alone."""

    row: Row
    single: Single
    disclosures: tuple[str, ...]
    plain: bool

    @property
    def item(self) -> Item:
        """The statement."""
        return self.single.item


_NONE = msgspec.Raw()


class _Subject(msgspec.Struct):
    system: str | None = None


class _Head(msgspec.Struct):
    """What is judged of a plain statement: the rest of it is not even decoded."""

    actor: str
    key: str
    time: str
    type: str
    subject: _Subject
    log: str | None = None
    refs: msgspec.Raw = _NONE


_heads = msgspec.json.Decoder(_Head)


class Reading:
    """Reads rows for one log. `secrets` are those of this user's keys, by credential."""

    def __init__(self, trust: Trust, secrets: dict[str, bytes]) -> None:
        self._trust, self._secrets = trust, secrets
        self._plain: dict[tuple[str | None, ...], dict[str, Any]] = {}

    def read(self, rows: Sequence[Row]) -> Iterator[tuple[Row, Ready | LedgerError]]:
        """Yield each row with what is to be placed, or with why it is not whole.

        The signature of a statement whose key the log does not know is left: it is not placed.
        """
        hashes = [statement.statement_hash(row.body) for row in rows]
        keys = [sealed_by(row, hash, self._secrets) for row, hash in zip(rows, hashes, strict=True)]
        heads = iter(_heads.decode_lines(b"\n".join([row.body for row, key in zip(rows, keys, strict=True) if key])))
        for row, hash, key in zip(rows, hashes, keys, strict=True):
            head = next(heads) if key else None
            if head is not None and head.key == key and len(row.signatures) <= SIGNATURES_LIMIT:
                yield row, self._sealed(row, hash, head)
                continue
            try:
                yield row, self._strange(row)
            except (Tampered, Misuse) as error:
                yield row, error

    def _sealed(self, row: Row, hash: bytes, head: _Head) -> Ready:
        said = (head.type, head.actor, head.key, head.log, head.subject.system)
        fields = self._plain.get(said) if head.refs == _NONE else None
        if fields is None:
            fields = self._remember(head, said)
        plain = fields is not None
        if fields is None:
            fields = msgspec.json.decode(row.body)
        disclosures = () if row.disclosures == "[]" else read_texts(row.disclosures)
        item = Item(fields, row.body, row.id, hash, head.time)
        return Ready(row, Single(item, (), row.signatures), disclosures, plain)

    def _remember(self, head: _Head, said: tuple[str | None, ...]) -> dict[str, Any] | None:
        """Return what plain statements of one kind have in common; None where this one is not plain."""
        if self._trust.in_rules(head.type) or head.refs != _NONE or head.type in ABOUT_A_SET:
            return None
        fields: dict[str, Any] = {"type": head.type, "actor": head.actor, "key": head.key}
        fields["subject"] = {} if head.subject.system is None else {"system": head.subject.system}
        if head.log is not None:
            fields["log"] = head.log
        self._plain[said] = fields
        return fields

    def _strange(self, row: Row) -> Ready:
        found = waiting(row)
        if found.aside:
            raise Tampered(found.aside, code="spool_item")
        item = item_of(found)
        credential = self._trust.credential(item.fields["key"])
        if credential is not None:
            try:
                verify_signatures(credential, STATEMENT_TYPE, item.body, found.signatures)
            except UnknownScheme as error:
                what = f"keys of {error.scheme} cannot be checked here"
                raise Misuse(what, "a newer release", code="scheme") from None
        item = item._replace(time=item.fields["time"])
        return Ready(row, Single(item, found.signatures), found.disclosures, plain=False)
