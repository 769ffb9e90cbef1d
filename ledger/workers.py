"""What is asked of the workers of a `concurrent.futures` executor, and what their loss means."""

from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from typing import ParamSpec, TypeVar

from ledger.errors import LedgerError, Unavailable

P = ParamSpec("P")
T = TypeVar("T")


def submit(executor: Executor, so_far: str, work: "Callable[P, T]", *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
    """Have a worker do something; raise `Unavailable`, which says what is true then, where the executor is lost."""
    try:
        return executor.submit(work, *args, **kwargs)
    except RuntimeError as error:  # a worker was killed, or it was shut down
        raise _lost(error, so_far) from error


def result_of(future: "Future[T]", so_far: str) -> T:
    """Return what a worker answers; raise what it raised of ours, and `Unavailable` where it was lost."""
    try:
        error = future.exception()
    except CancelledError as cancelled:
        error = cancelled
    if error is None:
        return future.result()
    if isinstance(error, LedgerError):
        raise error
    raise _lost(error, so_far) from error


def _lost(error: BaseException, so_far: str) -> Unavailable:
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return Unavailable(f"a worker of the executor failed ({what}); {so_far}", "try again", code="worker")
