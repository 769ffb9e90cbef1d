"""The audit ledger for machine-learning models."""
