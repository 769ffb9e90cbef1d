"""The spool: a durable outbox for statements whose ledger is away; one file a machine and user."""
