"""Rows of the spool as what a log places: judged by their seal, or by form, disclosures and the author's signature."""

import hmac
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import repeat
from typing import Any, NamedTuple

import msgspec

from ledger.encoding import SIGNATURES_LIMIT, STATEMENT_TYPE
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.keys.credential import UnknownScheme, verify_signatures
from ledger.placing import ABOUT_A_SET, Item, Request, Single, as_item, as_single
from ledger.spool.item import Row, item_of, read_texts, sealed_by, seals_of, waiting
from ledger.statement import statement_hash
from ledger.trust import Trust


class Ready(NamedTuple):
    """A row that is as its author wrote it."""

    row: Row
    single: Single
    disclosures: tuple[str, ...]

    @property
    def item(self) -> Item:
        """The statement."""
        return self.single.item


class Whole(NamedTuple):
    """Rows that one key sealed, as one request: of none of them is more to be judged than type, actor and system."""

    request: Request
    key: str
    actors: frozenset[str]
    newest: str  # of their times


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


_Kind = tuple[str, str, str, str | None, str | None]
"""Type, actor, key, log and system of a statement."""
_heads = msgspec.json.Decoder(_Head)


class Reading:
    """Reads rows for one log. `secrets` are those of this user's keys, by credential."""

    def __init__(self, trust: Trust, secrets: dict[str, bytes]) -> None:
        self._trust, self._secrets = trust, secrets
        self._kinds: dict[_Kind, dict[str, Any] | None] = {}

    def whole(self, rows: Sequence[Row]) -> Whole | None:
        """Return rows as one request, for the least work; None where one of them has to be looked at by itself."""
        _, ids, genesis, named, origins, bodies, signatures, disclosures, *_, seals = zip(*rows, strict=True)
        hashes = [sha256(b"\x00" + body).digest() for body in bodies]
        key = sealed_by(rows[0], hashes[0], self._secrets)
        if not key or max(map(len, signatures)) > SIGNATURES_LIMIT:
            return None
        targets = zip(genesis, named, origins, strict=True)
        made = seals_of(self._secrets[key], zip(ids, targets, hashes, signatures, disclosures, strict=True))
        if not hmac.compare_digest(b"".join(made), b"".join(seals)):
            return None
        heads = list(map(_heads.decode, bodies))
        kinds = [(one.type, one.actor, one.key, one.log, one.subject.system) for one in heads if one.refs is _NONE]
        shared = {kind: self._shared(kind) for kind in set(kinds)}
        if len(kinds) < len(rows) or None in shared.values() or {key} != {kind[2] for kind in shared}:
            return None
        times = [one.time for one in heads]
        items = map(as_item, zip(map(shared.get, kinds), bodies, ids, hashes, times, strict=True))
        singles: list[Any] = list(map(as_single, zip(items, repeat(()), signatures)))
        opened = tuple([text for texts in disclosures if texts != "[]" for text in read_texts(texts)])
        return Whole(Request(singles, None, opened, True), key, frozenset(kind[1] for kind in shared), max(times))

    def _shared(self, kind: _Kind) -> dict[str, Any] | None:
        """Return what plain statements of one kind have in common; None where those of this one are not plain."""
        if kind not in self._kinds:
            self._kinds[kind] = self._make_shared(*kind)
        return self._kinds[kind]

    def _make_shared(
        self, type: str, actor: str, key: str, log: str | None, system: str | None
    ) -> dict[str, Any] | None:
        if self._trust.in_rules(type) or type in ABOUT_A_SET:
            return None
        subject = {} if system is None else {"system": system}
        named = {} if log is None else {"log": log}
        return {"type": type, "actor": actor, "key": key, "subject": subject, **named}

    def each(self, rows: Sequence[Row]) -> Iterator[tuple[Row, Ready | LedgerError]]:
        """Yield each row with what is to be placed, or with why it is not whole.

        The signature of a statement whose key the log does not know is left: it is not placed.
        """
        for row in rows:
            try:
                yield row, self._sealed(row) or self._strange(row)
            except (Tampered, Misuse) as error:
                yield row, error

    def _sealed(self, row: Row) -> Ready | None:
        hash = statement_hash(row.body)
        key = sealed_by(row, hash, self._secrets)
        fields = msgspec.json.decode(row.body) if key else {}
        if not key or fields["key"] != key or len(row.signatures) > SIGNATURES_LIMIT:
            return None
        item = Item(fields, row.body, row.id, hash, fields["time"])
        return Ready(row, Single(item, (), row.signatures), read_texts(row.disclosures))

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
        return Ready(row, Single(item, found.signatures), found.disclosures)
