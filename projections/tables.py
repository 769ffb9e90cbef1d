"""Tables as data, and the portable SQL that is made from them.

A table's natural key comes first among its columns; there are no generated numbers, so that two machines make the same
rows. A row belongs to one subject key (engine.py), either because the first `owner` columns are the parts of that key,
or, where `owner` is 0, because it is about one entry: then its key is `seq`, and it belongs to what that entry touches.
"""

from typing import NamedTuple

from projections.database import Dialect


class Table(NamedTuple):
    """`key` and `rest`: (column, kind) pairs, kinds are text, integer, real; `columns`: all names, the key's first."""

    name: str
    key: tuple[tuple[str, str], ...]
    rest: tuple[tuple[str, str], ...]
    owner: int
    indexes: tuple[tuple[str, ...], ...]
    columns: tuple[str, ...]


def table(name: str, key: str, rest: str, *, owner: int = 0, indexes: tuple[str, ...] = ()) -> Table:
    """Return a table from words: `"seq:integer system"`; a column without a kind is text."""
    made = _columns(key) + _columns(rest)
    names = tuple(column for column, _ in made)
    return Table(name, _columns(key), _columns(rest), owner, tuple(tuple(index.split()) for index in indexes), names)


def _columns(words: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, kind or "text") for name, _, kind in (word.partition(":") for word in words.split()))


def create(made: Table, prefix: str, dialect: Dialect) -> list[str]:
    """Return the statements that make a table, without its indexes."""
    kinds = dialect.kinds
    columns = [f"{name} {kinds[kind]} NOT NULL" for name, kind in made.key]
    columns += [f"{name} {kinds[kind]}" for name, kind in made.rest]
    key = ", ".join(name for name, _ in made.key)
    body = ", ".join([*columns, f"PRIMARY KEY ({key})"])
    end = dialect.numbered if [kind for _, kind in made.key] == ["integer"] else dialect.end
    statements = [f"CREATE TABLE {prefix}{made.name} ({body}){end}"]
    if dialect.reader:
        statements.append(f"GRANT SELECT ON {prefix}{made.name} TO {dialect.reader}")
    return statements


def create_indexes(made: Table, prefix: str, build: int) -> list[str]:
    """Return the statements that make a table's indexes where they are not there.

    `build` keeps the names of two builds apart. An index over what is there already costs a tenth of one kept up row by
    row: so they are made when the last entry is folded.
    """
    return [
        f"CREATE INDEX IF NOT EXISTS {made.name}_{number}_{build} ON {prefix}{made.name} ({', '.join(index)})"
        for number, index in enumerate(made.indexes)
    ]


def upsert(made: Table, prefix: str) -> str:
    """Return the statement that writes a row, over the one with the same key if there is one."""
    marks = ", ".join("?" for _ in made.columns)
    sets = ", ".join(f"{name} = excluded.{name}" for name, _ in made.rest)
    key = ", ".join(name for name, _ in made.key)
    then = f"DO UPDATE SET {sets}" if sets else "DO NOTHING"
    return f"INSERT INTO {prefix}{made.name} ({', '.join(made.columns)}) VALUES ({marks}) ON CONFLICT ({key}) {then}"  # noqa: S608


def delete(made: Table, prefix: str) -> str:
    """Return the statement that removes the rows of one subject key, or, where rows are about entries, of one entry."""
    names = [name for name, _ in made.key][: made.owner] or ["seq"]
    return f"DELETE FROM {prefix}{made.name} WHERE " + " AND ".join(f"{name} = ?" for name in names)  # noqa: S608


def in_order(made: Table, prefix: str) -> str:
    """Return the query of all rows in the order of their natural keys (by bytes: SQLite's own, PostgreSQL's "C")."""
    key = ", ".join(name for name, _ in made.key)
    return f"SELECT {', '.join(made.columns)} FROM {prefix}{made.name} ORDER BY {key}"  # noqa: S608
