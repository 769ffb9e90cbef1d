"""Evidence at the edge: files and folders read once, digested, and named as FORMAT.md section 10 says."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final, Literal

import msgspec

from ledger.errors import Misuse
from ledger.events.common import Evidence

__all__ = ["Evidence", "directory", "file"]

MANIFEST: Final = b"ledger-manifest/v1\n"
MANIFEST_TYPE: Final = "text/vnd.lifecycle-ledger.manifest.v1"
MANIFEST_LIMIT: Final = 1 << 26  # bytes of a manifest that is read whole
_CHUNK: Final = 1 << 20
_UNKNOWN: Final = "application/octet-stream"
# A table of our own: the system's differs from machine to machine, and the media type is signed.
_MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".zip": "application/zip",
}
_SPECIAL: Final = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
Retention = Literal["A", "C"]


def file(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    uri: str | None = None,
    retention: Retention | None = None,
    personal_data: bool | None = None,
    media_type: str | None = None,
) -> Evidence:
    """Return a file as evidence: the SHA-256 of its bytes, streamed, its size in bytes and its media type.

    A link is followed here: the path was named by the caller. Raises `Misuse` for what is missing, cannot be read, is
    no regular file, or changes while it is read.
    """
    digest, size = _digest(os.fspath(path), follow=True)
    where = Path(path)
    return _checked(
        Evidence(
            digest=f"sha256:{digest}",
            kind="file",
            media_type=media_type or _MEDIA_TYPES.get(where.suffix.lower(), _UNKNOWN),
            size=size,
            name=name or _shown_name(where),
            uri=uri,
            retention=retention,
            personal_data=True if personal_data else None,
        )
    )


def directory(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    uri: str | None = None,
    retention: Retention | None = None,
    personal_data: bool | None = None,
    media_type: str | None = None,
) -> Evidence:
    """Return a folder as evidence: the SHA-256 of its manifest, and the sum of its files' sizes in bytes.

    Raises `Misuse` for links, devices, pipes and names with a control character or a backslash anywhere below it, for
    what is missing or cannot be read, and for what changes while it is read.
    """
    manifest, size = read_manifest(path)
    return _checked(
        Evidence(
            digest=f"sha256:{hashlib.sha256(manifest).hexdigest()}",
            kind="directory",
            media_type=media_type or MANIFEST_TYPE,
            size=size,
            name=name or _shown_name(Path(path)),
            uri=uri,
            retention=retention,
            personal_data=True if personal_data else None,
        )
    )


def read_manifest(path: str | os.PathLike[str]) -> tuple[bytes, int]:
    """Return the manifest of a folder (FORMAT.md section 10) and the sum of its files' sizes in bytes."""
    top = os.fsencode(path)
    found = list(_below(top))
    lines = []
    total = 0
    for relative in sorted(found):
        digest, size = _digest(os.path.join(top, relative), follow=False)  # noqa: PTH118 - names are bytes here
        lines.append(digest.encode() + b"  " + relative + b"\n")
        total += size
    if sorted(_below(top)) != sorted(found):
        raise _changed(top)
    return MANIFEST + b"".join(lines), total


def manifest_lines(digest: str, data: bytes) -> list[tuple[str, str]]:
    """Return digest and relative path of the files that a manifest names; raise `Misuse` where bytes are none.

    `digest`: the 64 hexadecimal digits that the bytes must have.
    """
    if hashlib.sha256(data).hexdigest() != digest or not data.startswith(MANIFEST):
        raise Misuse(f"{digest} is no manifest of a folder", "ledger evidence check", code="manifest")
    found = []
    for line in data.removeprefix(MANIFEST).splitlines():
        name = os.fsdecode(line[66:])
        if line[64:66] != b"  " or name.startswith("/") or {"..", "."} & set(name.split("/")) or not name:
            raise Misuse(f"{digest}: the name {name!r} leaves the folder", "do not unpack it", code="manifest")
        found.append((line[:64].decode("ascii", "replace"), name))
    return found


def _below(top: bytes) -> Iterator[bytes]:
    """The paths, relative to `top`, of all regular files below it; whatever else stands there is refused."""
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        place = os.path.join(top, folder) if folder else top  # noqa: PTH118 - names are bytes here
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    relative = folder + entry.name
                    _check_name(top, relative)
                    mode = entry.stat(follow_symlinks=False).st_mode
                    if stat.S_ISDIR(mode):
                        waiting.append(relative + b"/")
                    elif stat.S_ISREG(mode):
                        yield relative
                    else:
                        raise _special(_shown(os.path.join(top, relative)), mode)  # noqa: PTH118
        except OSError as error:
            raise _unreadable(place, error, folder=True) from None


def _check_name(top: bytes, relative: bytes) -> None:
    text = relative.decode("utf-8", "surrogateescape")
    if "\\" in text or any(ord(sign) < 0x20 or 0x7F <= ord(sign) <= 0x9F for sign in text):
        raise Misuse(
            f"{_shown(top)}: the name {text!r} holds a control character or a backslash",
            "rename it: no manifest can hold it",
            code="evidence_name",
            where=_shown(top),
        )


def _digest(path: str | bytes, *, follow: bool) -> tuple[str, int]:
    """The SHA-256 (hex) and size of a regular file that stayed the same from the first byte to the last."""
    # Without O_NONBLOCK a pipe would be waited for before it could be refused.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        opened = os.open(path, flags)
        try:
            return _digest_opened(opened, path, follow=follow)
        finally:
            os.close(opened)
    except OSError as error:
        raise _unreadable(path, error) from None


def _digest_opened(opened: int, path: str | bytes, *, follow: bool) -> tuple[str, int]:
    before = os.fstat(opened)
    if stat.S_ISDIR(before.st_mode):
        shown = _shown(path)
        raise Misuse(f"{shown} is a folder", f'ledger.directory("{shown}")', code="evidence_folder", where=shown)
    if not stat.S_ISREG(before.st_mode):
        raise _special(_shown(path), before.st_mode)
    digest, size, buffer = hashlib.sha256(), 0, bytearray(_CHUNK)
    view = memoryview(buffer)
    while count := os.readv(opened, [buffer]):
        digest.update(view[:count])
        size += count
        if size > before.st_size:  # a file that grows as fast as it is read has no end
            raise _changed(path)
    after, named = os.fstat(opened), os.stat(path, follow_symlinks=follow)  # noqa: PTH116 - not a link, again
    if size != before.st_size or not _mark(before) == _mark(after) == _mark(named):
        raise _changed(path)
    return digest.hexdigest(), size


def _mark(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _checked(evidence: Evidence) -> Evidence:
    """The evidence, if it is what a statement may hold: names and media types come from callers."""
    try:
        msgspec.convert(evidence.to_json(), Evidence, strict=True)
    except msgspec.ValidationError as error:
        raise Misuse(f"evidence {evidence.name!r}: {error}", "see FORMAT.md section 10", code="evidence") from None
    return evidence


def _shown_name(path: PurePath) -> str | None:
    """The last part of a path as text; None where it has none, or none that an entry could hold."""
    name = path.name or Path(path).resolve().name
    return name if name.isprintable() else None


def _shown(path: str | bytes) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _changed(path: str | bytes) -> Misuse:
    shown = _shown(path)
    return Misuse(f"{shown} changed while read", "record after it is closed", code="evidence_changed", where=shown)


def _special(shown: str, mode: int) -> Misuse:
    what = next((word for test, word in _SPECIAL if test(mode)), "no regular file")
    return Misuse(f"{shown} is {what}", "evidence is regular files", code="evidence_special", where=shown)


def _unreadable(path: str | bytes, error: OSError, *, folder: bool = False) -> Misuse:
    shown = _shown(path)
    place = "" if os.path.isabs(path) else f" (in {Path.cwd()})"  # noqa: PTH117 - names may be bytes
    if isinstance(error, FileNotFoundError):
        what = "folder" if folder else "file"
        fix = "the path your code saved to"
        return Misuse(f"{shown}: no such {what}{place}", fix, code="evidence_missing", where=shown)
    if isinstance(error, NotADirectoryError) and folder:
        return Misuse(f"{shown} is no folder", f'ledger.file("{shown}")', code="evidence_no_folder", where=shown)
    reason = (error.strerror or type(error).__name__).lower()
    fix = "let this user read it"
    return Misuse(f"{shown} cannot be read: {reason}{place}", fix, code="evidence_unreadable", where=shown)
