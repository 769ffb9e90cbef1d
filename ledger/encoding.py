"""The one byte form, written and strictly read (FORMAT.md sections 1, 2 and 4).

`encode` writes a value in the one form or raises `Misuse` with the path of what cannot be said. `decode` takes bytes
only if they are what `encode` would write for the value they hold, and raises `Tampered` for everything else.

msgspec does the work in C, but it alone is not strict: it takes duplicate keys, blanks, `-0`, and writes NaN as
`null`. Two things make it so: every accepted buffer equals its own re-encoding, and what re-encoding would not change
(forbidden characters, -0.0, integers beyond 2^53 - 1, depth, long keys) is looked for. `_plain` rules these out for
common buffers with a few scans in C; only a buffer that fails it is walked in Python.
"""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec

from ledger.errors import Misuse, Tampered

ENTRY_LIMIT: Final = 65_535
STATEMENT_LIMIT: Final = 49_152
SIGNATURES_LIMIT: Final = 12_288
DEPTH_LIMIT: Final = 32
KEY_LIMIT: Final = 256
SAFE_INTEGER: Final = 2**53 - 1

STATEMENT_TYPE: Final = "application/vnd.lifecycle-ledger.statement.v1+json"
BATCH_TYPE: Final = "application/vnd.lifecycle-ledger.batch.v1+json"
CERTIFICATE_TYPE: Final = "application/vnd.lifecycle-ledger.certificate.v1+json"

_encoder: Final = msgspec.json.Encoder(order="sorted")
_decoder: Final = msgspec.json.Decoder()

# FORMAT.md section 1, rule 6. Surrogates cannot be encoded as UTF-8 and are caught there.
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufdd0-\ufdef"
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17))
    + "\ud800-\udfff]"
)
_MINUS_ZERO: Final = re.compile(rb"-0\.0(?:[,\]}]|\Z)")
# With `-` and every digit as `0`, and `[` as `,`, an integer of 16 digits or more shows as one of these; so may a
# shorter one, or text.
_SHAPE: Final = bytes.maketrans(b"-123456789[", b"0000000000,")
_LONG_INTEGERS: Final = (b'":' + b"0" * 16, b"," + b"0" * 16)
_LONG_STRING: Final = re.compile(rb'"[^"]{%d}' % (KEY_LIMIT + 1))
_BRACKETS_KEPT: Final = bytes(set(range(256)) - set(b"{[\n"))
_BARE: Final = KEY_LIMIT  # a shorter buffer has no room for a longer key


def encode(value: Any, what: str = "") -> bytes:
    """Return `value` (dicts, lists, text, numbers, booleans, None) in the one form. `what` begins the path in messages.

    Raises `Misuse` for NaN, infinities, -0.0, integers beyond 2^53 - 1, keys that are not text or over 256 bytes,
    forbidden characters, lone surrogates, values without a JSON form, and depth over 32.
    """
    try:
        data = _encoder.encode(value)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        _inspect(value, what, 1)
        raise Misuse(f"{what or 'value'} has no JSON form: {error}", "use text, numbers, lists and maps") from None
    if b"null" in data or not _plain(data):
        _inspect(value, what, 1)
    return data


def decode(data: bytes, limit: int = ENTRY_LIMIT) -> Any:
    """Return the object that `data` holds in the one form, in at most `limit` bytes; raise `Tampered` for all else."""
    if len(data) > limit:
        raise _not_the_form(f"{len(data):,} bytes, the limit is {limit:,}")
    plain = _plain(data)
    if not plain:
        _check_utf8(data)
    try:
        value = _decoder.decode(data)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise _not_the_form(f"not JSON as it must be ({error})") from None
    if not isinstance(value, dict):
        raise _not_the_form("not a JSON object")
    if not plain:
        try:
            _inspect(value, "", 1)
        except Misuse as error:
            raise _not_the_form(error.message) from None
    if reencode(value) != data:
        raise _not_the_form("another spelling of the same value (order, blanks, escapes, numbers or a key twice)")
    return value


def reencode(value: Any) -> bytes:
    """Return the bytes of a value that a decoder made: the other half of the comparison, without `encode`'s looks."""
    return _encoder.encode(value)


def _plain(data: bytes, depth: int = DEPTH_LIMIT, longest: int = ENTRY_LIMIT) -> bool:
    """Whether a few scans in C show that `_inspect` has nothing to find in JSON text `data`."""
    return (  # one byte is looked for ten times as fast as several
        data.isascii()
        and b"\\" not in data
        and b"\x7f" not in data
        and (b"-" not in data or b"-0.0" not in data or _MINUS_ZERO.search(data) is None)
        and data[:1] in b"{["  # a bare number has nothing before it that would show it
        and not any(map(data.translate(_SHAPE).__contains__, _LONG_INTEGERS))
        and max(map(len, data.translate(None, _BRACKETS_KEPT).split(b"\n"))) <= depth
        and (min(len(data), longest) < _BARE or _LONG_STRING.search(data) is None)
    )


def plain_lines(data: bytes, depth: int, longest: int) -> bool:
    """Whether scans in C show that `_inspect` has nothing to find in any of the lines of `data`, JSON texts.

    A line may end before its text does, where what follows is known; `depth` is how deep a line may be, `longest` how
    many bytes a line has at most.
    """
    return _plain(data, depth, longest)


def _check_utf8(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_the_form(f"not UTF-8 at byte {error.start}") from None


def _not_the_form(why: str) -> Tampered:
    return Tampered(f"not in the one form: {why}", code="one_form", check=5)


def _inspect(value: Any, path: str, depth: int) -> None:
    """Raise `Misuse` with the path of the first thing in `value` that the one form cannot hold."""
    match value:
        case bool() | None:
            return
        case str():
            _inspect_text(value, path)
        case int():
            if not -SAFE_INTEGER <= value <= SAFE_INTEGER:
                raise Misuse(
                    f"{path or 'value'} is beyond 2^53 - 1: other languages lose its digits", "write it as text"
                )
        case float():
            _inspect_float(value, path)
        case dict() | list() | tuple():
            if depth > DEPTH_LIMIT:
                raise Misuse(
                    f"{path or 'value'} is nested deeper than {DEPTH_LIMIT}", "put it into a file: evidence=[...]"
                )
            items = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in items:
                _inspect(item, _step(path, key) if isinstance(value, dict) else f"{path}[{key}]", depth + 1)
        case _:
            _inspect_other(value, path, depth)


def _inspect_other(value: Any, path: str, depth: int) -> None:
    """Sets, structs, enumerations and times: msgspec writes them as something simpler, which is what is looked at."""
    try:
        simple = msgspec.to_builtins(value)
    except (TypeError, ValueError, RecursionError):
        return  # what msgspec cannot write has no JSON form, and `encode` says so
    if type(simple) is not type(value):
        _inspect(simple, path, depth)


def _step(path: str, key: Any) -> str:
    if not isinstance(key, str):
        raise Misuse(f"{path or 'value'} has a key that is not text: {key!r}", f"use {str(key)!r}")
    _inspect_text(key, f"{path or 'value'}: a key")
    if len(key.encode()) > KEY_LIMIT:
        raise Misuse(
            f"{path or 'value'} has a key of {len(key.encode())} bytes; the limit is {KEY_LIMIT}", "shorten it"
        )
    if not path:
        return key
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]"


def _inspect_text(text: str, path: str) -> None:
    found = _FORBIDDEN.search(text)
    if found:
        raise Misuse(f"{path or 'value'} holds U+{ord(found.group()):04X}, which no entry may hold", "leave it out")


def _inspect_float(value: float, path: str) -> None:
    if value != value or value in (float("inf"), float("-inf")):
        raise Misuse(f"{path or 'value'} is {value}", "leave it out and say why in reason=")
    if value == 0 and str(value)[0] == "-":
        raise Misuse(f"{path or 'value'} is -0.0", "use 0.0")


def pae(payload_type: str, body: bytes) -> bytes:
    """Return the DSSE 1.0.2 pre-authentication encoding: what a signature is over."""
    return b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(body), body)


def b64encode(data: bytes) -> str:
    """Return padded base64 (RFC 4648 section 4)."""
    return base64.b64encode(data).decode()


def b64decode(text: str) -> bytes:
    """Return the bytes of padded base64 with zero spare bits; raise `Tampered` for any other spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise Tampered("not base64", code="base64", check=5) from None
    if b64encode(data) != text:
        raise Tampered("base64 with spare bits set", code="base64", check=5)
    return data


_HANDLE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:+/-]{0,127}")
_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{1,47}")
_OWN_TYPE: Final = re.compile(r"(?=.{1,128}\Z)[a-z0-9-]+(?:\.[a-z0-9-]+)+/[a-z0-9][a-z0-9._-]{0,63}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_NAMED_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TIME: Final = re.compile(
    r"(?:19[7-9]|[2-9][0-9][0-9])[0-9]-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII
)
_ORIGIN: Final = re.compile(r"(?!.*://)[!-*,-~]{1,255}")


def is_handle(text: str) -> bool:
    """Whether `text` names an actor."""
    return _HANDLE.fullmatch(text) is not None


def is_label(text: str) -> bool:
    """Whether `text` names a system, version, dataset, environment or another subject."""
    return _LABEL.fullmatch(text) is not None


def is_artifact_name(text: str) -> bool:
    """Whether `text` names an artifact of a digest set."""
    return _HANDLE.fullmatch(text) is not None


def is_type(text: str) -> bool:
    """Whether `text` names an event type, ours or one's own (`domain/name`)."""
    return _TYPE.fullmatch(text) is not None or is_own_type(text)


def is_own_type(text: str) -> bool:
    """Whether `text` names an event type under somebody's domain."""
    return _OWN_TYPE.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether `text` is 64 lower-case hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def is_named_digest(text: str) -> bool:
    """Whether `text` is `sha256:` and a digest."""
    return _NAMED_DIGEST.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether `text` is a lower-case UUIDv7 (RFC 9562 section 5.7)."""
    return _ID.fullmatch(text) is not None


def is_origin(text: str) -> bool:
    """Whether `text` may name a log: printable ASCII without `+`, blanks or a scheme."""
    return _ORIGIN.fullmatch(text) is not None


def is_time(text: str) -> bool:
    """Whether `text` is a real moment in the 27-character form."""
    if _TIME.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return text[17:19] != "60" and text[11:13] != "24"


def time_text(moment: datetime) -> str:
    """Return an aware datetime as `YYYY-MM-DDTHH:MM:SS.ffffffZ`; raise `Misuse` if it has no zone or is before 1970."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise Misuse(
            f"time {moment} has no zone", "datetime.now().astimezone(), or datetime.now(UTC)", code="naive_time"
        )
    utc = moment.astimezone(UTC)
    if utc.year < 1970:
        raise Misuse(f"time {moment} is before 1970", "check the clock it came from", code="time_range")
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond:06d}Z"


def parse_time(text: str) -> datetime:
    """Return the moment that a 27-character time names; raise `Misuse` for any other text."""
    if not is_time(text):
        raise Misuse(f"{text!r} is not a time of the form 2026-11-23T09:05:41.000000Z", "RFC 3339, UTC, microseconds")
    return datetime.fromisoformat(text)


def later(text: str, seconds: int) -> str:
    """Return the 27-character time `seconds` after `text`."""
    return _second_later(text[:19], seconds) + text[19:]


@lru_cache(maxsize=64)  # every commit asks, many in a second
def _second_later(second: str, seconds: int) -> str:
    return time_text(datetime.fromisoformat(second + "Z") + timedelta(seconds=seconds))[:19]


def make_id(milliseconds: int, random: bytes) -> str:
    """Return the UUIDv7 of a POSIX time in milliseconds and 10 random bytes."""
    digits = f"{milliseconds:012x}{random.hex()}"
    variant = "89ab"[random[2] >> 6]
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def id_bytes(text: str) -> bytes:
    """Return the 16 bytes of an id."""
    return bytes.fromhex(text.replace("-", ""))


def id_text(data: bytes) -> str:
    """Return the id whose 16 bytes are given."""
    digits = data.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
