"""A ledger moved into another store: copied, checked on its way, compared, verified where it arrived."""

from benchmarks import served, works
from benchmarks.bench import Bench, Row


def rows(bench: Bench) -> dict[str, Row]:
    """The lines of moving, by name; to PostgreSQL where there is a server."""

    def to_file(*, fold: bool = False) -> float:
        return works.move(bench.bulk, bench.folder / f"moved-{bench.number()}.db", fold=fold)

    def peak() -> float:
        return works.peak_of("migrate", bench.bulk.parent, bench.size)

    made = {
        "migrate": Row("`migrate`, file to file, but for projections", "I", 8.0, 6.0, to_file, bench.i),
        "migrate_all": Row("the same with projections", "I", None, None, lambda: to_file(fold=True), bench.i),
        "migrate_mib": Row("peak memory, `migrate`", "MiB", 200, 100, peak, lambda: 1.0, once=True),
    }
    if served.is_there():
        made["pg_migrate"] = Row(
            "`migrate`, file to PostgreSQL, but for projections", "binary COPY", 6.0, 4.5,
            lambda: works.move(bench.bulk, served.url(bench)), lambda: served.copy(bench),
        )  # fmt: skip
    return made
