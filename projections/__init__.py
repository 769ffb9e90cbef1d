"""What can be computed from a ledger and thrown away: the registry and the changelog, and questions asked of them.

    with Projections.open(ledger) as p:
        p.catch_up()
        production(p)                    # which version runs, whence, approved by whom

    as_of(ledger, as_of="2026-10-11T00:00:00.000000Z")       # as things were, by all we know now
    as_of(ledger, known_at="2026-10-11T00:00:00.000000Z")    # as the ledger stood

Two questions have the names of packages, and so are taken from where they live:
`projections.questions.registry.registry`, and `projections.questions.changes.changelog`; `render_changelog` prints
the latter.

Nothing here writes to the ledger. Every answer is plain dicts and lists, ready for JSON: no None, lists and maps
always there.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from projections.opening import Projections, as_of
    from projections.questions.changes_text import render_changelog
    from projections.questions.diff import diff
    from projections.questions.lineage import lineage
    from projections.questions.production import production
    from projections.rebuild import RebuildResult

__all__ = [
    "Projections",
    "RebuildResult",
    "as_of",
    "diff",
    "lineage",
    "production",
    "render_changelog",
]

_HOMES = {
    "Projections": "projections.opening",
    "RebuildResult": "projections.rebuild",
    "as_of": "projections.opening",
    "diff": "projections.questions.diff",
    "lineage": "projections.questions.lineage",
    "production": "projections.questions.production",
    "render_changelog": "projections.questions.changes_text",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is asked for: `ledger production` must not pay for the changelog."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'projections' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
