"""Making a ledger in PostgreSQL: its roles, its schema, and the schema for projections beside it."""

from contextlib import suppress
from typing import Final

import psycopg
import psycopg.sql

from ledger.errors import Misuse
from ledger.stores.postgres_judging import check_server
from ledger.stores.postgres_links import Link, Links
from ledger.stores.postgres_section import HEAD, read_head
from ledger.stores.postgres_texts import named, schema_text

FOUND: Final = "SELECT pg_catalog.obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace WHERE nspname = %s"
_ROLES: Final = ("ledger_writer", "ledger_reader")


def check_free(location: str) -> None:
    """Raise `Misuse` if a ledger is there already; `Unavailable` if the server is not reached."""
    links = Links(location, read_only=False)
    try:
        with links.lend() as link:
            check_server(link, location)
            if link.execute(FOUND, (links.schema,)).fetchone() is not None:
                _check_empty(link, links.schema, location)
    finally:
        links.close()


def _check_empty(link: Link, schema: str, location: str) -> None:
    sql = "SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = %s::pg_catalog.regnamespace AND relkind <> 'i'"
    here = {name for (name,) in link.execute(sql, (schema,))}
    if not here:
        return  # made by an administrator, for its owner to fill
    taken = "head" in here and read_head(link.execute(named(HEAD, schema), binary=True)).size
    if taken or "head" not in here:
        what = "is a ledger already" if taken else f"holds other things: {', '.join(sorted(here)[:3])}"
        raise Misuse(
            f"schema {schema!r} of {location} {what}; nothing was changed",
            "use it, or choose another: ?schema=NAME",
            code="exists",
        )


def make(location: str) -> None:
    """Make the schema of a ledger and its roles, in one transaction; raise `Misuse` if something is there already."""
    check_free(location)
    links = Links(location, read_only=False)
    try:
        with links.lend() as link:
            roles = [named(role, links.schema) for role in _ROLES]
            missing = [role for role in roles if not _has_role(link, role)]
            for role in missing:
                _make_role(link, role, location)
            found = link.execute(FOUND, (links.schema,)).fetchone()
            if found in (None, (None,)):  # else: tables that an interrupted init left empty
                with link.transaction():
                    if found is None:
                        _make_schema(link, links.schema, location)
                    link.execute(named(schema_text(), links.schema))
                _make_workspace(link, links.schema)
    finally:
        links.close()


def _has_role(link: Link, role: str) -> bool:
    return link.execute("SELECT FROM pg_catalog.pg_roles WHERE rolname = %s", (role,)).fetchone() is not None


def _make_role(link: Link, role: str, location: str) -> None:
    try:
        link.execute(psycopg.sql.SQL("CREATE ROLE {} NOLOGIN").format(psycopg.sql.Identifier(role)))
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        pass  # another ledger of this server was made at the same time
    except psycopg.errors.InsufficientPrivilege:
        raise Misuse(
            f"{link.info.user} may not make the role {role} in {location}; nothing was changed",
            f"as an administrator: CREATE ROLE {role}; then again",
            code="roles",
        ) from None


def _make_schema(link: Link, schema: str, location: str) -> None:
    try:
        link.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(schema)))
    except psycopg.errors.InsufficientPrivilege:
        raise Misuse(
            f"{link.info.user} may not make the schema {schema} in {location}; nothing was changed",
            f"as an administrator: CREATE SCHEMA {schema} AUTHORIZATION {link.info.user}; then again",
            code="schema",
        ) from None


def _make_workspace(link: Link, schema: str) -> None:
    """Make the schema for projections, where this user may; a ledger does without."""
    name = f"{schema}_projections"
    with suppress(psycopg.errors.InsufficientPrivilege), link.transaction():
        if link.execute(FOUND, (name,)).fetchone() is None:
            link.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(name)))
        link.execute(named(schema_text("postgres_projections.sql"), schema))
