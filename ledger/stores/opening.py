"""Which store a location means: a path, or a URL whose scheme is a row of a table.

A location is kept, shown and handed on without a password. One that came in a URL is remembered here, for this
process; other processes find it in `LEDGER_URL`, or where libpq looks: PGPASSWORD, .pgpass.
"""

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple, Protocol, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ledger.errors import Misuse
from ledger.store import Store
from ledger.stores.there import is_file, is_folder


class Kind(NamedTuple):
    """A kind of store: the module that opens it, the extra that this needs, what may follow the `?` of its URL."""

    home: str
    extra: str = ""
    options: frozenset[str] = frozenset()


class Home(Protocol):
    """What the module of a kind offers."""

    def check_free(self, location: str) -> None:
        """Raise `Misuse` where a ledger cannot be made, before anything is made."""

    def create(self, location: str) -> Store:
        """Make the tables or files of a ledger that has no entries yet, and open it."""

    def open_store(self, location: str, *, read_only: bool = False) -> Store:
        """Open a ledger; raise `Misuse` where there is none, `Unavailable` where it cannot be reached."""


# Nothing that names a file of secrets, a service or settings of a session: a planted URL must stay harmless.
_POSTGRESQL: Final = Kind(
    "ledger.stores.postgres",
    "postgres",
    frozenset({"channel_binding", "connect_timeout", "gssencmode", "host", "port", "schema"})
    | {"sslcert", "sslmode", "sslrootcert", "target_session_attrs"},
)
KINDS: Final[dict[str, Kind]] = {
    "sqlite": Kind("ledger.stores.sqlite"),
    "postgresql": _POSTGRESQL,
    "postgresql+psycopg": _POSTGRESQL,
    "http": Kind("ledger.stores.static"),
    "https": Kind("ledger.stores.static"),
}


def _begins_as_zip(path: Path) -> bool:
    if not is_file(path):  # a pipe would be waited for
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\3\4"
    except OSError:
        return False


# What a path holds, asked in this order; where none of them says yes, it is a SQLite file, or none.
PATHS: Final[tuple[tuple[Kind, Callable[[Path], bool]], ...]] = (
    (Kind("ledger.stores.static"), is_folder),
    (Kind("ledger.bundle.store"), _begins_as_zip),
)
_FILE: Final = Kind("ledger.stores.sqlite")

SCHEMA: Final = "ledger"  # in a server, if its URL names no other
_passwords: Final[dict[str, str]] = {}


def is_url(location: str) -> bool:
    """Whether a location is a URL: else it is a path."""
    return "://" in location


def locate(given: str, source: str) -> str:
    """Return a location in the form in which it is kept: a path, or a URL without its password, which is remembered.

    Raises `Misuse` for schemes and options that no store here has; `source` says where it was read.
    """
    if given.lower().startswith("file:"):
        raise Misuse(f"file: is no location of a ledger ({source})", "name the file by its path", code="store")
    if not is_url(given):
        return given
    scheme, _, rest = given.partition("://")
    scheme = scheme.lower()
    kind = KINDS.get(scheme)
    if kind is None:
        known = ", ".join(f"{name}://" for name in KINDS)
        raise Misuse(f"{scheme}:// is no store of this release ({source})", f"a path, or {known}", code="store")
    _check_options(scheme, kind, rest, source)
    if scheme == "sqlite":
        return rest.removeprefix("/")
    bare, password = _split(f"{scheme.partition('+')[0]}://{rest}", source)
    if password is not None:
        _passwords[bare] = password
    return bare


def _split(url: str, source: str) -> tuple[str, str | None]:
    try:
        return split_password(url)
    except ValueError as error:
        raise Misuse(f"a URL that cannot be read: {error} ({source})", "scheme://host/path", code="store") from None


def _check_options(scheme: str, kind: Kind, rest: str, source: str) -> None:
    for name, _ in parse_qsl(rest.partition("?")[2], keep_blank_values=True):
        if name not in kind.options:
            allowed = f"allowed: {', '.join(sorted(kind.options))}" if kind.options else "leave it out"
            raise Misuse(f"{name}= may not stand in a {scheme}:// URL ({source})", allowed, code="store")


def write_url(parts: SplitResult) -> str:
    """Return the URL of its parts; its two slashes also where no host is named (a Unix socket, libpq's default)."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def split_password(url: str) -> tuple[str, str | None]:
    """Return a URL without its password, and that password, if it has one."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    if not colon:
        return url, None
    return write_url(parts._replace(netloc=f"{name}{at}{host}")), unquote(password)


def without_user(url: str) -> str:
    """Return a URL without who connects: as it may stand in Git, for everybody."""
    parts = urlsplit(url)
    return write_url(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Roles(NamedTuple):
    """The schema of a ledger in a server, and the roles of those who write and read there."""

    schema: str
    writer: str
    reader: str


def server_roles(url: str) -> Roles:
    """Return what a ledger at a URL is called in its database."""
    schema = dict(parse_qsl(urlsplit(url).query)).get("schema", SCHEMA)
    return Roles(schema, f"{schema}_writer", f"{schema}_reader")


def password_of(location: str) -> str | None:
    """Return the password that came with a location, here or in `LEDGER_URL`; None where libpq is to find one."""
    if location in _passwords:
        return _passwords[location]
    given = os.environ.get("LEDGER_URL", "")
    if is_url(given) and given.partition("://")[0].lower() in KINDS and locate(given, "LEDGER_URL") == location:
        return _passwords.get(location)
    return None


def same_place(one: str, other: str) -> bool:
    """Whether two locations are of one ledger, whoever connects to it: users and options of a URL do not count."""
    if is_url(one) and is_url(other):
        return _address(one) == _address(other)
    return not is_url(one) and not is_url(other) and Path(one).resolve() == Path(other).resolve()


def _address(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = parts.netloc.rpartition("@")[2] or options.get("host", "")
    return parts.scheme, host.removesuffix(":5432"), parts.path, options.get("schema", SCHEMA)


def _home(location: str) -> Home:
    kind = KINDS[location.partition("://")[0]] if is_url(location) else _kind_at(Path(location))
    try:
        return cast("Home", import_module(kind.home))
    except ModuleNotFoundError:
        if not kind.extra:
            raise
        fix = f"pip install 'lifecycle-ledger[{kind.extra}]'"
        raise Misuse(f"{location.partition('://')[0]}:// needs an extra", fix, code="extra") from None


def _kind_at(path: Path) -> Kind:
    return next((kind for kind, holds in PATHS if holds(path)), _FILE)


def check_free(location: str) -> None:
    """Raise `Misuse` where a ledger cannot be made at a location."""
    _home(location).check_free(location)


def create(location: str) -> Store:
    """Make an empty ledger at a location; raise `Misuse` where something is in the way."""
    return _home(location).create(location)


def open_store(location: str, *, read_only: bool = False) -> Store:
    """Open the ledger at a location; raise `Misuse` where there is none, `Unavailable` where it cannot be reached."""
    return _home(location).open_store(location, read_only=read_only)


def open_read_only(location: str) -> Store:
    """Open a ledger for reading only."""
    return open_store(location, read_only=True)


def reopening(location: str) -> Callable[[str], Store]:
    """Return what opens this ledger for reading in another process, with the password that this one was given."""
    password = password_of(location) if is_url(location) else None
    return open_read_only if password is None else partial(_open_with, password)


def opener_of(store: Store) -> Callable[[str], Store]:
    """Return what opens `store` for reading in another process: its own `opener`, if it has something to share."""
    own: Callable[[str], Store] | None = getattr(store, "opener", None)
    return own or reopening(store.place)


def _open_with(password: str, location: str) -> Store:
    _passwords[location] = password
    return open_read_only(location)
