"""Which ledger is meant: the argument, the environment, or the nearest ledger.toml; and where keys are."""

import os
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from ledger.encoding import is_digest, is_origin
from ledger.errors import Misuse
from ledger.notes.verifier import VerifierKey

FILE: Final = "ledger.toml"
DATABASE: Final = "ledger.db"
_KEYS: Final = ("url", "origin", "key", "genesis", "system", "capture")
CAPTURES: Final = ("git", "lockfile", "python", "ci")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger's database, and what the settings beside it say of it; `source` says where that was read.

    `key` and `genesis` are worth as much as the file they stand in: `verify` uses those of the checkout it runs in,
    never those beside a file that was received.
    """

    path: Path
    source: str
    origin: str = ""
    key: VerifierKey | None = None
    genesis: str = ""
    system: str = ""
    capture: tuple[str, ...] = CAPTURES


def resolve(location: str | os.PathLike[str] | None = None, start: Path | None = None) -> Place:
    """Return the ledger that is meant: `location`, else `LEDGER_URL`, else the nearest settings from `start` upward.

    Raises `Misuse` where there is none, and says how to make one.
    """
    if location is not None:
        return _named(os.fspath(location), "the argument")
    if url := os.environ.get("LEDGER_URL"):
        return _named(url, "LEDGER_URL")
    here = start or Path.cwd()
    for folder in _upward(here):
        found = _read_folder(folder)
        if found is not None:
            return found
    raise Misuse(f"no ledger found from {here} upward", "ledger init, or set LEDGER_URL", code="no_ledger")


def _named(location: str, source: str) -> Place:
    scheme, separator, rest = location.partition("://")
    if separator and scheme != "sqlite":
        raise Misuse(f"{scheme}:// is no store of this release ({source})", "name a SQLite file", code="store")
    path = Path(rest.removeprefix("/") if separator else location)
    if path.is_dir():
        return _read_folder(path) or Place(path=path / DATABASE, source=source)
    if path.name == FILE:
        return _read_folder(path.parent) or Place(path=path, source=source)
    beside = _read_folder(path.parent) if path.exists() else None
    same = beside is not None and beside.path.resolve() == path.resolve()
    return beside if beside is not None and same else Place(path=path, source=source)


def _upward(start: Path) -> list[Path]:
    """The folders from `start` to the top of the repository, the home folder or the root."""
    folders, home = [], Path.home()
    for folder in (start, *start.parents):
        folders.append(folder)
        if folder == home or (folder / ".git").exists():
            break
    return folders


def _read_folder(folder: Path) -> Place | None:
    own = folder / FILE
    if own.is_file():
        return _place(_read_toml(own), own, folder)
    project = folder / "pyproject.toml"
    if project.is_file():
        table = _read_toml(project).get("tool", {}).get("ledger")
        if isinstance(table, dict):
            return _place(table, project, folder)
    return None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Misuse(
            f"{path} cannot be read: {error}", "mend it, or make it anew with ledger init", code="config"
        ) from None


def _place(table: dict[str, Any], path: Path, folder: Path) -> Place:
    for name in table:
        if name not in _KEYS:
            from difflib import get_close_matches

            near = get_close_matches(name, _KEYS, 1)
            hint = f"; nearest {near[0]!r}" if near else ""
            raise Misuse(f"{path}: unknown key {name!r}{hint}", f"known: {', '.join(_KEYS)}", code="config")
    texts = {name: table.get(name, "") for name in ("url", "origin", "key", "genesis", "system")}
    capture = table.get("capture", list(CAPTURES))
    if not all(isinstance(value, str) for value in texts.values()) or not isinstance(capture, list):
        raise Misuse(f"{path}: a value is not text, or capture is no list", "ledger init shows the form", code="config")
    if not set(capture) <= set(CAPTURES):
        raise Misuse(f"{path}: capture may hold {', '.join(CAPTURES)}", "correct it", code="config")
    good = (not texts["origin"] or is_origin(texts["origin"])) and (not texts["genesis"] or is_digest(texts["genesis"]))
    if not good:
        raise Misuse(f"{path}: origin or genesis is malformed", "take them from Git again", code="config")
    return Place(
        path=folder / (texts["url"].removeprefix("sqlite:///") or DATABASE),
        source=str(path),
        origin=texts["origin"],
        key=VerifierKey.parse(texts["key"]) if texts["key"] else None,
        genesis=texts["genesis"],
        system=texts["system"],
        capture=tuple(capture),
    )


def write_config(folder: Path, *, database: str, origin: str, key: str, genesis: str) -> Path:
    """Write ledger.toml; raise `Misuse` where one is there."""
    path = folder / FILE
    text = (
        "# Where this project's ledger is, and what vouches for it. Commit this file: Git then vouches for the key.\n"
        f'url = "{database}"\norigin = "{origin}"\nkey = "{key}"\ngenesis = "{genesis}"\n'
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Misuse(
            f"{path} is there already; nothing was changed", "use it, or init in another folder", code="exists"
        ) from None
    except OSError as error:
        raise Misuse(f"{path} cannot be made: {error.strerror}", "choose another folder", code="config") from None
    return path


# ---- keys ----


def keys_folder() -> Path:
    """Return where this user's private keys are: never in a project's folder."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "ledger/keys"


def key_path(handle: str) -> Path:
    """Return the file of an author's key: `LEDGER_KEY`, or HANDLE.key in the keys' folder."""
    return Path(named) if (named := os.environ.get("LEDGER_KEY")) else keys_folder() / f"{handle}.key"


def log_key_path(origin: str) -> Path:
    """Return the file of a log's key: `LEDGER_LOG_KEY`, or ORIGIN.key with `+` for `/`."""
    if named := os.environ.get("LEDGER_LOG_KEY"):
        return Path(named)
    return keys_folder() / f"{origin.replace('/', '+')}.key"


def passphrase() -> bytes | None:
    """Return the passphrase of key files, from the file that `LEDGER_KEY_PASSPHRASE_FILE` names."""
    named = os.environ.get("LEDGER_KEY_PASSPHRASE_FILE")
    if not named:
        return None
    try:
        return Path(named).read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise Misuse(
            f"{named} cannot be read: {error.strerror}", "LEDGER_KEY_PASSPHRASE_FILE", code="passphrase"
        ) from None
