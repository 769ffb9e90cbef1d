"""What make.py builds the vectors with. Written from ledger/FORMAT.md; nothing of the package is imported."""
