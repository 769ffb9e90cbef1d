"""What is found of evidence in a store, against the entries that name it."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from ledger.errors import Misuse
from ledger.evidence import manifest_lines
from ledger.evidence_store.retention import Named
from ledger.evidence_store.store import EvidenceStore

State = Literal["ok", "missing", "changed", "unlocked", "short", "hidden", "unnamed"]


class Checked(NamedTuple):
    """How a piece of evidence stands: `state`, and why in words. `seq` is -1 where no entry names it."""

    digest: str
    seq: int
    name: str
    state: State
    why: str


def check_store(store: EvidenceStore, named: dict[str, Named], *, everything: bool) -> Iterator[Checked]:
    """Yield how each piece of evidence stands that entries name; with `everything`, also what none names.

    Every object is read and digested. The files that a manifest names are evidence as the manifest is.
    """
    wanted = dict(named)
    for digest, one in named.items():
        yield _check(store, one)
        if one.kind == "directory":
            wanted |= {each.digest: each for each in _files_of(store, digest, one) if each.digest not in wanted}
    for digest, one in wanted.items():
        if digest not in named:
            yield _check(store, one)
    if everything:
        for digest in store.digests():
            if digest not in wanted:
                whole = digest_of(store.parts(digest)) == digest
                why = "no entry names it" if whole else "holds other bytes than its name says"
                yield Checked(digest, -1, digest[:12], "unnamed" if whole else "changed", why)


def _files_of(store: EvidenceStore, digest: str, one: Named) -> list[Named]:
    if store.stat(digest) is None:
        return []
    try:
        lines = read_manifest_of(store, digest)
    except Misuse:
        return []
    return [one._replace(digest=each, name=f"{one.name}/{name}", kind="file", size=-1) for each, name in lines]


def read_manifest_of(store: EvidenceStore, digest: str) -> list[tuple[str, str]]:
    """Return digest and relative path of the files of a folder; raise `Misuse` where the object is no manifest."""
    return manifest_lines(digest, b"".join(store.parts(digest)))


def _check(store: EvidenceStore, one: Named) -> Checked:
    found = store.stat(one.digest)
    if found is None:
        return _said(one, "missing", "is not here")
    real = digest_of(store.parts(one.digest))
    if real != one.digest:
        return _said(one, "changed", f"holds sha256:{real[:12]}")
    if found.hidden:
        return _said(one, "hidden", f"is under {found.hidden}")
    if one.until is not None and store.locks:
        if found.locked is None:
            return _said(one, "unlocked", f"can be removed; to be kept until {one.until}")
        if found.locked < one.until and not one.open:
            return _said(one, "short", f"is locked until {found.locked}; to be kept until {one.until}")
    return _said(one, "ok", f"locked until {found.locked}" if found.locked else "whole")


def _said(one: Named, state: State, why: str) -> Checked:
    return Checked(one.digest, one.seq, one.name, state, why)


def digest_of(parts: Iterable[bytes]) -> str:
    """Return the SHA-256 of bytes in parts, in 64 hexadecimal digits."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()
