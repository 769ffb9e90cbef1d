-- A ledger in one SQLite file. `entries` is the truth; every other table but `checkpoints`,
-- `anchors` and `disclosures` can be recomputed.
-- Format 1 of FORMAT.md. The text of this schema is compared when a ledger is verified (C1): change it only with user_version.

CREATE TABLE entries (
  seq   INTEGER PRIMARY KEY,   -- 0, 1, 2, ... without a hole
  id    BLOB NOT NULL,         -- the 16 bytes of the statement's id
  bytes TEXT NOT NULL          -- the entry: what was hashed, chained and signed
) STRICT;
CREATE UNIQUE INDEX entries_by_id ON entries (id);
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END;

CREATE TABLE head (             -- where the log stands: one row, rewritten with every commit
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  size    INTEGER NOT NULL,    -- entries
  last    BLOB NOT NULL,       -- leaf hash of the newest entry
  peaks   BLOB NOT NULL,       -- roots of the complete subtrees, largest first
  covered INTEGER NOT NULL,    -- size of the newest checkpoint
  note    TEXT NOT NULL        -- that checkpoint, a C2SP signed note
) STRICT;

CREATE TABLE tiles (            -- c2sp.org/tlog-tiles: 256 hashes of 32 bytes; level 0 only when full
  level  INTEGER NOT NULL,
  tile   INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY (level, tile)
) STRICT;

CREATE TABLE authority (        -- entries that change who may say what
  seq INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE checkpoints (      -- kept besides the newest: pinned, exported, witnessed ones
  size INTEGER PRIMARY KEY,
  note TEXT NOT NULL
) STRICT;

CREATE TABLE anchors (          -- RFC 3161 time-stamps, each with the exact bytes it speaks of
  number    INTEGER PRIMARY KEY,  -- 1, 2, ...
  kind      TEXT NOT NULL,     -- checkpoint, rehash
  size      INTEGER NOT NULL,  -- the entries that are stamped
  event     BLOB NOT NULL,     -- the 16 bytes of the id of the statement that records it
  imprinted BLOB NOT NULL,     -- what was hashed; witnesses' later lines do not come into it
  token     BLOB NOT NULL,     -- DER
  proofs    BLOB NOT NULL      -- certificates and revocation lists, PEM
) STRICT;

CREATE TABLE disclosures (      -- values of sealed fields; may be erased, the entries stand
  commitment TEXT PRIMARY KEY,
  text       TEXT NOT NULL
) STRICT;

CREATE VIEW log AS
  SELECT seq,
         json_extract(bytes, '$.recorded')        AS recorded,
         json_extract(bytes, '$.statement.type')  AS type,
         json_extract(bytes, '$.statement.subject.system')  AS system,
         json_extract(bytes, '$.statement.subject.version') AS version,
         json_extract(bytes, '$.statement.actor') AS actor,
         json_extract(bytes, '$.statement.time')  AS time,
         json_extract(bytes, '$.statement.data')  AS data
  FROM entries;
