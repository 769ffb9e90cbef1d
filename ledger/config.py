"""Which ledger is meant: the argument, the environment, or the nearest ledger.toml; and where keys are."""

import os
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from ledger.encoding import is_digest, is_origin
from ledger.errors import Misuse
from ledger.notes.verifier import VerifierKey
from ledger.stores.opening import is_url, locate, same_place, split_password
from ledger.stores.there import is_file, is_folder, is_there

FILE: Final = "ledger.toml"
DATABASE: Final = "ledger.db"
_KEYS: Final = ("url", "origin", "key", "genesis", "system", "capture", "mode", "evidence", "tsa", "tsa_roots")
_TEXTS: Final = ("url", "origin", "key", "genesis", "system", "evidence", "tsa", "tsa_roots")
MODES: Final = ("record", "spool", "off")
NOT_ASKED: Final = ("spool", "off")  # in these the ledger itself is left alone
CAPTURES: Final = ("git", "lockfile", "python", "ci")
_COMMAND_SECONDS: Final = 60


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a ledger is, and what the settings beside it say of it; `source` says where that was read.

    `location` is a path or a URL, without a password. `key` and `genesis` are worth as much as the file they stand in:
    `verify` uses those of the checkout it runs in, never those beside a file that was received. `tsa` is the address of
    a time-stamping authority, `tsa_roots` a PEM file of the roots that are trusted for that.
    """

    location: str
    source: str
    origin: str = ""
    key: VerifierKey | None = None
    genesis: str = ""
    system: str = ""
    capture: tuple[str, ...] = CAPTURES
    tsa: str = ""
    tsa_roots: Path | None = None
    mode: str = ""
    evidence: str = ""

    @property
    def path(self) -> Path | None:
        """The file; None where the ledger is in a server."""
        return None if is_url(self.location) else Path(self.location)


def resolve(location: str | os.PathLike[str] | None = None, start: Path | None = None) -> Place:
    """Return the ledger that is meant: `location`, else `LEDGER_URL`, else the nearest settings from `start` upward.

    Raises `Misuse` where there is none, and says how to make one.
    """
    if location is not None:
        return _named(os.fspath(location), "the argument")
    if url := os.environ.get("LEDGER_URL"):
        return _named(url, "LEDGER_URL")
    here = start or Path.cwd()
    found = _nearest(here)
    if found is not None:
        return found
    raise Misuse(f"no ledger found from {here} upward", "ledger init, or set LEDGER_URL", code="no_ledger")


def _named(location: str, source: str) -> Place:
    location = locate(location, source)
    if is_url(location):
        return _described(location, source, _nearest(Path.cwd()))
    path = Path(location)
    if is_folder(path):
        return _read_folder(path) or Place(location=held_by(path), source=source)
    if path.name == FILE:
        return _read_folder(path.parent) or Place(location=str(path), source=source)
    return _described(location, source, _read_folder(path.parent) if is_there(path) else None)


def held_by(path: Path) -> str:
    """Return the location of the ledger that a path holds: a folder's ledger.db, or the published folder itself."""
    folder = is_folder(path)
    published = folder and not is_there(path / DATABASE) and is_file(path / "checkpoint")
    return str(path / DATABASE if folder and not published else path)


def _described(location: str, source: str, settings: Place | None) -> Place:
    """Return a ledger with what settings say of it, if they are of this one."""
    if settings is None or not same_place(settings.location, location):
        return Place(location=location, source=source)
    return msgspec.structs.replace(settings, location=location) if is_url(location) else settings


def _nearest(start: Path) -> Place | None:
    found = next((found for folder in _upward(start) if (found := _read_folder(folder)) is not None), None)
    if found is not None:
        _check_owner(Path(found.source), start)
    return found


def _check_owner(settings: Path, start: Path) -> None:
    """Raise `Misuse` for settings that a stranger may have put into a shared folder above the one that is worked in."""
    owner = settings.stat().st_uid
    if owner not in (os.geteuid(), 0, start.stat().st_uid):
        raise Misuse(
            f"{settings} belongs to another user (uid {owner}) and was not used",
            f"if it is the right one: --ledger {settings}",
            code="owner",
        )


def _upward(start: Path) -> list[Path]:
    """The folders from `start` to the top of the repository, the home folder or the root."""
    folders, home = [], Path.home()
    for folder in (start, *start.parents):
        folders.append(folder)
        if folder == home or is_there(folder / ".git"):
            break
    return folders


def _read_folder(folder: Path) -> Place | None:
    own = folder / FILE
    if is_file(own):
        return _place(_read_toml(own), own, folder)
    project = folder / "pyproject.toml"
    if is_file(project):
        tools = _read_toml(project).get("tool")
        table = tools.get("ledger") if isinstance(tools, dict) else None
        if isinstance(table, dict):
            return _place(table, project, folder)
    return None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
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
    texts = {name: table.get(name, "") for name in _TEXTS}
    capture = table.get("capture", list(CAPTURES))
    if not all(isinstance(value, str) for value in texts.values()) or not isinstance(capture, list):
        raise Misuse(f"{path}: a value is not text, or capture is no list", "ledger init shows the form", code="config")
    if not all(one in CAPTURES for one in capture):
        raise Misuse(f"{path}: capture may hold {', '.join(CAPTURES)}", "correct it", code="config")
    good = (not texts["origin"] or is_origin(texts["origin"])) and (not texts["genesis"] or is_digest(texts["genesis"]))
    if not good:
        raise Misuse(f"{path}: origin or genesis is malformed", "take them from Git again", code="config")
    return Place(
        location=_location(texts["url"], path, folder),
        source=str(path),
        origin=texts["origin"],
        key=VerifierKey.parse(texts["key"]) if texts["key"] else None,
        genesis=texts["genesis"],
        system=texts["system"],
        capture=tuple(capture),
        tsa=texts["tsa"],
        tsa_roots=folder / texts["tsa_roots"] if texts["tsa_roots"] else None,
        evidence=_evidence(texts["evidence"], folder),
        mode=known_mode(table.get("mode", ""), str(path)),
    )


def _location(url: str, path: Path, folder: Path) -> str:
    if is_url(url) and split_password(url)[1] is not None:
        lines = path.read_text("utf-8").splitlines()
        number = next((at for at, line in enumerate(lines, 1) if line.lstrip().startswith("url")), 1)
        raise Misuse(
            f"{path}:{number} holds a password and belongs in Git", "LEDGER_URL, PGPASSWORD or .pgpass", code="password"
        )
    location = locate(url or DATABASE, str(path))
    return location if is_url(location) else str(folder / location)


def _evidence(where: str, folder: Path) -> str:
    return where if "://" in where or not where else str(folder / where)


def chosen_mode(place: Place | None, named: str = "") -> str:
    """Return what `record` is to do: record, spool or off; as `named`, by `LEDGER_MODE`, the settings, or record."""
    named = named or known_mode(os.environ.get("LEDGER_MODE", ""), "LEDGER_MODE")
    return named or (place.mode if place else "") or "record"


def known_mode(value: Any, where: str) -> str:
    """Return a mode as it is, "" for none; raise `Misuse` for what is none, found at `where`."""
    if value != "" and value not in MODES:
        raise Misuse(f"{where}: mode is {value!r}", f"one of {', '.join(MODES)}", code="config")
    return str(value)


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


def key_source(handle: str) -> str:
    """Return where an author's key is: `LEDGER_KEY` (a path, or a source of `keys.sources`), or HANDLE.key."""
    return os.environ.get("LEDGER_KEY") or str(keys_folder() / f"{handle}.key")


def log_key_path(origin: str) -> Path:
    """Return the file of a log's key: `LEDGER_LOG_KEY`, or ORIGIN.key with `+` for `/`."""
    if named := os.environ.get("LEDGER_LOG_KEY"):
        return Path(named)
    return keys_folder() / f"{origin.replace('/', '+')}.key"


def witness_key_path(name: str) -> Path:
    """Return the file of a witness's key, in the keys' folder: witness, and NAME with `+` for `/`."""
    return keys_folder() / "witness" / f"{name.replace('/', '+')}.key"


def state_folder() -> Path:
    """Return where what this user must remember is kept: pins, and what a witness cosigned."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "ledger"


def witness_state_path(name: str) -> Path:
    """Return the file that holds what a witness cosigned."""
    return state_folder() / "witness" / f"{name.replace('/', '+')}.db"


def passphrase() -> bytes | None:
    """Return the passphrase of new key files: from `LEDGER_KEY_PASSPHRASE_FILE` or `_COMMAND`; None: there is none."""
    if named := os.environ.get("LEDGER_KEY_PASSPHRASE_FILE"):
        try:
            return Path(named).read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise Misuse(
                f"{named} cannot be read: {error.strerror}", "LEDGER_KEY_PASSPHRASE_FILE", code="passphrase"
            ) from None
    command = os.environ.get("LEDGER_KEY_PASSPHRASE_COMMAND")
    return _from_command(command) if command else None


def ask_passphrase(where: str) -> bytes:
    """Return the passphrase of the key file `where`: from the settings, else typed on the terminal, never from stdin.

    Raises `Misuse` at once where there is neither, and names the settings.
    """
    secret = passphrase()
    if secret is not None:
        return secret
    if not _has_terminal():
        raise Misuse(
            f"{where} needs a passphrase, and there is no terminal to ask for it",
            "LEDGER_KEY_PASSPHRASE_FILE=FILE, or LEDGER_KEY_PASSPHRASE_COMMAND='...' that prints it",
            code="passphrase",
        )
    from getpass import getpass

    try:
        return getpass(f"Passphrase of {where}: ").encode()
    except EOFError:
        raise Misuse(f"no passphrase was given for {where}", "run it again", code="passphrase") from None


def _has_terminal() -> bool:
    """Whether somebody sits there: a kernel of a notebook may own a terminal that nobody looks at."""
    if not any(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        return False
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _from_command(command: str) -> bytes:
    import shlex
    import subprocess

    what = f"LEDGER_KEY_PASSPHRASE_COMMAND ({command.split(None, 1)[0] if command.strip() else 'empty'})"
    try:
        done = subprocess.run(  # noqa: S603 - the user's own setting, without a shell
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        why = "took too long" if isinstance(error, subprocess.TimeoutExpired) else "cannot be run"
        raise Misuse(f"{what} {why}", "run it by hand: it must print the passphrase", code="passphrase") from None
    if done.returncode or not done.stdout.strip():
        why = f"ended with {done.returncode}" if done.returncode else "printed nothing"
        raise Misuse(f"{what} {why}", "run it by hand: it must print the passphrase", code="passphrase")
    return done.stdout.rstrip(b"\r\n")
