-- A ledger in one schema of PostgreSQL 14 or later. `entries` is the truth; every other table but `checkpoints`,
-- `anchors` and `disclosures` can be recomputed. Format 1 of FORMAT.md. What is made here is compared when a ledger is verified (C1,
-- in postgres_judging.py): change both together. In a URL, `?schema=NAME` puts NAME in the place of `ledger` below.
--
-- Run by `ledger init postgresql://OWNER@HOST/DATABASE` in one transaction, as the owner of all of it, after these two
-- roles and the schema, each where it is not there yet. An administrator may make them first:
--   CREATE ROLE ledger_writer; CREATE ROLE ledger_reader; CREATE SCHEMA ledger AUTHORIZATION owner;
-- and CREATE SCHEMA ledger_projections AUTHORIZATION owner, for postgres_projections.sql.

COMMENT ON SCHEMA ledger IS 'lifecycle-ledger format 1';

CREATE TABLE ledger.entries (
  seq   bigint PRIMARY KEY,          -- 0, 1, 2, ... without a hole
  id    uuid NOT NULL,               -- the statement's id
  bytes text COLLATE "C" NOT NULL    -- the entry: what was hashed, chained and signed
);
CREATE UNIQUE INDEX entries_by_id ON ledger.entries (id);

CREATE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$BEGIN RAISE EXCEPTION 'entries are never changed or removed' USING ERRCODE = 'restrict_violation'; END$$;
CREATE TRIGGER entries_no_change BEFORE UPDATE OR DELETE ON ledger.entries
  FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER entries_no_truncate BEFORE TRUNCATE ON ledger.entries
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
-- ALWAYS: a session that calls itself a replica is refused, too.
ALTER TABLE ledger.entries ENABLE ALWAYS TRIGGER entries_no_change;
ALTER TABLE ledger.entries ENABLE ALWAYS TRIGGER entries_no_truncate;

CREATE TABLE ledger.head (           -- where the log stands: one row, rewritten with every commit
  one     integer PRIMARY KEY CHECK (one = 1),
  size    bigint NOT NULL,           -- entries
  last    bytea NOT NULL,            -- leaf hash of the newest entry
  peaks   bytea NOT NULL,            -- roots of the complete subtrees, largest first
  covered bigint NOT NULL,           -- size of the newest checkpoint
  note    text NOT NULL              -- that checkpoint, a C2SP signed note
) WITH (fillfactor = 10);            -- room on its page for the versions that a vacuum has not removed yet
INSERT INTO ledger.head VALUES (1, 0, '', '', 0, '');

CREATE TABLE ledger.tiles (          -- c2sp.org/tlog-tiles: 256 hashes of 32 bytes; level 0 only when full
  level  integer NOT NULL,
  tile   bigint NOT NULL,
  hashes bytea NOT NULL,
  PRIMARY KEY (level, tile)
);

CREATE TABLE ledger.authority (      -- entries that change who may say what
  seq bigint PRIMARY KEY
);

CREATE TABLE ledger.checkpoints (    -- kept besides the newest: pinned, exported, witnessed ones
  size bigint PRIMARY KEY,
  note text NOT NULL
);

CREATE TABLE ledger.anchors (        -- RFC 3161 time-stamps, each with the exact bytes it speaks of
  number    bigint PRIMARY KEY,      -- 1, 2, ...
  kind      text NOT NULL,           -- checkpoint, rehash
  size      bigint NOT NULL,         -- the entries that are stamped
  event     uuid NOT NULL,           -- the id of the statement that records it
  imprinted bytea NOT NULL,          -- what was hashed; witnesses' later lines do not come into it
  token     bytea NOT NULL,          -- DER
  proofs    bytea NOT NULL           -- certificates and revocation lists, PEM
);

CREATE TABLE ledger.disclosures (    -- values of sealed fields; may be erased, the entries stand
  commitment text COLLATE "C" PRIMARY KEY,
  text       text NOT NULL
);

CREATE VIEW ledger.log AS
  SELECT seq,
         said ->> 'recorded'                            AS recorded,
         said -> 'statement' ->> 'type'                 AS type,
         said -> 'statement' -> 'subject' ->> 'system'  AS system,
         said -> 'statement' -> 'subject' ->> 'version' AS version,
         said -> 'statement' ->> 'actor'                AS actor,
         said -> 'statement' ->> 'time'                 AS time,
         said -> 'statement' -> 'data'                  AS data
  FROM (SELECT e.seq, e.bytes::json AS said FROM ledger.entries AS e) AS s;

-- Who may do what. The owner made all this, mends and erases. A writer adds, and moves the head; what it can reach of
-- `entries` are SELECT and INSERT. A reader reads. Give people and services these roles: GRANT ledger_writer TO trainer.
REVOKE ALL ON SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO ledger_writer, ledger_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO ledger_writer, ledger_reader;
GRANT INSERT ON ledger.entries, ledger.tiles, ledger.authority TO ledger_writer;
GRANT INSERT ON ledger.checkpoints, ledger.anchors, ledger.disclosures TO ledger_writer;
GRANT UPDATE (size, last, peaks, covered, note) ON ledger.head TO ledger_writer;
GRANT UPDATE (hashes) ON ledger.tiles TO ledger_writer;
GRANT UPDATE (note) ON ledger.checkpoints TO ledger_writer;
