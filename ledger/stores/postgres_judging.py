"""Whether what stands in PostgreSQL is a ledger's and nothing else (C1): tables, triggers, grants, no surprises."""

import re
from typing import Any, Final, LiteralString, NamedTuple

import psycopg

from ledger.errors import Misuse, Tampered
from ledger.stores.postgres_links import Link
from ledger.stores.postgres_texts import named, schema_text

_LOOK: Final = "compare the schema with ledger/stores/postgres.sql; restore a copy"
COLUMNS: Final = (
    (
        "anchors",
        "number bigint, kind text, size bigint, event uuid, imprinted bytea, token bytea, proofs bytea",
    ),
    ("authority", "seq bigint"),
    ("checkpoints", "size bigint, note text"),
    ("disclosures", "commitment text, text text"),
    ("entries", "seq bigint, id uuid, bytes text"),
    ("head", "one integer, size bigint, last bytea, peaks bytea, covered bigint, note text"),
    ("tiles", "level integer, tile bigint, hashes bytea"),
)
_LOG: Final = (
    "seq bigint?, recorded text?, type text?, system text?, version text?, actor text?, time text?, data json?"
)
_INDEXES: Final = {
    "anchors_pkey": "anchors (number)",
    "authority_pkey": "authority (seq)",
    "checkpoints_pkey": "checkpoints (size)",
    "disclosures_pkey": "disclosures (commitment)",
    "entries_by_id": "entries (id)",
    "entries_pkey": "entries (seq)",
    "head_pkey": "head (one)",
    "tiles_pkey": "tiles (level, tile)",
}
_REFUSE: Final = (
    "BEGIN RAISE EXCEPTION 'entries are never changed or removed' USING ERRCODE = 'restrict_violation'; END"
)
# Bits of pg_trigger.tgtype: 1 for each row, 2 before, 8 delete, 16 update, 32 truncate. `A`: enabled always.
GUARDS: Final = (("entries_no_change", 27, "A"), ("entries_no_truncate", 34, "A"))
_FORBIDDEN: Final = ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER")

_TABLES: Final = """
SELECT c.relname, c.relkind::text, c.relpersistence::text, c.relrowsecurity, c.relispartition OR c.relhassubclass,
  coalesce((SELECT pg_catalog.string_agg(a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
      || CASE WHEN a.attnotnull THEN '' ELSE '?' END || CASE WHEN a.atthasdef THEN ' by default' ELSE '' END
      || CASE WHEN a.attgenerated <> '' OR a.attidentity <> '' THEN ' made' ELSE '' END, ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '')
FROM pg_catalog.pg_class AS c WHERE c.relnamespace = %s::pg_catalog.regnamespace AND c.relkind NOT IN ('i', 'I')
ORDER BY c.relname COLLATE "C" """
_INDEX: Final = """
SELECT i.relname, t.relname || ' (' || pg_catalog.array_to_string(ARRAY(
    SELECT pg_catalog.pg_get_indexdef(x.indexrelid, n, true) FROM pg_catalog.generate_series(1, x.indnatts) AS n
  ), ', ') || ')', x.indisunique AND x.indisvalid AND x.indpred IS NULL
FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_class AS t ON t.oid = x.indrelid
WHERE t.relnamespace = %s::pg_catalog.regnamespace"""
_OTHERS: Final = """
SELECT 'rule ' || r.rulename FROM pg_catalog.pg_rewrite AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
  WHERE c.relnamespace = %(s)s::pg_catalog.regnamespace AND r.rulename <> '_RETURN'
UNION ALL SELECT 'policy ' || p.polname FROM pg_catalog.pg_policy AS p
  JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
  WHERE c.relnamespace = %(s)s::pg_catalog.regnamespace
UNION ALL SELECT 'parent or child of ' || c.relname FROM pg_catalog.pg_inherits AS h
  JOIN pg_catalog.pg_class AS c ON c.oid IN (h.inhparent, h.inhrelid)
  WHERE c.relnamespace = %(s)s::pg_catalog.regnamespace
UNION ALL SELECT 'function ' || p.proname FROM pg_catalog.pg_proc AS p
  WHERE p.pronamespace = %(s)s::pg_catalog.regnamespace AND p.proname <> 'refuse'
UNION ALL SELECT 'operator ' || o.oprname FROM pg_catalog.pg_operator AS o
  WHERE o.oprnamespace = %(s)s::pg_catalog.regnamespace
UNION ALL SELECT 'type ' || t.typname FROM pg_catalog.pg_type AS t
  WHERE t.typnamespace = %(s)s::pg_catalog.regnamespace AND t.typrelid = 0 AND t.typelem = 0"""
_TRIGGERS: Final = """
SELECT t.tgname, t.tgtype::int, t.tgenabled::text, c.relname, p.proname, n.nspname, p.prosrc,
  t.tgqual IS NULL AND t.tgattr = ''
FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE c.relnamespace = %s::pg_catalog.regnamespace AND NOT t.tgisinternal ORDER BY t.tgname COLLATE "C" """
_GRANTS: Final = """
SELECT CASE WHEN g.grantee = 0 THEN 'everybody' ELSE pg_catalog.pg_get_userbyid(g.grantee)::text END, g.privilege_type
FROM pg_catalog.pg_class AS c, LATERAL (
  SELECT * FROM pg_catalog.aclexplode(c.relacl)
  UNION ALL SELECT x.* FROM pg_catalog.pg_attribute AS a, LATERAL pg_catalog.aclexplode(a.attacl) AS x
    WHERE a.attrelid = c.oid) AS g
WHERE c.relnamespace = %s::pg_catalog.regnamespace AND c.relname = 'entries'
  AND g.grantee <> c.relowner AND g.privilege_type = ANY (%s) ORDER BY 1, 2 LIMIT 1"""
_MAY: Final = ("own", "change", "add", "read")
_RIGHTS: Final = """
SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE'), pg_catalog.has_any_column_privilege(c.oid, 'UPDATE')
  OR pg_catalog.has_table_privilege(c.oid, 'DELETE, TRUNCATE, TRIGGER'),
  pg_catalog.has_table_privilege(c.oid, 'INSERT'), pg_catalog.has_table_privilege(c.oid, 'SELECT')
FROM pg_catalog.pg_class AS c WHERE c.oid = 'ledger.entries'::pg_catalog.regclass"""
_VIEW_TEXT: Final = "SELECT pg_catalog.pg_get_viewdef((%s || '.log')::pg_catalog.regclass)"
_SAME: Final = "SELECT max(seq) FROM ledger.entries GROUP BY id HAVING count(*) > 1 LIMIT 1"


class Server(NamedTuple):
    """A server as it is met: `may` is `own` (drop the guards, too), `change`, `add`, `read` or `nothing`."""

    version: str
    user: str
    may: str


def server(link: Link, schema: str) -> Server:
    """Return which release this is, as whom the connection speaks, and the most that this user may do to entries."""
    row = link.execute(named(_RIGHTS, schema)).fetchone()
    may = next((what for what, has in zip(_MAY, row or (), strict=False) if has), "nothing")
    return Server(str(link.info.parameter_status("server_version")).partition(" ")[0], link.info.user, may)


def check_server(link: Link, place: str) -> None:
    """Raise `Misuse` for a database that does not keep text as UTF-8."""
    encoding = link.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise Misuse(f"{place} keeps text as {encoding}", "CREATE DATABASE ... ENCODING 'UTF8'", code="encoding")


def _all(link: Link, sql: LiteralString, values: Any) -> list[tuple[Any, ...]]:
    return link.execute(sql, values).fetchall()


def check_container(link: Link, schema: str, place: str) -> None:
    """Raise `Tampered` (C1) unless tables, indexes and view are a ledger's, and nothing else is in the schema."""
    tables = [
        (name, kind, kept, hides, split, text)
        for name, kind, kept, hides, split, text in _all(link, _TABLES, (schema,))
    ]
    wanted = [(name, "r", "p", False, False, text) for name, text in COLUMNS] + [("log", "v", "p", False, False, _LOG)]
    wrong = next((f"table {one[0]}" for one in tables if one not in wanted), "")
    wrong = wrong or next((f"no table {one[0]}" for one in wanted if one not in tables), "")
    indexes = {name: text if good else "" for name, text, good in _all(link, _INDEX, (schema,))}
    if not wrong and indexes != _INDEXES:
        wrong = "indexes"
    wrong = wrong or next((other for (other,) in _all(link, _OTHERS, {"s": schema})), "")
    if not wrong and not _is_view(_all(link, _VIEW_TEXT, (schema,))[0][0], schema):
        wrong = "view log"
    if wrong:
        raise Tampered(f"schema {schema!r} of {place} is not a ledger's: {wrong}", _LOOK, code="schema", check=1)


def _is_view(text: str, schema: str) -> bool:
    """Whether a view's text, as any release of PostgreSQL prints it, is that of `log` in postgres.sql."""
    made = named(schema_text(), schema).partition(f"VIEW {schema}.log AS")[2].partition(";")[0]
    return _bare(text.rstrip(";")) == _bare(made)


def _bare(text: str) -> str:
    """Return SQL without what releases print differently: parentheses, prefixes, quotes, casts that change nothing."""
    return re.sub(r"""[\s()"]|::text|\bAS\b|\b[es]\.""", "", text)


def check_guards(link: Link, schema: str, place: str) -> None:
    """Raise `Tampered` (C1) unless the triggers that refuse changes, and no others, are there; and nobody may pass."""
    triggers = _all(link, _TRIGGERS, (schema,))
    wanted = [(*guard, "entries", "refuse", schema, _REFUSE, True) for guard in GUARDS]
    if triggers != wanted:
        raise Tampered(
            f"the triggers of {place} that refuse changes were removed, or others were added",
            _LOOK,
            code="guards",
            check=1,
        )
    for role, right in _all(link, _GRANTS, (schema, list(_FORBIDDEN))):
        raise Tampered(
            f"{role} may {right} {schema}.entries in {place}",
            f"REVOKE {right} ON {schema}.entries FROM {'PUBLIC' if role == 'everybody' else role}",
            code="grants",
            check=1,
        )


def check_ids(link: Link, schema: str) -> None:
    """Raise `Tampered` (C11) unless each id stands once."""
    with link.transaction():
        link.execute("SET LOCAL statement_timeout = 0")  # it looks at all rows
        found: psycopg.Cursor[Any] = link.execute(named(_SAME, schema))
        for (seq,) in found:
            raise Tampered(f"entry {seq} has the id of another", "ledger log", code="same_id", check=11, seq=seq)
