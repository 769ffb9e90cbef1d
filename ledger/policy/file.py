"""The policy file: what a verifier trusts, in lines that a person can write (FORMAT.md section 14).

    ledger-policy/v1
    origin  ledger.bank.example/credit
    genesis <leaf of entry 0>                      and, from c2sp.org/tlog-policy, whose lines fit in as they are:
    log     <vkey>                                 witness <name> <vkey> [url]
    require all                                    group   <name> all|any|<k> <member>...
    size    9344                                   quorum  <name>|none
    date    2026-12-01
    tsa-root roots/tsa.pem                         beside the policy

Items are parted by blanks and tabs, `#` begins a comment line. Every line is known, or the file is refused: a word that
is not read is a protection that is not there.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, TypeVar

from ledger.encoding import is_digest, is_origin, is_time
from ledger.errors import Misuse
from ledger.merkle.tree import MAX_SIZE
from ledger.notes.verifier import ED25519, MLDSA44_COSIGNATURE, VerifierKey
from ledger.policy import Policy
from ledger.policy.quorum import Group, Quorum, Witness

FIRST_LINE: Final = "ledger-policy/v1"
TEMPLATE: Final = """ledger-policy/v1
# What I trust of this log. Each value came another way than the log itself: contract, telephone, web site.
#
# log     NAME+HEX+BASE64            its keys, one a line (ledger show 0 prints them)
# genesis HEX                        the leaf of its entry 0
# require all                        Ed25519 and ML-DSA-44, both
# size    9344                       fewer sealed entries are an old copy
# date    2026-12-01                 evidence from outside must reach this day
# tsa-root tsa.pem                   a time-stamping authority's root, in a file beside this one
# witness w1 NAME+HEX+BASE64 https://w1.example
# witness w2 NAME+HEX+BASE64
# witness w3 NAME+HEX+BASE64
# group   any2 2 w1 w2 w3
# quorum  any2
"""
LIMIT: Final = 262_144
_LINES: Final = 1_024
_ITEMS: Final = 128  # of one line
_MANY: Final = 64  # log keys, witnesses, groups, roots
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ODD: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


_Value = TypeVar("_Value")


class _Gathered:
    """What the lines said so far."""

    def __init__(self) -> None:
        self.one: dict[str, Any] = {}
        self.keys: list[VerifierKey] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.roots: list[str] = []


def read_policy(data: bytes, source: str) -> tuple[Policy, tuple[str, ...]]:
    """Return the policy that a file holds, and the files of roots that it names; `source` names it in messages.

    Raises `Misuse` with the number of the line for one that is not known, said twice, or cannot be.
    """
    lines = _lines(data, source)
    gathered = _Gathered()
    for number, line in lines:
        items = line.replace("\t", " ").split(" ")
        items = [item for item in items if item]
        if not items or items[0].startswith("#"):
            continue
        try:
            _take(gathered, items)
        except Misuse as error:
            raise Misuse(f"{source}:{number}: {error.message}", error.fix, code="policy") from None
    try:
        return _policy(gathered, source), tuple(gathered.roots)
    except Misuse as error:
        raise Misuse(f"{source}: {error.message}", error.fix, code="policy") from None


def _lines(data: bytes, source: str) -> list[tuple[int, str]]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _no_policy(source, "it is not UTF-8") from None
    lines = text.split("\n")
    if lines[0] != FIRST_LINE:
        raise _no_policy(source, f"its first line is not {FIRST_LINE}")
    if len(data) > LIMIT or len(lines) > _LINES:
        raise _no_policy(source, f"it has more than {LIMIT:,} bytes or {_LINES:,} lines")
    for number, line in enumerate(lines, 1):
        if _ODD.search(line):
            raise _no_policy(source, f"line {number} holds a control character")
    return list(enumerate(lines[1:], 2))


def _no_policy(source: str, why: str) -> Misuse:
    return Misuse(f"{source} is no policy: {why}", "ledger pin --policy-template prints one", code="policy")


def _take(gathered: _Gathered, items: list[str]) -> None:
    word, *rest = items
    rule = _RULES.get(word)
    if rule is None:
        near = get_close_matches(word, _RULES, 1)
        hint = f"; nearest {near[0]!r}" if near else ""
        raise Misuse(f"unknown word {word!r}{hint}", f"known: {', '.join(_RULES)}")
    if not rule.least <= len(rest) <= rule.most:
        raise Misuse(f"{word} takes {rule.form}", f"{word} {rule.form}")
    if rule.once:
        if word in gathered.one:
            raise Misuse(f"{word} stands twice", "leave one of them out")
        gathered.one[word] = rule.read(gathered, rest)
    else:
        rule.read(gathered, rest)


# ---- one function a kind of line ----


def _origin(_: _Gathered, items: list[str]) -> str:
    return _if(is_origin(items[0]), items[0], "no origin: printable ASCII without blanks, + or ://")


def _genesis(_: _Gathered, items: list[str]) -> str:
    digest = items[0].removeprefix("sha256:")
    return _if(is_digest(digest), digest, "no leaf of an entry 0: 64 hexadecimal digits")


def _require(_: _Gathered, items: list[str]) -> str:
    return _if(items[0] in ("all", "any"), items[0], "all or any?")


def _size(_: _Gathered, items: list[str]) -> int:
    good = _NUMBER.fullmatch(items[0]) is not None and int(items[0]) <= MAX_SIZE
    return _if(good, int(items[0]) if good else 0, "no number of entries")


def _date(_: _Gathered, items: list[str]) -> str:
    text = f"{items[0]}T00:00:00.000000Z" if _DAY.fullmatch(items[0]) else items[0]
    return _if(is_time(text), text, "no date of the form 2026-12-01, or 2026-12-01T09:00:00.000000Z")


def _log(gathered: _Gathered, items: list[str]) -> None:
    key = VerifierKey.parse(items[0])
    _if(key.kind in (ED25519, MLDSA44_COSIGNATURE), key, "a log's key is of type 0x01 or 0x06")
    _check_url(items[1:])
    _add(gathered.keys, key)


def _witness(gathered: _Gathered, items: list[str]) -> None:
    name, key, *url = items
    _check_url(url)
    _check_name(gathered, name)
    _add(gathered.witnesses, Witness(name, VerifierKey.parse(key), *url))


def _group(gathered: _Gathered, items: list[str]) -> None:
    name, count, *members = items
    _check_name(gathered, name)
    if count not in ("all", "any") and not _NUMBER.fullmatch(count):
        raise Misuse(f"{count!r} is not all, any or a number", f"group {name} any ...")
    for member in members:
        if member not in _named(gathered):
            raise Misuse(f"{member!r} is not defined above this line", "witness NAME VKEY, before the group")
    needed = {"all": len(members), "any": 1}.get(count) or int(count)
    _add(gathered.groups, Group(name, needed, tuple(members)))


def _quorum(_: _Gathered, items: list[str]) -> str:
    return items[0]


def _tsa_root(gathered: _Gathered, items: list[str]) -> None:
    _add(gathered.roots, items[0])


def _check_name(gathered: _Gathered, name: str) -> None:
    if name == "none" or name in _named(gathered):
        raise Misuse(f"the name {name!r} is taken", "name it otherwise")


def _named(gathered: _Gathered) -> set[str]:
    return {one.name for one in gathered.witnesses} | {one.name for one in gathered.groups}


def _check_url(items: list[str]) -> None:
    if items and not items[0].startswith(("https://", "http://")):
        raise Misuse(f"{items[0]!r} is no address", "https://...")


def _add(many: list[_Value], one: _Value) -> None:
    if len(many) >= _MANY:
        raise Misuse(f"more than {_MANY} of one kind", "leave out what is not needed")
    many.append(one)


def _if(good: bool, value: _Value, why: str) -> _Value:
    if not good:
        raise Misuse(why, "correct it")
    return value


class _Rule(NamedTuple):
    read: Callable[[_Gathered, list[str]], Any]
    form: str
    least: int
    most: int
    once: bool


_RULES: Final[dict[str, _Rule]] = {
    "origin": _Rule(_origin, "ORIGIN", 1, 1, True),
    "genesis": _Rule(_genesis, "LEAF", 1, 1, True),
    "log": _Rule(_log, "VKEY [URL]", 1, 2, False),
    "require": _Rule(_require, "all|any", 1, 1, True),
    "size": _Rule(_size, "NUMBER", 1, 1, True),
    "date": _Rule(_date, "DATE", 1, 1, True),
    "tsa-root": _Rule(_tsa_root, "FILE", 1, 1, False),
    "witness": _Rule(_witness, "NAME VKEY [URL]", 2, 3, False),
    "group": _Rule(_group, "NAME all|any|K MEMBER...", 3, _ITEMS, False),
    "quorum": _Rule(_quorum, "NAME|none", 1, 1, True),
}


# ---- the whole ----


def _policy(gathered: _Gathered, source: str) -> Policy:
    one = gathered.one
    _check_keys(gathered, one.get("origin", ""))
    if not (gathered.keys or "genesis" in one):
        raise Misuse("it names neither a log's key nor a genesis: nothing would be trusted", "log VKEY")
    both = len({key.kind for key in gathered.keys}) == 2 or "genesis" in one
    if one.get("require") == "all" and not both:
        raise Misuse("require all needs both of the log's keys, or the genesis", "log VKEY, of its other key")
    return Policy(
        keys=tuple(gathered.keys),
        key_source=source,
        genesis=one.get("genesis", ""),
        genesis_source=source,
        origin=one.get("origin", gathered.keys[0].name if gathered.keys else ""),
        require=gathered.one.get("require", "any"),
        quorum=_read_quorum(gathered),
        least_size=one.get("size", 0),
        least_date=one.get("date", ""),
    )


def _check_keys(gathered: _Gathered, origin: str) -> None:
    names = {key.name for key in gathered.keys} | ({origin} if origin else set())
    if len(names) > 1:
        raise Misuse(f"the keys are of several logs: {', '.join(sorted(names))}", "one policy, one log")
    if len({(key.name, key.key_id) for key in gathered.keys}) < len(gathered.keys):
        raise Misuse("two of the log's keys have one name and id", "leave one of them out")
    public = [key.public for key in gathered.keys]
    for witness in gathered.witnesses:
        if witness.key.public in public:
            raise Misuse(f"the key of {witness.name} is the log's own: it cannot be its witness", "another witness")


def _read_quorum(gathered: _Gathered) -> Quorum | None:
    needed = gathered.one.get("quorum")
    if needed is None and (gathered.witnesses or gathered.groups):
        raise Misuse("it has witnesses but no quorum", "quorum NAME, or quorum none")
    if needed is None or (needed == "none" and not gathered.witnesses):
        return None
    named = gathered.witnesses[0].name if needed == "none" else needed
    quorum = Quorum(tuple(gathered.witnesses), tuple(gathered.groups), named)
    quorum.check()
    return None if needed == "none" else quorum
