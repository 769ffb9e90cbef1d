import json
import re
from pathlib import Path

import pytest

from ledger.checked import mark_path
from ledger.cli.page import page_lines
from ledger.cli.screen import Paint
from tests.cli.conftest import ORIGIN

VERSION = "credit-scoring@3.1.0"


def test_production_says_all_of_it(run, story):
    text = run("production").out
    model = run("show", "2", "--json").document["subject"]["artifacts"]["model"]
    data = run("show", "1", "--json").document["subject"]["artifacts"]["content"]
    for words in (
        *("credit-scoring 3.1.0   since 20", "deployed by mara, entry 5", f"model  {model[:23]}…"),
        *(
            f"credit@2026-11  {data[:23]}…",
            "max_depth 6",
            "auc 0.79",
            "entry 4, for production",
            "6 entries, all sealed",
        ),
    ):
        assert words in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_production_as_a_document(run, story):
    document = run("production", "--json").document
    assert document["schema"] == "ledger.production/1"
    assert (document["size"], document["unsealed"]) == (6, 0)
    (one,) = document["deployments"]
    assert (one["version"], one["deployed"]["seq"], one["parameters"]) == ("3.1.0", 5, {"max_depth": 6})
    assert one["approvals"][0]["seq"] == 4


def test_the_past_is_the_past(run, story):
    assert "Nothing runs" in run("production", "--as-of", "2020-01-01T00:00Z").out
    assert "Nothing runs" in run("production", "--known-at", "2020-01-01T00:00Z").out
    assert "3.1.0" in run("production", "--as-of", "2100-01-01T00:00Z").out
    assert "has no zone" in run("production", "--as-of", "2020-01-01").error[0]


def test_questions_see_what_was_recorded_since(run, story):
    run("production")
    run("record", "undeployed", "--system", "credit-scoring", "--environment", "production", "--deployment", "main")
    assert "Nothing runs" in run("production").out


def test_a_system_that_is_not_here(run, story):
    for words in (("production", "credit-scorin"), ("registry", "credit-scorin")):
        done = run(*words)
        assert done.code == 2
        assert done.error[0] == "no system 'credit-scorin' here; nearest 'credit-scoring'"


def test_registry_lineage_diff(run, story):
    Path("n.bin").write_bytes(b"another model")
    run("record", "trained", "credit-scoring@3.2.0", "--parameters", "max_depth=8", "--file", "model=n.bin")
    assert "in production" in run("registry").out
    assert len(run("registry", "--json").document["systems"][0]["versions"]) == 2
    lineage = run("lineage", VERSION).out
    for words in ("credit@2026-11", "entry 1 by mara", "entry 2 by mara", "entry 4", "production since", "missing"):
        assert words in lineage
    diff = run("diff", VERSION, "credit-scoring@3.2.0")
    assert any(line.split()[:4] == ["parameter", "max_depth", "6", "8"] for line in diff.out.splitlines()), diff.out
    for done in (run("registry"), run("lineage", VERSION), diff):
        assert all(len(line) <= 100 for line in done.out.splitlines()), done.out
    for words in (("registry",), ("lineage", VERSION), ("diff", VERSION, "credit-scoring@3.2.0")):
        assert run(*words, "--json").document["schema"] == f"ledger.{words[0]}/1"


@pytest.mark.parametrize("words", [("lineage", "credit-scoring@9"), ("diff", VERSION, "credit-scoring@9")])
def test_a_version_that_is_not_here(run, story, words):
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert "credit-scoring@9" in done.error[0]


def test_changelog(run, story):
    text = run("changelog").out
    assert "3.1.0" in text
    document = run("changelog", "credit-scoring", "--json").document
    root = run("verify", "--json").document["root"]
    assert (document["root"], document["size"]) == (root, 6)
    assert f"root over these entries {root}" in text
    assert run("changelog", "credit-scoring", "--markdown").out == text
    assert run("changelog", "nothing").code == 2
    assert "root over these entries sha256:" in run("changelog", "--known-at", document["as_of"]).out


def test_a_changelog_without_a_change(run, ledger, tmp_path):
    Path("m.bin").write_bytes(b"model")
    run("record", "trained", "a@1", "--file", "model=m.bin")
    done = run("changelog")
    assert done.code == 0
    assert "No change is on record" in done.out


def test_on_a_terminal_the_changelog_is_a_page(run, story):
    reason = "**Why.** | a \\ | <b>x</b> `rm` # _so_"
    done = run("record", "change_recorded", "credit-scoring@3.1.0", "--summary", reason)
    assert done.code == 0, done.err
    text = run("changelog").out
    for width in (100, 60):
        lines = page_lines(text, Paint(on=False), width)
        assert max(map(len, lines)) <= width
        page = "\n".join(lines)
        assert "|---" not in page
        assert "“**Why.** | a \\ | <b>x</b>" in " ".join(page.split())
        assert "# _so_”" in page
        assert re.findall(r"\[[\d, ]+\]", page) == re.findall(r"\[[\d, ]+\]", text)  # every line leads to its entries


def test_an_empty_ledger_answers(run, ledger):
    assert "Nothing runs" in run("production").out
    assert "No system is here yet" in run("registry").out
    assert run("changelog").code == 2


def test_a_difference_of_data_is_in_words_with_what_was_registered(run, story):
    Path("new.csv").write_text("a,b\n1,2\n")
    Path("n.bin").write_bytes(b"another model")
    run("record", "dataset_registered", "--dataset", "credit@2026-12", "--rows", "1240", "--evidence", "new.csv")
    data = ("--datasets", "training=credit@2026-12")
    run("record", "trained", "credit-scoring@3.2.0", "--parameters", "max_depth=8", *data, "--file", "model=n.bin")
    done = run("diff", VERSION, "credit-scoring@3.2.0")
    assert "credit@2026-12" in done.out
    assert "1,240" in done.out
    assert "{" not in done.out
    (one,) = [each for each in run("diff", VERSION, "credit-scoring@3.2.0", "--json").document["differences"]
              if each["part"] == "data"]  # fmt: skip
    assert (one["after"][0]["rows"], one["after"][0]["seq"]) == (1240, 6)
    assert one["seqs"] == [1, 2, 6, 7]


def test_production_says_when_you_last_checked(run, story):
    assert "no verify on record" in run("production").out
    run("verify")
    assert "6 entries, all sealed; all checked by you, 20" in run("production").out
    run("record", "bank.example/thing", "--set", "x=1")
    assert "7 entries, all sealed; 6 checked by you, 20" in run("production").out
    here = run("production", "--json").document["checked_here"]
    assert (here["size"], here["holds"]) == (6, True)
    mark = mark_path(ORIGIN)
    mark.write_text(mark.read_text().replace(json.loads(mark.read_text())["root"], "0" * 64))
    assert "7 entries, all sealed; NOT the entries that you checked, 20" in run("production").out


def test_a_lineage_names_what_was_made_of_a_version(run, story):
    Path("n.bin").write_bytes(b"fine-tuned")
    run("record", "trained", "credit-scoring@3.2.0", "--parents", "credit-scoring@3.1.0", "--file", "model=n.bin")
    assert any(line.split()[:3] == ["made", "into", "3.2.0"] for line in run("lineage", VERSION).out.splitlines())
    made = run("lineage", "credit-scoring@3.2.0").out
    assert any(line.split()[:3] == ["made", "from", "3.1.0"] for line in made.splitlines())


def test_a_version_that_ran_before_says_until_when(run, story):
    assert "left production" not in run("registry").out
    Path("n.bin").write_bytes(b"another model")
    run("record", "deployed", "credit-scoring@3.2.0", "--environment", "production",
        "--artifacts", '{"model": "sha256:%s"}' % ("b" * 64))  # fmt: skip
    (first, second) = run("registry", "--json").document["systems"][0]["versions"]
    assert first["left_production"] == run("show", "6", "--json").document["time"]
    assert "left_production" not in second
    assert "approved; left production 20" in run("registry").out
