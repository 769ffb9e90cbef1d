"""The completeness audit: rules as a table, and one function each that looks for what a rule is about."""
