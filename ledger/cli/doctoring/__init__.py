"""The checks of `ledger doctor`: one function each, gathered in one table."""
