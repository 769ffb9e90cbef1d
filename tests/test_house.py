"""The house: imports go one way, the rooms stay small, the front door is what it was, importing it is light."""

import ast
import subprocess
import sys
from pathlib import Path

import ledger

TOP = Path(__file__).parents[1]

# Each room imports rooms of earlier lines only (and its own). `events` is vocabulary: pure tables.
ROOMS = [
    ["errors", "cycles", "revisions", "shapes"],
    ["encoding"],
    ["signatures"],
    ["merkle"],
    ["notes"],
    ["statement"],
    ["events"],
    ["keys"],
    ["entry"],
    ["store", "genesis"],
    ["grants", "logkeys"],
    ["changes"],
    ["trust", "policy", "report"],
    ["scan"],
    ["parts"],
    ["omitted", "members"],
    ["ranges"],
    ["authority", "foresight", "following", "four_eyes", "touched", "disclosures", "hybrid", "tokens"],
    ["assembly"],
    ["workers"],
    ["vouching", "spread"],
    ["verify"],
    ["known", "proving"],
    ["growth"],
    ["authorship"],
    ["placing"],
    ["log"],
    ["stores"],
    ["config"],
    ["pins", "receipts", "compose", "capture", "evidence", "fresh", "witness"],
    ["presence", "checked"],
    ["marks"],
    ["bundle"],
    ["telemetry", "evidence_store"],
    ["bulk", "handed", "identity", "roots"],
    ["own", "extracts", "elsewhere"],
    ["spool", "authoring", "mending", "publish", "versions", "certificates", "copying"],
    ["founding", "recording", "selecting", "writing"],
    ["deciding", "away", "migrate", "backups"],
    ["outbox"],
    ["api"],
    ["rekeying"],
    ["default", "anchors", "sealing"],
    ["demo"],
    ["cli"],
    ["__main__"],
    ["verifier"],  # the auditor's file: imports nothing of the package, and nothing imports it
]
HEIGHT = {room: height for height, rooms in enumerate(ROOMS) for room in rooms}
CORE = HEIGHT["log"]  # up to here: bytes in, values or exceptions out
IMPURE = {"os", "time", "socket", "subprocess", "sqlite3", "apsw", "random", "secrets", "click", "rich", "pathlib"}
# The edges inside `keys`: where private keys are read, and those asked that hold one.
KEY_EDGES = {f"ledger.keys.{name}" for name in ("files", "sources", "agent", "keygen", "kms")}


def modules(package):
    for path in sorted((TOP / package).rglob("*.py")):
        parts = path.relative_to(TOP).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def imports(path):
    """Every module that is imported when the program runs; what only type checkers see does not count."""
    tree = ast.parse(path.read_text("utf-8"))
    unseen = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "ledger")


def room(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "ledger" and len(parts) > 1 else None


def test_imports_go_one_way():
    wrong = []
    for name, path in modules("ledger"):
        here = room(name)
        if here is None:
            continue
        for imported in imports(path):
            there = room(imported)
            if there is None or there == here or there not in HEIGHT:
                continue
            if HEIGHT[there] >= HEIGHT[here]:
                wrong.append(f"{name} imports {imported}")
    assert not wrong


def test_every_room_is_on_the_plan():
    assert {room(name) for name, _ in modules("ledger")} - {None} == set(HEIGHT)


def test_the_core_is_pure():
    wrong = [
        f"{name} imports {imported}"
        for name, path in modules("ledger")
        if (here := room(name)) is not None
        and HEIGHT[here] <= CORE
        and name not in KEY_EDGES | {"ledger.events.generate"}
        for imported in imports(path)
        if imported.partition(".")[0] in IMPURE
    ]
    assert not wrong


def test_the_truth_does_not_know_the_opinions():
    wrong = [
        f"{name} imports {imported}"
        for name, path in modules("ledger")
        if room(name) not in ("cli", "demo")
        for imported in imports(path)
        if imported.startswith("projections")
    ]
    assert not wrong


def test_opinions_read_the_ledger_from_outside():
    """Entries through what they are given, words and forms from the vocabulary: nothing of stores, keys or the log."""
    names = ("api", "elsewhere", "errors", "encoding", "entry", "statement", "events", "revisions", "workers")
    public = tuple(f"ledger.{name}" for name in names)
    wrong = [
        f"{name} imports {imported}"
        for name, path in modules("projections")
        for imported in imports(path)
        if imported.startswith("ledger.") and not imported.startswith(public)
    ]
    assert not wrong


def functions(path):
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)]


def test_rooms_and_functions_stay_small():
    """But for what is generated, and for the auditor's one file, whose docstring says why it is long."""
    long = ("ledger.recording", "ledger.verifier.verify")
    written = [one for package in ("ledger", "projections") for one in modules(package) if one[0] not in long]
    assert not [name for name, path in written if len(path.read_text("utf-8").splitlines()) > 400]
    large = [
        f"{name}.{node.name}"
        for name, path in written
        for node in functions(path)
        if node.end_lineno - node.lineno > 60
    ]
    assert not large


def test_the_auditors_file_stands_alone():
    path = TOP / "ledger" / "verifier" / "verify.py"
    outside = {imported.partition(".")[0] for imported in imports(path)} - set(sys.stdlib_module_names)
    assert outside == {"cryptography"}  # which is used where it is there
    assert not [node.name for node in functions(path) if node.end_lineno - node.lineno > 40]


def test_the_front_door():
    assert sorted(ledger.__all__) == [
        "Checkpoint",
        "Conflict",
        "Entry",
        "Evidence",
        "Ledger",
        "LedgerError",
        "Misuse",
        "Policy",
        "Receipt",
        "Recorded",
        "Ref",
        "Report",
        "Statement",
        "Tampered",
        "Unavailable",
        "__version__",
        "directory",
        "file",
        "record",
        "record_many",
    ]
    for name in ledger.__all__:
        assert getattr(ledger, name) is not None
    assert set(ledger.__all__) <= set(dir(ledger))


def test_importing_is_light():
    heavy = ["msgspec", "apsw", "cryptography", "sqlalchemy", "click", "rich", "projections"]
    code = f"import sys, ledger; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_project_speaks_of_itself_alone():
    words = ["/work" + "/", "py" + "pi.org", "TO" + "DO", "FIX" + "ME"]
    for path in sorted(TOP.rglob("*")):
        parts = path.relative_to(TOP).parts
        if (
            path.suffix in (".py", ".md", ".sql", ".toml")
            and not parts[0].startswith(".")
            and "thirdparty" not in parts
        ):
            text = path.read_text("utf-8", "replace")
            assert not [word for word in words if word in text], path
