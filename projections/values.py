"""Reading what others wrote: a fold must not stop at a field of another shape than the vocabulary says.

An entry is for ever. If one number that is text could stop a projection, whoever may record could switch the registry
off. So each function here answers with the value, or with nothing, and never raises.
"""

import hashlib
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from ledger import encoding
from ledger.revisions import NEWEST
from ledger.statement import Statement

_encoder: Final = msgspec.json.Encoder(order="sorted")
_decoder: Final = msgspec.json.Decoder()
_NOTHING: Final[dict[str, Any]] = {}


def text(value: object) -> str | None:
    """The value if it is text, else None."""
    return value if type(value) is str else None


def whole(value: object) -> int | None:
    """The value if it is an integer, else None."""
    return value if type(value) is int else None


def number(value: object) -> float | None:
    """The value if it is a number, else None."""
    return float(value) if type(value) is float or type(value) is int else None


def mapping(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if type(value) is dict else _NOTHING


def items(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if type(value) is list else []


def texts(value: object) -> list[str]:
    """The texts in the value, if it is a list."""
    return [item for item in items(value) if type(item) is str]


def packed(value: Any) -> str | None:
    """JSON text, keys sorted, for a list or map that says something; None for what is absent or empty."""
    return _encoder.encode(value).decode() if value else None


def unpacked(value: str | None, empty: Any) -> Any:
    """What `packed` made text of; `empty` where there was nothing."""
    return empty if value is None else _decoder.decode(value)


def named(digest: object) -> str | None:
    """A digest as `sha256:` and 64 hex digits, given so, bare, or as `set:`; None for all else."""
    if type(digest) is not str:
        return None
    bare = digest.rpartition(":")[2]
    return f"sha256:{bare}" if encoding.is_digest(bare) and digest in (bare, f"sha256:{bare}", f"set:{bare}") else None


def in_newest_form(said: Statement) -> Statement:
    """The statement with its data as the newest rev of its type says it; old entries are never rewritten."""
    if said.rev >= NEWEST.get(said.type, 1):
        return said
    from ledger.events import upcast  # the whole vocabulary: not needed where nothing is old

    return replace(said, data=upcast(said.type, said.rev, said.data))


def ids(statement: Statement, relation: str) -> list[str]:
    """The ids of the statements that `statement` refers to under `relation`."""
    refs = statement.refs.get(relation)
    return [ref.id for ref in refs] if refs else []


def set_of(artifacts: dict[str, str]) -> str:
    """The set digest of an `artifacts` object (FORMAT.md section 3), as `sha256:` and 64 hex digits."""
    return _set_of(tuple(artifacts.items()))


@lru_cache(maxsize=16_384)
def _set_of(pairs: tuple[tuple[str, str], ...]) -> str:
    return "sha256:" + hashlib.sha256(encoding.encode(dict(pairs))).hexdigest()


_TIERS: Final = {
    "development": "development",
    "dev": "development",
    "test": "test",
    "staging": "staging",
    "stage": "staging",
    "production": "production",
    "prod": "production",
}


def tier_of(environment: str) -> str:
    """The tier that an environment's name says: the name itself or what stands before its first hyphen; "" if none."""
    return _TIERS.get(environment) or _TIERS.get(environment.partition("-")[0], "")
