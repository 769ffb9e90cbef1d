"""Where a command's answer goes: aligned text for a person, or one JSON document for a program."""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final, NamedTuple, TextIO

from ledger.errors import LedgerError, Tampered, Unavailable

_STYLES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_FIXES: Final = {
    "misuse": "ledger --help",
    "tampered": "ledger verify says what is wrong and what still holds",
    "conflict": "run it again",
    "unavailable": "run it again",
    "bug": "run it again with --debug, and report what it prints",
}


class Answer(NamedTuple):
    """What a command found: a document for programs, lines for a person, and the exit code."""

    document: dict[str, Any]
    lines: "Callable[[Paint], Iterable[str]]"
    code: int = 0


class Paint:
    """Colour, where the output is a terminal and NO_COLOR is not set."""

    def __init__(self, *, on: bool) -> None:
        self.on = on

    @classmethod
    def of(cls, stream: TextIO) -> "Paint":
        """Colour for `stream`."""
        return cls(on=stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")

    def __call__(self, style: str, text: str) -> str:
        """Return `text` in a style of the table above."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.on else text


def show(answer: Answer, *, as_json: bool) -> int:
    """Print an answer; return its exit code, whether or not the reader stayed to the end."""
    try:
        if as_json:
            print(document_text(answer.document))
        else:
            for line in answer.lines(Paint.of(sys.stdout)):
                print(line)
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
    return answer.code


def document_text(document: Any) -> str:
    """Return a document in one line of ASCII: it stays JSON whatever the stream's encoding is."""
    import json

    return json.dumps(document, allow_nan=False, separators=(",", ":"))


def hush() -> None:
    """Let nothing more be written to stdout: whoever read it (`head`) has seen enough."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


def complain(error: LedgerError, *, as_json: bool) -> int:
    """Print an error: two lines on stderr, or a document on stdout; return its exit code."""
    try:
        if as_json:
            print(document_text(error_document(error)), flush=True)
        else:
            _two_lines(error)
    except OSError as broken:
        hush()
        if as_json and not isinstance(broken, BrokenPipeError):  # stdout takes nothing: the disk is full
            with suppress(OSError):
                _two_lines(error)
    return error.exit_code


def _two_lines(error: LedgerError) -> None:
    paint = Paint.of(sys.stderr)
    print(f"{paint('red', 'error:')} {_line(error.message)}", file=sys.stderr)
    kept = f"; kept: ledger record --draft {error.draft}" if error.draft else ""
    print(f"  fix: {_line(_fix(error))}{kept}", file=sys.stderr)


def error_document(error: LedgerError) -> dict[str, Any]:
    """Return the document `ledger.error/1`."""
    said: dict[str, Any] = {
        "kind": error.kind,
        "code": error.code,
        "message": error.message,
        "where": error.where,
        "fix": _fix(error),
        "recorded": "unknown" if isinstance(error, Unavailable) and error.outcome == "unknown" else "no",
    }
    if error.draft:
        said["draft"] = error.draft
    if isinstance(error, Tampered) and error.seq >= 0:
        said["seq"] = error.seq
    return {"schema": "ledger.error/1", "error": {name: value for name, value in said.items() if value != ""}}


def _fix(error: LedgerError) -> str:
    return error.fix or _FIXES.get(error.kind, _FIXES["bug"])


def _line(text: str) -> str:
    from ledger.cli.layout import clean

    return clean(" ".join(text.split("\n")))
