"""The register of log cases: a function builds a log, its name is the folder, what is expected stands beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .build import Log
from .encode import leaf
from .keys import VKEY

Place = dict[str, int] | int | None


class Case(NamedTuple):
    """One folder of vectors: the log and what a verifier must say of it."""

    log: Log
    good: bool
    expected: dict[str, Any]


CASES: dict[str, Callable[[], Case]] = {}
Build = Callable[[Log], Place]


def case(
    verdict: str, check: str | None, why: str, based: bool, good: bool, also: tuple[str, ...]
) -> Callable[[Build], Build]:
    def register(build: Build) -> Build:
        name = build.__name__.strip("_").replace("_", "-")
        assert name not in CASES, name

        def make() -> Case:
            log = Log(name)
            if based:
                log.base()
            place = build(log)
            expected: dict[str, Any] = {"verdict": verdict}
            if check:
                expected |= {"check": int(check[1:]), **place_of(place)}
            if also:
                expected["also"] = list(also)
            finish(log)
            return Case(log, good, {**expected, "why": why, **log.expect})

        CASES[name] = make
        return build

    return register


def place_of(place: Place) -> dict[str, Any]:
    """An entry, a checkpoint's size, or no place in particular."""
    return {"seq": place} if isinstance(place, int) else {"seq": None, **(place or {})}


def finish(log: Log) -> None:
    """What a case did not say: a checkpoint over everything, the log's key and the genesis as the policy."""
    if "checkpoint" not in log.notes:
        log.notes["checkpoint"] = log.note()
    if log.policy is None:
        log.policy = {"key": VKEY}
        if log.entries:
            log.policy["genesis"] = leaf(log.entries[0]).hex()


def good(why: str, based: bool = True, verdict: str = "VERIFIED") -> Callable[[Build], Build]:
    return case(verdict, None, why, based, good=True, also=())


def bad(check: str, why: str, based: bool = True, also: tuple[str, ...] = ()) -> Callable[[Build], Build]:
    return case("BROKEN", check, why, based, good=False, also=also)


def unsure(check: str, why: str, based: bool = True) -> Callable[[Build], Build]:
    return case("UNVERIFIABLE", check, why, based, good=False, also=())
