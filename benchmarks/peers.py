"""What peers do with an event of the same size, where the extra `bench` is installed: a durable write, a question."""

import importlib.util
from collections.abc import Callable

from benchmarks import baselines
from benchmarks.bench import Bench, Row

DATA = "x" * 500


def rows(bench: Bench) -> dict[str, Row]:
    """The lines of the peers that are here: they promise less, so nothing is asked of them."""
    found: dict[str, Row] = {}
    if importlib.util.find_spec("eventsourcing"):
        found["eventsourcing"] = Row(
            "eventsourcing, `app.save`, durable, unsigned", "C", None, None, _eventsourcing(bench), bench.c
        )
    if importlib.util.find_spec("mlflow"):
        tag, alias, ask = _mlflow(bench)
        found["mlflow_tag"] = Row("MLflow, a tag set on a version", "C", None, None, tag, bench.c)
        found["mlflow_alias"] = Row("MLflow, an alias set", "C", None, None, alias, bench.c)
        found["mlflow_ask"] = Row("MLflow, which version bears the alias", "ms", None, None, ask, lambda: 1e-3)
    return found


def _eventsourcing(bench: Bench) -> Callable[[], float]:
    from eventsourcing.application import Application
    from eventsourcing.domain import Aggregate, event

    class Version(Aggregate):
        @event("Evaluated")
        def evaluated(self, data: str) -> None:
            self.data = data

    database = str(bench.folder / "eventsourcing.db")
    app = Application(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": database})
    version = Version()
    app.save(version)

    def save(count: int = 200):
        def work():
            for _ in range(count):
                version.evaluated(data=DATA)
                app.save(version)

        return baselines.timed(work, count)

    return save


def _mlflow(bench: Bench) -> list[Callable[[], float]]:
    from mlflow.entities.model_registry import ModelVersionTag
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(f"sqlite:///{bench.folder / 'mlflow.db'}")
    store.create_registered_model("credit-scoring")
    store.create_model_version("credit-scoring", "s3://models/1", "run")
    tags = iter(range(1_000_000))

    def tag(count: int = 50):
        def work():
            for _ in range(count):
                store.set_model_version_tag("credit-scoring", "1", ModelVersionTag(f"k{next(tags)}", DATA))

        return baselines.timed(work, count)

    def alias(count: int = 50):
        def work():
            for _ in range(count):
                store.set_registered_model_alias("credit-scoring", "production", "1")

        return baselines.timed(work, count)

    def ask(count: int = 50):
        def work():
            for _ in range(count):
                assert store.get_model_version_by_alias("credit-scoring", "production")

        return baselines.timed(work, count)

    return [tag, alias, ask]
