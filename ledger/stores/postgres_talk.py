"""Statements that one message carries, through libpq: what every commit waits for.

psycopg looks at each value and each column anew, which takes longer than the server does. What is said here is a few
statements whose types are known: integers, ids, texts and bytes, in binary both ways. A session of our own keeps them
prepared. All of a message is one pipeline: after an error nothing more of it is done.
"""

import struct
from collections.abc import Generator, Sequence
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

from ledger.stores.postgres_links import Id, Link, Text

Rows = list[tuple[Any, ...]]
_OIDS: Final = {int: 20, bytes: 17, Id: 2950, Text: 25}
_ARRAYS: Final = {int: 1016, bytes: 1001, Id: 2951, Text: 1009}
_ARRAY: Final = struct.Struct(">iiIii")
_LENGTH: Final = struct.Struct(">i")
_INTEGERS: Final = frozenset((20, 21, 23))
_REFUSED: Final = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


class Many(NamedTuple):
    """Values of one kind, as an array."""

    kind: type
    values: Sequence[Any]


class Asked(NamedTuple):
    """A statement with $1, $2, ... and their values: int (a bigint), Id, Text, bytes, or Many of one of these."""

    sql: str
    values: tuple[Any, ...] = ()


def talk(link: Link, *asked: Asked) -> list[Rows]:
    """Send statements in one message; return the rows of each. Raises what psycopg would raise."""
    pg = link.pgconn
    pg.enter_pipeline_mode()
    try:
        fresh = [_send(link, pg, one) for one in asked]
        pg.pipeline_sync()
        results = link.wait(_gather(pg))
    except BaseException:
        if not link.broken:  # else it is gone already, and whoever lent it is to see that
            link.close()  # interrupted in the middle of a message: nobody can go on from here
        raise
    pg.exit_pipeline_mode()
    for result in results:
        if result.status in _REFUSED:
            for one in asked:
                link.prepared.pop(one.sql, None)
            raise psycopg.errors.error_from_result(result)
    answers = iter(results)
    rows = []
    for made in fresh:
        if made:
            next(answers)
        rows.append(_rows(next(answers)))
    return rows


def _send(link: Link, pg: PGconn, one: Asked) -> bool:
    """Send a statement; return whether it was made ready first, which is answered by itself."""
    values = [_binary(value) for value in one.values]
    formats = [1] * len(values)
    if not link.direct:
        pg.send_query_params(one.sql.encode(), values, _types(one), formats, 1)
        return False
    name = link.prepared.get(one.sql)
    fresh = name is None
    if name is None:
        name = link.prepared[one.sql] = b"ledger_%d" % next(link.numbers)
        pg.send_prepare(name, one.sql.encode(), _types(one))
    pg.send_query_prepared(name, values, formats, 1)
    return fresh


def _types(one: Asked) -> list[int]:
    return [_ARRAYS[value.kind] if type(value) is Many else _OIDS[type(value)] for value in one.values]


def _binary(value: Any) -> bytes:
    if type(value) is int:
        return value.to_bytes(8, "big", signed=True)
    return _array(value) if type(value) is Many else value


def _array(many: Many) -> bytes:
    """Return the server's binary form: dimensions, no nulls, the kind; count, first index; length and bytes of each."""
    parts = [_ARRAY.pack(1, 0, _OIDS[many.kind], len(many.values), 1)]
    for one in map(_binary, many.values):
        parts += _LENGTH.pack(len(one)), one
    return b"".join(parts)


def _gather(pg: PGconn) -> Generator[Wait, Ready | int, list[PGresult]]:
    """Yield what is waited for; return the results of a message."""
    while pg.flush():
        if (yield Wait.RW) & Ready.R:
            pg.consume_input()
    found: list[PGresult] = []
    while True:
        while pg.is_busy():
            if (yield Wait.R):
                pg.consume_input()
        result = pg.get_result()
        if result is None:
            if pg.status != psycopg.pq.ConnStatus.OK:
                raise psycopg.OperationalError(psycopg.pq.error_message(pg))
        elif result.status == ExecStatus.PIPELINE_SYNC:
            return found
        else:
            found.append(result)


def _rows(result: PGresult) -> Rows:
    if not result.ntuples:
        return []
    columns = range(result.nfields)
    whole = [result.ftype(column) in _INTEGERS for column in columns]
    return [tuple(_value(result.get_value(row, at), whole[at]) for at in columns) for row in range(result.ntuples)]


def _value(data: bytes | None, whole: bool) -> Any:
    return int.from_bytes(data, "big", signed=True) if whole and data is not None else data
