"""Python values as the format's: text, numbers, booleans, lists and maps; whatever else is named with its path.

A NumPy or torch scalar becomes the number it is, -0.0 becomes 0.0, an aware time its 27 characters. An array is not
written out: what is larger than a few numbers belongs into a file. Neither library is imported. What a program was set
to may be None, NaN or infinite (`estimator.get_params()` is full of None): among settings these are said as text.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from ledger.encoding import SAFE_INTEGER, time_text
from ledger.errors import Misuse
from ledger.events.check import step
from ledger.events.common import Evidence, Fields


class _OddError(ValueError):
    """Something in a value has no form; the path to it is found by walking again."""


def plain(value: Any, path: str, *, bare: bool = False, settings: bool = False) -> Any:
    """`value` in the format's kinds, as a copy; `bare` also takes null and what is empty.

    In a map of `settings`, None, NaN and infinities become the text that Python prints. Raises `Misuse` with the path
    of what cannot be said. (Two walks: keeping the path costs more than all the rest.)
    """
    try:
        return _plain(value, bare)
    except _OddError:
        if settings and (worded := _worded(value)) != value:
            return plain(worded, path, bare=bare)
        _blame(value, path, bare)
        raise _no_form(value, path) from None


def _worded(value: Any) -> Any:
    """A map of settings with text where a setting is None or a number that no entry holds."""
    if not isinstance(value, dict):
        return value
    return {key: _setting(item) for key, item in value.items()}


def _setting(value: Any) -> Any:
    number = value
    if getattr(value, "shape", None) == ():
        try:
            number = _converted(value)
        except _OddError:
            return value
    return str(number) if number is None or (isinstance(number, float) and number - number != 0) else value


def _plain(value: Any, bare: bool) -> Any:
    kind = type(value)
    if kind is str or kind is bool:
        return value
    if kind is float:
        if value - value != 0:
            raise _OddError
        return value or 0.0
    if kind is int:
        if -SAFE_INTEGER <= value <= SAFE_INTEGER:
            return value
        raise _OddError
    if kind is dict or kind is list or kind is tuple:
        if not (value or bare):
            raise _OddError
        if kind is not dict:
            return [_plain(item, bare) for item in value]
        return {_key(key): _plain(item, bare) for key, item in value.items()}
    if value is None and bare:
        return None
    return _plain(_converted(value), bare)


def _key(key: Any) -> str:
    if type(key) is str:
        return key
    if isinstance(key, str):
        return str.__str__(key)
    raise _OddError


def _converted(value: Any) -> Any:
    """A value of one of the format's kinds that says the same; raises `_OddError` where there is none."""
    for base in (str, float, int):
        if isinstance(value, base):
            return base.__str__(value) if base is str else base(value)
    if value is None or isinstance(value, Evidence):
        raise _OddError
    if isinstance(value, datetime):
        if value != value:  # pandas.NaT is a datetime that is none
            raise _OddError
        return time_text(value)
    if isinstance(value, date | UUID):
        return str(value)
    if isinstance(value, Fields):
        return {name: item for name in value.__struct_fields__ if (item := getattr(value, name)) is not None}
    if isinstance(value, dict | Mapping):
        return dict(value.items())
    if isinstance(value, list | tuple):
        return list(value)
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        return _scalar(value)
    raise _OddError


def _scalar(value: Any) -> Any:
    try:
        number = value.item()
    except (ArithmeticError, AttributeError, RuntimeError, TypeError, ValueError):
        raise _OddError from None
    if type(number) is type(value):
        raise _OddError
    return number


def _blame(value: Any, path: str, bare: bool) -> None:
    """Raise `Misuse` for the first thing in `value` that `_plain` refuses."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        _blame_number(value, path)
        return
    if value is None or (isinstance(value, dict | list | tuple) and not value):
        if not bare:
            raise Misuse(f"{path} says nothing", "leave it out", code="empty", where=path)
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise Misuse(f"{path} has a key that is not text: {key!r}", f"use {str(key)!r}", where=path)
            _blame(item, step(path, key), bare)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _blame(item, f"{path}[{index}]", bare)
    elif not isinstance(value, str | bool):
        try:
            said = _converted(value)
        except _OddError:
            raise _no_form(value, path) from None
        _blame(said, path, bare)


def _blame_number(value: float, path: str) -> None:
    if isinstance(value, int):
        if not -SAFE_INTEGER <= value <= SAFE_INTEGER:
            raise Misuse(f"{path} {_digits(value)} is beyond 2^53 - 1", 'write it as text: "..."', where=path)
    elif value - value != 0:
        word = "NaN" if value != value else "infinite"
        field = path.partition(".")[2] or path
        raise Misuse(
            f"{path} is {word}", f'leave it out and say why: reason="{field}: one class only"', code="nan", where=path
        )


def _digits(value: int) -> str:
    return str(value) if value.bit_length() < 256 else f"of {value.bit_length()} bits"


_FIXES: Final = {
    "Evidence": "evidence=[...], or artifacts={name: ...}",
    "Path": "its bytes: ledger.file(path); its name: str(path)",
    "Decimal": "float(...), or text where digits matter",
    "bytes": "text, or a file: ledger.file(...)",
    "set": "a list: sorted(...)",
    "type": "its name: str(...)",
    "NAType": "leave it out",
    "NaTType": "leave it out",
}


def _no_form(value: Any, path: str) -> Misuse:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    shape = getattr(value, "shape", None)
    if shape is not None and kind is not type:
        shown = f"({', '.join(map(str, shape))})" if isinstance(shape, tuple) else shape
        fix = ".tolist(), or a file: ledger.file(...)"
        return Misuse(f"{path} is {name} {shown}", fix, code="no_form", where=path)
    named = (_FIXES[base.__name__] for base in kind.__mro__ if base.__name__ in _FIXES)
    fix = next(named, "text such as str(...), number, list or map")
    return Misuse(f"{path} is {name}", fix, code="no_form", where=path)
