"""A bar on stderr while something long is done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_WORTH_A_BAR: Final = 5_000  # entries; fewer are done before a bar can be read


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int, int], None] | None]:
    """Give what is to be called with (done, in all); None where stderr is no terminal, or it is soon done."""
    if total < _WORTH_A_BAR or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, in_all: bar.update(task, completed=done, total=in_all)
