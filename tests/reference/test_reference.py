"""Every vector, judged by the second verifier: the vectors, the format and the package cannot err in the same way."""

import ast
import base64
import json
from pathlib import Path

import pytest

from ledger.events import EVENTS
from tests.reference.second import FILE, PURE, SECOND
from tests.vectors.making.make import files

VECTORS = Path(__file__).parents[1] / "vectors"
INDEX = json.loads((VECTORS / "index.json").read_text())
LOGS = {one["name"]: one for one in INDEX["logs"]}
BUFFERS = [
    pytest.param(one["file"], one["accept"], name, base64.b64decode(data), id=f"{one['file']}-{name}")
    for one in INDEX["buffers"]
    for name, data in json.loads((VECTORS / one["file"]).read_text()).items()
]


@pytest.mark.parametrize(("file", "accept", "name", "data"), BUFFERS)
def test_buffer(file, accept, name, data):
    read = SECOND.read_statement if file.startswith("statements/") else lambda data: SECOND.decode(data, 65_535)
    if accept:
        assert isinstance(read(data), dict)
    else:
        with pytest.raises(SECOND.Bad):
            read(data)


AND_ALSO = {"seq-from-1": {10}}  # the misplaced genesis is named a second time


def judge(one, verifier=SECOND):
    trust = one["trust"]
    shown = (VECTORS / one["disclosures"]).read_text().splitlines() if "disclosures" in one else []
    return verifier.verify(
        b"".join((VECTORS / file).read_bytes() for file in one["entries"]).split(b"\n")[:-1],
        [(VECTORS / file).read_bytes() for file in one["checkpoints"]],
        keys=trust["keys"],
        genesis=trust.get("genesis", ""),
        pins=[(VECTORS / trust["pin"]).read_bytes()] if "pin" in trust else [],
        disclosures=shown,
    )


@pytest.mark.parametrize("verifier", [SECOND, PURE], ids=["cryptography", "alone"])
@pytest.mark.parametrize("name", LOGS)
def test_log(name, verifier):
    expected, result = LOGS[name]["expect"], judge(LOGS[name], verifier)
    assert result.verdict == expected["verdict"], result
    if "findings" in expected:
        assert sorted([one.check, one.seq] for one in result.findings) == sorted(expected["findings"])
    if "check" not in expected:
        assert not result.failures
        assert not result.missing
        assert expected.get("uncovered", result.size - result.covered) == result.size - result.covered
        return
    allowed = {expected["check"], *expected.get("or_check", ())}
    found = result.failures if result.verdict == "BROKEN" else result.missing
    places = [one.seq for one in found if one.check in allowed]
    assert {one.check for one in found} <= allowed | AND_ALSO.get(name, set()), result
    assert min(places, key=lambda seq: (seq is None, seq)) == expected["seq"], result


def test_the_verdict_without_ml_dsa_of_the_log(monkeypatch):
    """A key whose algorithm cannot be done counts as not known (section 9), and the index says where that matters."""
    check = SECOND.check_note
    given = {name: [SECOND.read_vkey(key).kind for key in one["trust"]["keys"]] for name, one in LOGS.items()}
    alone = {name: "UNVERIFIABLE" for name, kinds in given.items() if kinds and set(kinds) == {6}}
    monkeypatch.setattr(SECOND, "check_note", lambda note, keys: check(note, [key for key in keys if key.kind != 6]))
    others = {name: judge(one).verdict for name, one in LOGS.items() if name not in alone}
    changed = {name: verdict for name, verdict in others.items() if verdict != LOGS[name]["expect"]["verdict"]}
    marked = {name: one["log_needs"]["ml-dsa-44"] for name, one in LOGS.items() if "log_needs" in one}
    assert marked == {**alone, **changed}
    assert len(marked) == 5


def test_each_note_has_the_size_that_it_is_kept_under():
    for one in LOGS.values():
        assert len(one["sizes"]) == len(one["checkpoints"]), one["name"]
        if one["expect"].get("check") in (2, 3) and one["expect"].get("checkpoint") is not None:
            assert one["expect"]["checkpoint"] in one["sizes"], one["name"]


def test_every_check_that_an_entries_file_can_break_is_broken():
    broken = {one["expect"]["check"] for one in INDEX["logs"] if one["expect"]["verdict"] == "BROKEN"}
    assert broken == {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}


def test_a_late_author_is_a_finding_and_no_failure():
    assert judge(LOGS["author-time-is-off"]).findings[0][:2] == (22, 5)


def test_the_maker_writes_the_files_that_are_here():
    made = files()
    for path, data in made.items():
        assert (VECTORS / path).read_bytes() == data, path
    here = {
        f"{folder}/{path.name}"
        for folder in ("json", "statements", "logs", "bad", "receipts")
        for path in VECTORS.glob(f"{folder}/*")
    }
    assert here == made.keys() - {"index.json"}


def test_the_types_that_are_known_are_those_of_the_vocabulary():
    """Whoever adds a type adds it there too: what is critical and of that type would be UNVERIFIABLE otherwise."""
    assert set(EVENTS) == SECOND.KNOWN


def test_it_is_python_3_9():
    ast.parse(FILE.read_text(), feature_version=(3, 9))


def test_nothing_of_the_package_is_used():
    for path in [*VECTORS.glob("making/*.py"), FILE]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in ("ledger", "projections", "msgspec") for name in names), path
