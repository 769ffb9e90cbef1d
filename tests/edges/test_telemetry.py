"""What is told to OpenTelemetry and to `logging`, and that neither is needed."""

import logging
import subprocess
import sys
import types
from pathlib import Path

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import ledger as package
from ledger import telemetry
from ledger.errors import Misuse
from ledger.spool.file import Spool, spool_path
from ledger.spool.flush import flush
from tests.spool.conftest import forget

SECRET = "Ana Popescu, born 1 April"


class Telemetry:
    """The API as a process with an SDK has it, for one test."""

    def __init__(self):
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        traces = TracerProvider(shutdown_on_exit=False)
        traces.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader], shutdown_on_exit=False)
        self.trace = types.SimpleNamespace(get_tracer=traces.get_tracer, StatusCode=trace.StatusCode)
        self.metrics = types.SimpleNamespace(get_meter=self.meters.get_meter)

    @property
    def spans(self):
        return {one.name: one for one in self.exporter.get_finished_spans()}

    def points(self, name):
        data = self.reader.get_metrics_data()
        found = [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]
        return {tuple(sorted(point.attributes.items())): point for point in found}


@pytest.fixture
def told(monkeypatch):
    made = Telemetry()
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", made.trace)
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", made.metrics)
    monkeypatch.setattr(telemetry, "_instruments", {})
    yield made
    made.meters.shutdown()


def everything(told):
    """All that left the process, as text."""
    spans = [one.to_json() for one in told.exporter.get_finished_spans()]
    return "\n".join([*spans, told.reader.get_metrics_data().to_json()])


def test_a_record_is_a_span_and_a_count(ledger, told):
    ledger.record("acme.example/note", text="one", system="credit-scoring")
    ledger.record.actor_introduced(handle="ana", kind="human", name=SECRET)
    one, two = told.exporter.get_finished_spans()
    assert dict(one.attributes) == {
        "ledger.origin": ledger.origin,
        "ledger.type": "acme.example/note",
        "ledger.state": "sealed",
        "ledger.seq": 1,
    }
    assert two.attributes["ledger.seq"] == 2
    points = told.points("ledger.records")
    assert {key: point.value for key, point in points.items()} == {
        (("state", "sealed"), ("type", "own")): 1,
        (("state", "sealed"), ("type", "actor_introduced")): 1,
    }
    assert told.points("ledger.duration")[(("operation", "record"),)].count == 2


def test_what_is_refused_is_told_by_its_code_alone(ledger, told):
    with pytest.raises(Misuse):
        ledger.record(
            "trained", system="a", version="1", artifacts={"m": "sha256:" + "ab" * 32}, parameters={"token": SECRET}
        )
    (one,) = told.exporter.get_finished_spans()
    assert (one.status.status_code, one.status.description) == (trace.StatusCode.ERROR, "secret")
    assert one.attributes["error.type"] == "secret"
    assert one.events == ()


def test_no_value_and_no_key_leaves_the_process(ledger, told, caplog):
    caplog.set_level(logging.DEBUG, "ledger")
    ledger.record.actor_introduced(handle="ana", kind="human", name=SECRET)
    ledger.record("acme.example/note", text=SECRET)
    ledger.record_many([("acme.example/note", {"text": SECRET})])
    ledger.verify()
    lines = caplog.text + repr([vars(one) for one in caplog.records])
    key = ledger.identity.signer.credential
    for kept in (everything(told), lines):
        assert kept
        assert SECRET not in kept
        assert key.id not in kept
        assert key.keys[0].public.hex() not in kept


def test_verify_and_many(ledger, told):
    ledger.record_many([("acme.example/note", {"text": str(n)}) for n in range(5)])
    report = ledger.verify()
    spans = told.spans
    assert spans["ledger.record_many"].attributes["ledger.count"] == 5
    assert spans["ledger.verify"].attributes["ledger.verdict"] == report.verdict
    assert spans["ledger.verify"].attributes["ledger.size"] == 6
    assert told.points("ledger.verified")[(("verdict", report.verdict),)].value == 1
    assert told.points("ledger.records")[(("state", "placed"), ("type", "many"))].value == 5


def test_a_flush_is_told(ledger, told, tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEDGER_URL", str(ledger.path))
    monkeypatch.setenv("LEDGER_MODE", "spool")
    assert package.record("acme.example/note", text="one").state == "spooled"
    box = Spool(spool_path())
    item = box.items()[0]
    box.put(item.target, "01a0b0c0-0000-7000-8000-000000000001", b"{}", (), (), since=item.since, why="")
    from ledger.spool.seen import place_name

    flush(ledger, box, named=place_name(ledger.place))
    at = told.spans["ledger.flush"].attributes
    assert (at["ledger.delivered"], at["ledger.aside"], at["ledger.held"]) == (1, 1, 0)
    assert told.points("ledger.delivered")[()].value == 1
    assert told.points("ledger.set_aside")[()].value == 1
    assert told.points("ledger.records")[(("state", "spooled"), ("type", "own"))].value == 1
    box.close()
    forget()


def test_one_line_a_record_and_no_handler(ledger, caplog):
    caplog.set_level(logging.INFO, "ledger")
    ledger.record("acme.example/note", text="one", system="credit-scoring", version="1")
    (line,) = caplog.records
    assert line.getMessage() == "<Receipt acme.example/note credit-scoring@1 entry 1, sealed>"
    assert line.ledger["seq"] == 1
    assert line.ledger["version"] == "1"
    assert logging.getLogger("ledger").handlers == []


BARE = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        assert not name.startswith("opentelemetry"), name
sys.meta_path.insert(0, Refused())
from ledger.api import Ledger
with Ledger.open(sys.argv[1]) as here:
    print(here.record("acme.example/note", text="one").seq, here.verify().size)
"""


def test_without_opentelemetry_nothing_of_it_is_looked_for(ledger):
    ledger.close()
    done = subprocess.run(
        [sys.executable, "-c", BARE, str(Path(ledger.path))], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "2"]


def test_the_real_api_is_what_is_used():
    """The names that are looked up in the API are there."""
    assert callable(trace.get_tracer)
    assert callable(metrics.get_meter)
    with telemetry.span("record", origin="a") as at:
        at.set(seq=1)
    telemetry.count("records", type="own", state="sealed")
