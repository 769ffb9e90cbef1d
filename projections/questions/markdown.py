"""Words for Markdown: what people said is shown and does nothing else; what a sentence rests on stands behind it."""

import re
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~&$])")


def escape(said: object) -> str:
    """Return a person's words so that Markdown shows them and does nothing else with them; one line."""
    line = " ".join(str(said).split())
    return _SPECIAL.sub(r"\\\1", line).replace("://", ":\\//").replace("www.", "www\\.")


def quoted(said: object) -> str:
    """Return a person's words in quotation marks."""
    return f"“{escape(said)}”"


def at(*seqs: int | None) -> str:
    """Return the entries a sentence rests on, `[12, 31]`."""
    known = sorted({seq for seq in seqs if seq is not None})
    return f"[{', '.join(map(str, known))}]" if known else ""


def day(time: str) -> str:
    """Return the day of a time."""
    return time[:10]


def minute(time: str) -> str:
    """Return a time to the minute, in UTC."""
    return f"{time[:10]} {time[11:16]} UTC"


def short(digest: str) -> str:
    """Return a set digest as people read it."""
    return f"set:{digest[7:15]}"
