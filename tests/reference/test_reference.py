"""Every vector, judged by the second verifier: the vectors, the format and the package cannot err in the same way."""

import ast
import base64
import json
from pathlib import Path

import pytest

from tests.reference.form import Bad, decode, read_statement
from tests.reference.verifier import verify
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
    read = read_statement if file.startswith("statements/") else lambda data: decode(data, 65_535)
    if accept:
        assert isinstance(read(data), dict)
    else:
        with pytest.raises(Bad):
            read(data)


def judge(one):
    trust = one["trust"]
    shown = (VECTORS / one["disclosures"]).read_text().splitlines() if "disclosures" in one else []
    return verify(
        b"".join((VECTORS / file).read_bytes() for file in one["entries"]),
        [(VECTORS / file).read_bytes() for file in one["checkpoints"]],
        keys=trust["keys"],
        genesis=trust.get("genesis", ""),
        pins=[(VECTORS / trust["pin"]).read_bytes()] if "pin" in trust else [],
        disclosures=shown,
    )


@pytest.mark.parametrize("name", LOGS)
def test_log(name):
    expected, result = LOGS[name]["expect"], judge(LOGS[name])
    assert result.verdict == expected["verdict"], result
    if "check" not in expected:
        assert not result.failures
        assert not result.missing
        assert expected.get("uncovered", result.size - result.covered) == result.size - result.covered
        return
    allowed = {expected["check"], *expected.get("or_check", ())}
    found = result.failures if result.verdict == "BROKEN" else result.missing
    places = [seq for check, seq in found if check in allowed]
    assert {check for check, _ in found} <= allowed, result
    assert min(places, key=lambda seq: (seq is None, seq)) == expected["seq"], result


def test_every_check_that_an_entries_file_can_break_is_broken():
    broken = {one["expect"]["check"] for one in INDEX["logs"] if one["expect"]["verdict"] == "BROKEN"}
    assert broken == {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}


def test_a_late_author_is_a_finding_and_no_failure():
    assert judge(LOGS["author-time-is-off"]).findings == [(22, 5)]


def test_the_maker_writes_the_files_that_are_here():
    made = files()
    for path, data in made.items():
        assert (VECTORS / path).read_bytes() == data, path
    here = {
        f"{folder}/{path.name}"
        for folder in ("json", "statements", "logs", "bad")
        for path in VECTORS.glob(f"{folder}/*")
    }
    assert here == made.keys() - {"index.json"}


@pytest.mark.parametrize("folder", [VECTORS / "making", Path(__file__).parent])
def test_nothing_of_the_package_is_used(folder):
    modules = [path for path in folder.glob("*.py") if not path.name.startswith("test_")]
    assert modules
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in ("ledger", "projections", "msgspec") for name in names), path
