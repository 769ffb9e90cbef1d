"""The texts that are sent to PostgreSQL, for a ledger in a schema of any name."""

import re
from functools import cache
from importlib.resources import files
from typing import Final, LiteralString

from ledger.stores.opening import SCHEMA

_NAME: Final = re.compile(r"(?<!-)\bledger(?=[._]|\b)")  # the schema's name, alone and at the beginning of others


@cache
def named(sql: str, schema: str) -> LiteralString:
    """Return a statement, or the text of the schema, for a ledger in `schema`."""
    return sql if schema == SCHEMA else _NAME.sub(schema, sql)


@cache
def schema_text(name: str = "postgres.sql") -> str:
    """Return what makes the schema, or (postgres_projections.sql) the one beside it."""
    return files("ledger.stores").joinpath(name).read_text("utf-8")
