"""How long ago something was, as a person says it."""

from datetime import UTC, datetime


def seconds_since(time: str) -> int:
    """Return the seconds since a 27-character time, at least 0."""
    return max(0, int((datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()))


def age(seconds: int) -> str:
    """Return a duration as a person says it: `3 min`, `26 h`, `4 d`."""
    for size, word in ((172_800, "d"), (7_200, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds // {'d': 86_400, 'h': 3_600, 'min': 60}[word]} {word}"
    return f"{seconds} s"
