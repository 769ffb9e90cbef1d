"""The command line. Importing this loads nothing: a command loads what it needs when it runs.

commands   which commands there are, and where
frame      one way in and out for all of them: options, errors, exit codes
screen     what a person sees, or one JSON document
layout     rows, columns and words, as text
"""

import sys


def main() -> None:
    """Run the command that the arguments name, and exit with its code (DESIGN: 0 yes, 1 no, 2, 3, 4, 5, 130)."""
    try:
        from ledger.cli.frame import cli

        cli.main(prog_name="ledger")
    except KeyboardInterrupt:
        sys.exit(130)
