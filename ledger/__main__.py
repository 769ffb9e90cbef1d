"""`python -m ledger`: the same as the command `ledger`."""

from ledger.cli import main

if __name__ == "__main__":
    main()
