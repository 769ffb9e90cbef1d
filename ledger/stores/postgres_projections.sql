-- Where projections of a ledger keep their rows: a schema beside the ledger's, in which writers may make tables and
-- readers read them. Nothing here is evidence: it is computed from the entries, and can be dropped at any time.
-- Run after postgres.sql, in a transaction of its own, when the schema is there or can be made:
--   CREATE SCHEMA ledger_projections AUTHORIZATION owner;
-- Where it cannot, projections lie in a SQLite file of whoever asks.

GRANT USAGE, CREATE ON SCHEMA ledger_projections TO ledger_writer;
GRANT USAGE ON SCHEMA ledger_projections TO ledger_reader;
-- Tables belong to the role, whichever writer made them; so the owner of the ledger must be one of them.
GRANT ledger_writer TO CURRENT_USER;
