"""SQLite's errors as ours."""

from pathlib import Path
from typing import NoReturn

import apsw

from ledger.errors import Misuse, Tampered, Unavailable


class faults:  # noqa: N801 - used as a function; every commit passes here, and a generator takes thrice as long
    """Turn SQLite's errors into ours: whose fault, what is true now, what to do."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Enter."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise our error for one of SQLite's."""
        if isinstance(error, apsw.Error):
            _translate(error, self._path)
        if isinstance(error, UnicodeDecodeError):  # SQLite takes any bytes for a text, and hands them on
            raise _damaged(self._path, "a text in it is not UTF-8") from None


def _damaged(path: Path, why: str) -> Tampered:
    fix = "restore a copy, then ledger verify; keep the damaged file"
    return Tampered(f"{path} is damaged: {why}", fix, code="damaged", check=1)


def _translate(error: apsw.Error, path: Path) -> NoReturn:
    match error:
        case apsw.BusyError() | apsw.LockedError():
            raise Unavailable(
                f"{path} is locked by another process; nothing was recorded", "wait, then try again", code="locked"
            ) from None
        case apsw.FullError():
            raise Unavailable(
                f"no space left for {path}; nothing was recorded", "free space, then try again", code="full"
            ) from None
        case apsw.NotADBError():
            raise Misuse(
                f"{path} is no ledger", "name the right file with --ledger or LEDGER_URL", code="not_a_ledger"
            ) from None
        case apsw.CorruptError():
            raise _damaged(path, str(error)) from None
        case apsw.ConstraintError():
            raise Tampered(f"{path} refuses a row: {error}", "ledger verify", code="constraint", check=6) from None
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError() | apsw.AuthError():
            raise Unavailable(
                f"{path} cannot be opened or written: {error}", "check its owner and permissions", code="access"
            ) from None
        case apsw.SQLError():
            raise Tampered(
                f"{path} has not the tables of a ledger: {error}", "restore a copy", code="schema", check=1
            ) from None
        case _:
            raise Unavailable(f"{path} could not be used: {error}", "try again", code="store") from None
