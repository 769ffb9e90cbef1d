"""What a process must know of the files that it has open: when it forks, and when others stand in their place."""

import os
import threading
import weakref
from pathlib import Path
from typing import Final, Protocol


class Forking(Protocol):
    """A store that must be at rest while its process forks."""

    def before_fork(self) -> None:
        """Wait for calls under way, hold off new ones, and close what is open."""

    def after_in_parent(self) -> None:
        """Let calls go on."""

    def after_in_child(self) -> None:
        """Begin anew: no other thread is here."""


_stores: Final[weakref.WeakSet[Forking]] = weakref.WeakSet()
_register: Final = threading.Lock()
_forking: Final[list[Forking]] = []


def watch(store: Forking) -> None:
    """Have a store told of forks, as long as it lives."""
    with _register:
        _stores.add(store)


def _before() -> None:
    _register.acquire()
    _forking.extend(_stores)
    for store in _forking:
        store.before_fork()


def _after_in_parent() -> None:
    for store in reversed(_forking):
        store.after_in_parent()
    _forking.clear()
    _register.release()


def _after_in_child() -> None:
    for store in _forking:
        store.after_in_child()
    _forking.clear()
    _register.release()


os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)

Files = tuple[tuple[int, int] | None, ...]
"""Device and inode of some files; None where there is none."""


def files_at(*paths: Path) -> Files:
    """Return which files are at these paths now."""
    return tuple(map(_file_at, paths))


def _file_at(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - asked before every commit: half of what Path.stat takes
    except OSError:
        return None
    return found.st_dev, found.st_ino
