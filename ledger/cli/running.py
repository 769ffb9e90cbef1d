"""What runs now, as lines."""

from datetime import datetime
from typing import Any, Final

from ledger.cli.layout import WIDTH, clip, columns, day, flat, headline, pairs, words, wrapped
from ledger.cli.screen import Paint

_LABEL: Final = 12
_DIGEST: Final = 23  # characters of a digest that are shown; --json has all
_UNITS: Final = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


def production_lines(
    found: dict[str, Any], covered: int, size: int, place: str, paint: Paint, *, received: str = ""
) -> list[str]:
    """Return the answer of `ledger production`; `received` is where something lies that came from somebody else."""
    lines: list[str] = []
    for one in found["deployments"]:
        lines += [*_deployment(one, found["as_of"], paint), ""]
    if not found["deployments"]:
        lines.append(f"Nothing runs in {place}, as far as anybody recorded.")
    return [*lines, *_state(found, covered, size, received)]


def _deployment(one: dict[str, Any], now: str, paint: Paint) -> list[str]:
    name = f"{one['system']} {one.get('version', one['digest_set'][:_DIGEST])}"
    where = "" if one["environment"] == "production" else f" in {one['environment']}"
    share = "" if one["traffic"] == 1 else f", {one['traffic']:.0%} of the traffic"
    since = f"{name}{where}{share}   since {day(one['since'])}Z ({age(one['since'], now)})"
    head = headline(since, f"deployed by {one['deployed']['by']}, entry {one['deployed']['seq']}")
    return [
        paint("bold", head[: len(name)]) + head[len(name) :],
        *_block("artifacts", _artifacts(one["artifacts"])),
        *_block("data", _data(one["datasets"])),
        *pairs([(label, text) for label, text in _facts(one) if text], label=_LABEL),
    ]


def _block(label: str, rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows in columns, the label before the first."""
    lines = columns(rows, indent=_LABEL + 4, keep=frozenset({1}))
    return [f"  {label:<{_LABEL}}  {lines[0].lstrip()}", *lines[1:]] if lines else []


def _artifacts(artifacts: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (name, short(one["digest"]), one.get("name", ""), byte_text(one.get("size_bytes")))
        for name, one in artifacts.items()
    ]


def _data(datasets: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            one.get("dataset", "?"),
            short(one.get("digest", "no digest")),
            f"{one['role']}, {one['rows']:,} rows" if "rows" in one else one["role"],
            f"entry {one['seq']}" if "seq" in one else "not registered",
        )
        for one in datasets
    ]


def _facts(one: dict[str, Any]) -> list[tuple[str, str]]:
    trained = one.get("trained")
    return [
        ("trained", f"{trained['by']}, {day(trained['time'])}Z, entry {trained['seq']}" if trained else ""),
        ("code", code(one["code"])),
        ("parameters", "; ".join(f"{path} {text}" for path, text in flat(one["parameters"]) if path)),
        *[("metrics", evaluated(each)) for each in one["evaluations"]],
        *[("approved", approved(each)) for each in one["approvals"]],
        ("suspended", f"since {day(one['suspended']['since'])}Z" if one.get("suspended") else ""),
        ("alerts", "; ".join(_alert(each) for each in one["alerts"])),
        ("seen running", _observed(one["observed"])),
        ("missing", ", ".join(name.replace("_", " ") for name in one["missing"])),
    ]


def evaluated(one: dict[str, Any]) -> str:
    """Return an evaluation in a sentence: measures, groups that miss a threshold, entry."""
    parts = [f"{name} {_measure(value)}" for name, value in one["metrics"].items()]
    for each in one["thresholds"]:
        if each["met"]:
            continue
        bound = next((each[word] for word in ("at_least", "at_most", "above", "below") if word in each), None)
        about = f"{each['metric']} for {each['group']}" if "group" in each else each["metric"]
        value = f" {words(each['value'])}" if "value" in each else ""
        parts.append(
            f"{about}{value} (threshold {words(bound)}, {'not judged' if 'not_judged' in each else 'NOT MET'})"
        )
    if one["groups"] and not one["thresholds"]:
        parts.append(f"groups {', '.join(one['groups'])}")
    verdict = {True: "all thresholds met, ", False: ""}.get(one.get("passed", False), "")
    return f"{'; '.join(parts)} ({verdict}entry {one['seq']} by {one['by']})"


def _measure(value: Any) -> str:
    return words(value["value"]) if isinstance(value, dict) and "value" in value else words(value)


def approved(one: dict[str, Any]) -> str:
    """Return an approval in a sentence."""
    parts = [f"{one['by']}, {day(one['time'])}Z, entry {one['seq']}, for {one['stage']}"]
    parts += [f"key {one['key']}"] if one.get("key") else []
    parts += [f"condition: {each['text']}" for each in one["conditions"]]
    parts += (
        [f"until {day(one['valid_until'])}" + (" (expired)" if one.get("expired") else "")]
        if "valid_until" in one
        else []
    )
    parts += ["by its own author"] if one["own_work"] else []
    if makers := one.get("brought_in_by_maker"):
        parts.append(f"brought in by {' and '.join(makers)}, who made it")
    if doubt := one.get("doubtful"):
        since = f"since {day(doubt['since'])}Z, entry {doubt['reported']}"
        parts.append(f"DOUBTFUL: its key was reported compromised {since}")
    parts += [] if one["complete"] else [f"one of {one['needed']} needed"]
    return "; ".join(parts)


def code(said: dict[str, Any]) -> str:
    """Return the commit that a version was made from."""
    commit = str(said.get("commit", ""))
    if not commit:
        return ""
    return f"{commit[:12]}{', with changes not committed' if said.get('dirty') else ''}"


def _alert(one: dict[str, Any]) -> str:
    return f"{one.get('metric', 'drift')} {one['state']} since {day(one['time'])}Z, entry {one['seq']}"


def _observed(observed: list[dict[str, Any]]) -> str:
    if not observed:
        return "never: no runtime has reported these digests, so this is what was stated"
    wrong = [one["name"] for one in observed if not one["in_set"]]
    return f"yes, but {', '.join(wrong)} is another file" if wrong else "yes, with these digests"


def _state(found: dict[str, Any], covered: int, size: int, received: str) -> list[str]:
    count = "1 entry" if size == 1 else f"{size:,} entries"
    if received:
        said, command = f"{count}, read as they came. What of this holds says:", f"ledger verify {received} --key '...'"
        return [f"{said} {command}"] if len(said) + len(command) < WIDTH else [said, f"  {command}"]
    sealed = "all sealed" if covered == size else f"{size - covered:,} not sealed yet"
    last, here = found.get("last_verify"), found.get("checked_here")
    verdict = "no verify on record"
    if last:
        verdict = f"last verify on record {day(last['time'])}Z: {last['verdict']}"
    elif here and here["holds"]:
        verdict = f"{'all' if here['size'] == size else format(here['size'], ',')} checked by you, {day(here['time'])}Z"
    elif here:
        verdict = f"NOT the entries that you checked, {day(here['time'])}Z"
    if "proved" in found:
        return wrapped(f"{count}, {sealed}; all checked: {found['proved']}. What is shown was made of all of them.")
    again = found.get("read_again", 0)
    read = f" What is shown was read again in the {again:,} entries that it rests on." if again else ""
    return wrapped(f"{count}, {sealed}; {verdict}.{read} To check all: ledger verify")


def short(digest: str) -> str:
    """Return the beginning of a digest."""
    return clip(digest, _DIGEST + 1)


def byte_text(size: int | None) -> str:
    """Return a size as a person says it."""
    if size is None:
        return ""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"


def age(since: str, now: str) -> str:
    """Return how long ago a time was, in its largest unit."""
    seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name}"
    return "just now" if seconds >= 0 else "in the future"
