"""Approving: a person is shown what it is, types the version, and signs exactly that with a key of their own."""

import hashlib
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from ledger.api import Ledger
from ledger.errors import Misuse
from ledger.keys.openssh import fingerprint, read_public
from ledger.statement import set_digest

OLD, NEW = "credit-scoring@3.1.0", "credit-scoring@3.2.0"
THRESHOLDS = '[{"metric":"auc","op":">=","bound":0.78},{"metric":"auc","op":">=","bound":0.7,"group":"age<25"}]'
needs_openssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed here")


def version(run, name, *, depth, auc, young, data, model):
    Path(model).write_bytes(model.encode())
    assert run("record", "trained", name, "--parameters", f"max_depth={depth}", "--datasets", f"training={data}",
               "--file", f"model={model}", "--as", "mara").code == 0  # fmt: skip
    groups = json.dumps({"age<25": {"auc": young}})
    assert run("record", "evaluated", name, "--metrics", f"auc={auc}", "--groups", groups,
               "--datasets", "test=holdout@1", "--as", "mara").code == 0  # fmt: skip


@pytest.fixture
def two(run, ledger):
    """A version in production, and a second one that nobody decided about."""
    for name, role, rows in (("credit@1", "training", 1000), ("credit@2", "training", 1240), ("holdout@1", "test", 9)):
        Path(name).write_text(name)
        assert run("record", "dataset_registered", name, "--role", role, "--rows", rows, "--file", name).code == 0
    assert run("record", "metric_plan_defined", "credit-scoring", "--thresholds", THRESHOLDS).code == 0
    version(run, OLD, depth=6, auc=0.79, young=0.71, data="credit@1", model="m1")
    assert run("record", "approved", OLD, "--stage", "production").code == 0
    assert run("record", "deployed", OLD, "--environment", "production").code == 0
    version(run, NEW, depth=8, auc=0.812, young=0.684, data="credit@2", model="m2")
    return ledger


def enrol(run, handle="ana", kind="human", role="approver"):
    """A key file of the ledger's own kind for `handle`, authorised."""
    assert run("key", "new", handle).code == 0
    Path(f"{handle}.json").write_text(run("key", "show", handle).out)
    assert run("key", "authorize", f"{handle}.json", "--role", role, "--kind", kind, "--as", "mara").code == 0


def enrol_openssh(run, passphrase=""):
    """An OpenSSH key for ana, authorised; its path."""
    path = Path("id_ed25519").absolute()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", path], check=True)
    words = ("--handle", "ana", "--role", "approver", "--kind", "human", "--as", "mara")
    done = run("key", "authorize", path.with_suffix(".pub"), *words)
    assert done.code == 0, done.err
    assert fingerprint(read_public(path.with_suffix(".pub").read_text(), "it").keys[0]) in done.out
    return path


def approved(run, *more, name=NEW, stage="production"):
    return run("approve", name, "--for", stage, "--as", "ana", *more)


def test_what_is_shown_is_what_is_approved(run, two):
    enrol(run)
    done = approved(run, "--yes", "3.2.0", "--condition", "mend age<25", "--json")
    assert done.code == 0, done.err
    said = run("show", done.document["seq"], "--json").document
    model = next(one["digest"] for one in run("lineage", NEW, "--json").document["artifacts"].values())
    assert said["subject"] == {"system": "credit-scoring", "version": "3.2.0", "artifacts": {"model": model}}
    assert done.document["digest_set"] == f"sha256:{set_digest({'model': model})}"
    assert (said["actor"], said["data"]["stage"], said["data"]["conditions"]) == ("ana", "production", ["mend age<25"])
    assert [(ref["relation"], ref["type"]) for ref in said["refs"]] == [("uses", "evaluated")]
    # The head that was on the screen stands in the signed bytes, and is this log's.
    assert said["data"]["seen"] == done.document["seen"]
    assert said["data"]["seen"]["size"] == said["seq"]
    assert run("verify", "--json").document["verdict"] == "verified"
    # The text is sealed in the entry and kept beside it, word for word.
    (note,) = said["sealed_fields"]
    assert (note["field"], note["opened"]) == ("/data/note", True)
    assert note["value"].split("\n") == done.document["shown"] == done.err.rstrip("\n").split("\n")
    shown = run("show", said["seq"]).out
    assert all(line in shown.splitlines() for line in done.document["shown"])


def test_the_screen_says_what_differs_from_what_runs(run, two):
    enrol(run)
    text = approved(run, "--yes", "3.2.0").err
    rows = {" ".join(line.split()[:2]): " ".join(line.split()) for line in text.splitlines()}
    assert rows["You are"] == "You are ana (approver). You are about to approve for production:"
    assert rows["training data"] == "training data credit@1 credit@2 1,000 -> 1,240 rows"
    assert rows["max_depth 6"] == "max_depth 6 8"
    assert rows["auc, age<25"] == "auc, age<25 0.71 0.684 >= 0.7 NOT MET"
    assert rows["auc 0.79"] == "auc 0.79 0.812 >= 0.78 met"
    assert rows["four eyes"].startswith("four eyes kept: trained by mara (")
    assert "VERIFIED a moment ago against the log's key in ledger.toml" in " ".join(text.split())
    assert "\x1b" not in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_ones_own_work_is_said_so(run, two):
    text = run("approve", NEW, "--for", "production", "--as", "mara", "--yes", "3.2.0").err
    assert "NOT KEPT: you trained it" in text


def test_without_a_terminal_nothing_is_asked_and_nothing_recorded(run, two):
    enrol(run)
    before = run("log", "--json").document["size"]
    done = approved(run)
    assert done.code == 2
    assert done.error == (
        "approve asks a person, and there is no terminal; nothing was recorded",
        f"look first (ledger lineage {NEW}), then: --yes 3.2.0",
    )
    assert approved(run, "--yes", "3.2.1").error[0].startswith("--yes says 3.2.1, this is 3.2.0")
    assert approved(run, "--yes", "").code == 2
    assert run("log", "--json").document["size"] == before


@pytest.mark.parametrize(("kind", "role"), [("service", "recorder"), ("service", "approver"), ("human", "recorder")])
@pytest.mark.parametrize("how", ["approve", "record"])
def test_a_service_and_one_without_the_role_are_turned_away(run, two, kind, role, how):
    enrol(run, "ci", kind, role)
    before = run("log", "--json").document["size"]
    if how == "approve":
        done = run("approve", NEW, "--for", "production", "--as", "ci", "--yes", "3.2.0")
    else:
        done = run("record", "approved", NEW, "--stage", "production", "--as", "ci")
    assert done.code == 2
    what = "is a service" if kind == "service" else "has not the role approver"
    assert done.error[0] == f"approved: 'ci' {what}, this needs a person with the role approver"
    assert done.error[1].startswith(f"ledger approve {NEW} --for production")
    assert run("log", "--json").document["size"] == before


def test_a_role_given_to_a_person_counts_for_its_systems_alone(run, two):
    enrol(run, role="recorder")
    assert approved(run, "--yes", "3.2.0").code == 2
    assert run("record", "role_assigned", "ana", "--role", "approver", "--systems", "fraud", "--as", "mara").code == 0
    assert approved(run, "--yes", "3.2.0").code == 2
    assert run("record", "role_assigned", "ana", "--role", "approver", "--as", "mara").code == 0
    assert approved(run, "--yes", "3.2.0").code == 0
    assert prepare(run).exists()
    assert run("verify", "--json").document["verdict"] == "verified"


def test_a_service_decides_nothing_through_the_library_either(run, two):
    enrol(run, "ci", "service", "approver")
    with Ledger.open("ledger.db", actor="ci") as ledger:
        for what, more in (("approved", {}), ("rejected", {"reason": "no"})):
            with pytest.raises(Misuse) as caught:
                ledger.record(what, system="credit-scoring", version="3.2.0", stage="production", **more)
            assert caught.value.message == f"{what}: 'ci' is a service, this needs a person with the role approver"
            assert caught.value.fix == f"ledger approve {NEW} --for production"
    assert run("verify", "--json").document["verdict"] == "verified"


def test_a_rejection_ends_what_was_approved(run, two):
    enrol(run)
    assert approved(run, "--yes", "3.2.0").code == 0
    refused = run("reject", NEW, "--for", "production", "--as", "ana", "--yes", "3.2.0")
    assert refused.error == ("reject needs a reason", '--reason "..."')
    done = run("reject", NEW, "--for", "production", "--as", "ana", "--reason", "age<25", "--yes", "3.2.0", "--json")
    assert done.code == 0, done.err
    said = run("show", done.document["seq"], "--json").document
    assert (said["type"], said["reason"], said["data"]["stage"]) == ("rejected", "age<25", "production")
    assert run("lineage", NEW, "--json").document["approvals"] == []


def test_an_answer_names_what_was_asked(run, two):
    enrol(run)
    asked = run("record", "approval_requested", NEW, "--stage", "production", "--needed", "2", "--as", "mara", "--json")
    done = approved(run, "--yes", "3.2.0", "--json")
    assert "asked for by" in done.err
    assert "2 people are needed" in done.err
    refs = run("show", done.document["seq"], "--json").document["refs"]
    assert [ref["seq"] for ref in refs if ref["relation"] == "answers"] == [asked.document["seq"]]


def test_a_broken_ledger_approves_nothing(run, two, cheat):
    enrol(run)
    cheat("ledger.db", "UPDATE entries SET bytes = replace(bytes, '0.684', '0.784') WHERE bytes LIKE '%0.684%'")
    done = approved(run, "--yes", "3.2.0")
    assert done.code == 3
    assert run("log", "--json", "--from", "11").document["entries"][-1]["type"] == "key_authorized"


def test_what_comes_while_one_looks_stops_the_signature(run, two, monkeypatch):
    """A worse evaluation that is recorded between the look and the signature is not approved unseen."""
    from ledger import deciding

    enrol(run)
    real = deciding.sign

    def meanwhile(*given):
        signed = real(*given)
        monkeypatch.setattr("ledger.cli.approving.sign", real)
        assert run("record", "evaluated", NEW, "--metrics", "auc=0.1", "--as", "mara").code == 0
        return signed

    monkeypatch.setattr("ledger.cli.approving.sign", meanwhile)
    done = approved(run, "--yes", "3.2.0")
    assert done.code == 4
    assert "a statement about this version came while you looked: evaluated" in done.err
    assert approved(run, "--yes", "3.2.0").code == 0


def test_other_words_that_are_none(run, two):
    enrol(run)
    assert run("approve", NEW, "--as", "ana").error == (
        "approve needs --for STAGE",
        "ledger approve SYSTEM@VERSION --for production",
    )
    assert run("approve", "--for", "production").error[0] == "approve needs SYSTEM@VERSION"
    assert approved(run, "--yes", "9", name="credit-scoring@9").code == 2
    assert approved(run, "--yes", "3.2.0", "--valid-until", "tomorrow").code == 2
    assert approved(run, "--yes", "3.2.0", "--key", Path.home() / ".config/ledger/keys/mara.key").error == (
        "--key holds a key of mara, not of ana",
        "--as mara, or another key",
    )


# ---- an OpenSSH key ----


@needs_openssh
def test_an_openssh_key_approves_and_records(run, two, monkeypatch):
    path = enrol_openssh(run)
    done = run("approve", NEW, "--for", "production", "--key", path, "--yes", "3.2.0", "--json")
    assert done.code == 0, done.err
    assert done.document["key"].startswith("SHA256:")
    monkeypatch.setenv("LEDGER_KEY", str(path))
    assert run("record", "approval_revoked", NEW, "--ends", done.document["seq"], "--reason", "no").code == 0
    whoami = run("whoami", "--json").document
    assert (whoami["handle"], whoami["roles"], whoami["schemes"]) == ("ana", ["approver"], ["sshsig-ed25519"])
    assert whoami["fingerprint"] == done.document["key"]
    assert run("approve", NEW, "--for", "staging", "--yes", "3.2.0").code == 0
    assert run("lineage", NEW, "--json").document["approvals"][-1]["key"] == done.document["key"]
    assert run("verify", "--json").document["verdict"] == "verified"


@needs_openssh
def test_a_passphrase_comes_from_a_file_a_command_or_a_person_never_from_stdin(run, two, monkeypatch):
    path = enrol_openssh(run, "open sesame")
    words = ("approve", NEW, "--for", "production", "--key", path, "--yes", "3.2.0")
    done = run(*words, stdin="open sesame\n")
    assert done.code == 2
    assert done.error[1] == (  # at once: nothing was shown or verified before
        "LEDGER_KEY_PASSPHRASE_FILE=FILE, or LEDGER_KEY_PASSPHRASE_COMMAND='...' that prints it"
    )
    Path("secret").write_text("open sesame\n")
    with monkeypatch.context() as patch:
        patch.setenv("LEDGER_KEY_PASSPHRASE_FILE", "secret")
        assert run(*words).code == 0
    for command, code in (("cat secret", 0), ("false", 2), ("no-such-command", 2), ("true", 2), ("echo wrong", 2)):
        with monkeypatch.context() as patch:
            patch.setenv("LEDGER_KEY_PASSPHRASE_COMMAND", command)
            done = run(*words)
        assert done.code == code, (command, done.err)
        assert "sesame" not in done.err + done.out


@needs_openssh
def test_an_openssh_key_is_shown_and_authorised_like_any_other(run, two):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "id"], check=True)
    assert run("key", "show", "id.pub").error == ("whose key is id.pub?", "--handle ana")
    shown = run("key", "show", "id.pub", "--handle", "ana").document
    assert shown == run("key", "show", "id", "--handle", "ana").document
    assert shown["keys"][0]["scheme"] == "sshsig-ed25519"
    words = ("--role", "approver", "--kind", "human", "--as", "mara")
    assert run("key", "authorize", "id.pub", *words).error == ("whose key is id.pub?", "--handle ana")
    assert run("key", "authorize", "id", "--handle", "ana", *words).error[0].startswith("id holds a private key")
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", "rsa"], check=True)
    done = run("key", "authorize", "rsa.pub", "--handle", "ana", *words)
    assert done.error == ("rsa.pub is a key of kind ssh-rsa; only Ed25519 signs here",
                          "make one that is: ssh-keygen -t ed25519")  # fmt: skip
    Path("ana.json").write_text(json.dumps(shown))
    assert run("key", "authorize", "ana.json", "--handle", "eve", *words).code == 2
    assert run("key", "authorize", "ana.json", *words).code == 0
    assert run("key", "list", "--json").document["keys"][1]["key"] == shown["id"]


def test_keys_in_variables_record_and_seal(run, two, monkeypatch, home):
    """CI: both keys are secrets in the environment, and there is no file."""
    for name, file in (("MINE", "mara"), ("LOGS", "ledger.bank.example+credit")):
        path = home / f".config/ledger/keys/{file}.key"
        monkeypatch.setenv(name, path.read_text())
        path.unlink()
    assert run("record", "retired", OLD, "--reason", "old").code == 2
    monkeypatch.setenv("LEDGER_KEY", "env:MINE")
    done = run("record", "retired", OLD, "--reason", "old", "--json").document
    assert (done["actor"], done["state"]) == ("mara", "placed")
    monkeypatch.setenv("LEDGER_LOG_KEY", "env:LOGS")
    assert run("record", "retired", OLD, "--reason", "old", "--json").document["state"] == "sealed"
    monkeypatch.setenv("LEDGER_LOG_KEY", "agent:SHA256:abcdefgh")
    assert "signs checkpoints as they are" in run("record", "retired", OLD, "--reason", "old").error[0]


# ---- a person at a terminal ----


class Terminal:
    """The command in a terminal of its own: what it prints, and what is typed."""

    def __init__(self, *words, columns=100):
        self.master, slave = pty.openpty()
        code = (
            "import fcntl, os, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
            "signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, sys.executable, "-m", "ledger", *map(str, words)],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns)},
        )  # fmt: skip
        os.close(slave)
        self.text, self._seen = "", 0

    def until(self, words, answer):
        """Wait for `words`, then type `answer`."""
        self._read(lambda: words in self.text[self._seen :])
        self._seen = self.text.index(words, self._seen) + len(words)
        os.write(self.master, answer.encode() + b"\n")

    def end(self):
        """Wait for the end; return the exit code."""
        self._read(lambda: False)
        os.close(self.master)
        return self.process.wait(20)

    def _read(self, enough):
        limit = time.monotonic() + 60
        while not enough():
            assert time.monotonic() < limit, self.text
            if not select.select([self.master], [], [], 1)[0]:
                continue
            try:
                data = os.read(self.master, 4096)
            except OSError:  # Linux's way of saying that the other end is closed
                data = b""
            if not data:
                assert self.process.wait(20) is not None
                return
            self.text += data.decode().replace("\r", "")


@needs_openssh
def test_a_person_reads_types_and_signs(run, two):
    path = enrol_openssh(run, "open sesame")
    one = Terminal("approve", NEW, "--for", "production", "--key", path)
    one.until("Condition (empty for none): ", "recalibrate age<25")
    one.until("Type the version to approve, anything else stops: ", "3.2.0")
    one.until("Passphrase of ", "open sesamee")
    one.until("Passphrase of ", "open sesame")
    assert one.end() == 0, one.text
    assert "open sesame" not in one.text  # what is typed there is not shown
    assert "\x1b[31mNOT MET\x1b[0m" in one.text
    assert "\x1b[32mApproved\x1b[0m: entry" in one.text
    said = run("show", run("log", "--json").document["size"] - 1, "--json").document
    assert (said["type"], said["actor"], said["data"]["conditions"]) == ("approved", "ana", ["recalibrate age<25"])
    assert run("verify", "--json").document["verdict"] == "verified"


def test_no_word_at_all_stops(run, two):
    enrol(run)
    before = run("log", "--json").document["size"]
    one = Terminal("approve", NEW, "--for", "production", "--as", "ana")
    one.until("Condition", "")
    one.until("Type the version", "\x03")
    assert one.end() == 130
    assert "Stopped. Nothing was recorded." in one.text
    assert run("log", "--json").document["size"] == before


def test_no_name_can_play_a_column(run, two):
    """A metric whose name looks like a row of its own, with a verdict, stays one cell."""
    enrol(run)
    name = "f1   0.9   0.9   >= 0.8   met"
    assert run("record", "evaluated", NEW, "--set", f"metrics={json.dumps({name: 0.1})}", "--as", "mara").code == 0
    lines = approved(run, "--yes", "3.2.0").err.splitlines()
    (line,) = [line for line in lines if "f1" in line]
    assert line.strip().startswith("f1 0.9 0.9 >= 0.8 met  ")


def test_another_word_stops(run, two):
    enrol(run)
    before = run("log", "--json").document["size"]
    one = Terminal("approve", NEW, "--for", "production", "--as", "ana", columns=80)
    one.until("Condition", "")
    one.until("Type the version", "3.2")
    assert one.end() == 1
    assert "Nothing was recorded." in one.text
    plain = one.text.replace("\x1b[31m", "").replace("\x1b[32m", "").replace("\x1b[33m", "").replace("\x1b[0m", "")
    assert all(len(line) <= 80 for line in plain.splitlines()), plain
    assert run("log", "--json").document["size"] == before


# ---- on a machine without a network ----


def prepare(run, *more, file="bytes"):
    done = run("approve", NEW, "--for", "production", "--as", "ana", "--prepare", file, *more)
    assert done.code == 0, done.err
    return Path(file)


def signed(file, key, space="statement.v1@lifecycle-ledger"):
    """What the approver does elsewhere: real ssh-keygen, on the file alone."""
    Path(f"{file}.sig").unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", space, file], check=True, capture_output=True)
    return Path(f"{file}.sig")


@needs_openssh
def test_a_decision_in_two_steps(run, two):
    key = enrol_openssh(run)
    before = run("log", "--json").document["size"]
    file = prepare(run, "--condition", "mend age<25")
    assert run("log", "--json").document["size"] == before
    text = Path("bytes.txt").read_text()
    assert "NOT MET" in text
    assert "Condition: mend age<25" in text
    assert hashlib.sha256(file.read_bytes()).hexdigest() in text
    key.rename("elsewhere")  # submitting needs no key of anybody's but the log's
    done = run("approve", "--submit", file, signed(file, "elsewhere"), "--json")
    assert done.code == 0, done.err
    said = run("show", done.document["seq"], "--json").document
    assert (said["actor"], said["data"]["conditions"]) == ("ana", ["mend age<25"])
    assert said["data"]["seen"]["size"] == before
    assert said["sealed_fields"][0]["value"] in text
    assert run("verify", "--json").document["verdict"] == "verified"
    # The same again is the same entry: what was lost on the way can be sent twice.
    again = run("approve", "--submit", file, "bytes.sig", "--json").document
    assert (again["seq"], again["again"]) == (done.document["seq"], True)
    assert run("approve", NEW, "--for", "production", "--as", "ana", "--prepare", "bytes").error[0] == (
        "bytes is there already; nothing was changed"
    )


@needs_openssh
def test_not_a_byte_may_change_between_the_two(run, two):
    key = enrol_openssh(run)
    file = prepare(run)
    good, sig = file.read_bytes(), signed(file, key)
    before = run("log", "--json").document["size"]
    for at in range(0, len(good), 37):
        file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        done = run("approve", "--submit", file, sig)
        assert done.code == 2, (at, done.out)
    for changed in (good + b"\n", good[:-1], b"", good.replace(b'"3.2.0"', b'"3.1.0"'), b"\xff" * 70_000):
        file.write_bytes(changed)
        assert run("approve", "--submit", file, sig).code == 2
    file.write_bytes(good)
    for name in ("bytes", "bytes.disclosure", "none"):
        assert run("approve", "--submit", file, name).code == 2
    disclosure = Path("bytes.disclosure")
    kept = disclosure.read_text()
    for changed in (kept[:-6] + "AAAA\n", "x", kept + kept[1:], kept + kept):
        disclosure.write_text(changed)
        assert run("approve", "--submit", file, sig).error[0].startswith("bytes.disclosure does not open"), changed
    assert run("log", "--json").document["size"] == before
    disclosure.unlink()
    done = run("approve", "--submit", file, sig)
    assert done.code == 0
    assert "not kept" in done.out
    assert run("verify", "--json").document["verdict"] == "verified"


@needs_openssh
def test_a_wrong_signature_says_what_is_wrong_with_it(run, two):
    key = enrol_openssh(run)
    file = prepare(run)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "another"], check=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", "ecdsa"], check=True)
    words = "not by that key over these bytes"
    for sign, word in (
        (lambda: signed(file, key, "file"), "the signature was made for the namespace 'file'"),
        (lambda: signed(file, "another"), "the signature is by SHA256:"),
        (lambda: signed(file, "ecdsa"), "not by a key that signs here"),
        (lambda: signed(Path("credit@1"), key), words),
    ):
        done = run("approve", "--submit", file, sign())
        assert done.code == 2
        assert word in done.error[0]
        assert done.error[1] == "ssh-keygen -Y sign -f KEY -n statement.v1@lifecycle-ledger FILE"


@needs_openssh
def test_what_was_prepared_counts_in_the_ledger_that_was_seen_alone(run, two, monkeypatch, tmp_path):
    key = enrol_openssh(run)
    shutil.copytree(".", "../fork")
    assert run("record", "evaluated", NEW, "--metrics", "auc=0.8", "--as", "mara").code == 0
    file = prepare(run).absolute()
    sig = signed(file, key)
    assert run("reject", "--submit", "bytes", sig).error[0] == "bytes says approved; this is ledger reject"
    # Another history of the same ledger: where the approver saw one evaluation, this has another.
    with monkeypatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
        patch.chdir("../fork")
        done = run("approve", "--submit", file, sig)
        assert (done.code, "saw a ledger of" in done.error[0]) == (3, True)
        assert run("record", "evaluated", NEW, "--metrics", "auc=0.9", "--as", "mara").code == 0
        assert run("approve", "--submit", file, sig).code == 3
    # In another ledger of the same people with the same keys it is nothing.
    assert run("init", "../other", "--origin", "ledger.bank.example/other", "--as", "mara").code == 0
    assert run("approve", "--submit", file, sig, "--ledger", "../other").code == 2
    # In the one that was seen it counts, and what came since is said.
    assert run("record", "evaluated", NEW, "--metrics", "auc=0.5", "--as", "mara").code == 0
    done = run("approve", "--submit", file, sig)
    assert done.code == 0, done.err
    assert "came since" in done.out
    assert run("verify", "--json").document["verdict"] == "verified"


@needs_openssh
def test_a_revoked_approver_submits_nothing(run, two):
    key = enrol_openssh(run)
    file = prepare(run)
    sig = signed(file, key)
    assert run("key", "revoke", "ana", "--why", "left", "--as", "mara").code == 0
    done = run("approve", "--submit", file, sig)
    assert (done.code, "is not in force here" in done.error[0]) == (2, True)
    assert run("approve", NEW, "--for", "production", "--as", "ana", "--prepare", "more").code == 2
    assert run("approve", NEW, "--for", "production", "--prepare", "more").error[0] == "whose decision will that be?"


def test_a_raw_key_signs_elsewhere_too(run, two):
    """A key of the ledger's own kind, by openssl: 64 bytes over the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here")
    enrol(run)
    file = prepare(run)
    key = Path.home() / ".config/ledger/keys/ana.key"
    command = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", file, "-out", "bytes.sig"]
    subprocess.run(command, check=True)
    assert run("approve", "--submit", file, "bytes.sig").code == 0
    assert run("verify", "--json").document["verdict"] == "verified"


def test_open_findings_are_shown_and_kept_in_the_approval(run, two):
    enrol(run)
    assert run("record", "drift_alerted", OLD, "--metric", "psi", "--alert", "drift-1", "--as", "mara").code == 0
    done = approved(run, "--yes", "3.2.0", "--json")
    text = " ".join(" ".join(done.document["shown"]).split())
    at = text.index("open findings")
    assert text.index("F03 error: change of a system in service, substantial modification not assessed") > at
    assert text.index("V07 warning: auc for age<25 is 0.684, threshold >= 0.7; no condition recorded") > at
    assert text.index("M02 warning: 3.1.0: alert on psi (warning) is open [13]") > at
    # In the approval itself, too: sealed with the rest of the text, for whoever asks what the approver knew.
    (note,) = run("show", done.document["seq"], "--json").document["sealed_fields"]
    assert "V07 warning" in note["value"]
    assert [one["rule"] for one in done.document["findings"]][:1] == ["F03"]


def test_findings_are_a_command_of_their_own(run, two):
    done = run("findings", NEW)
    assert done.code == 1
    assert "  V07  warning  auc for age<25 is 0.684" in done.out
    assert "ledger record substantial_modification_assessed credit-scoring@3.2.0 --decision ..." in done.out
    assert "No finding does not mean that all is well." in done.out
    assert all(len(line) <= 100 for line in done.out.splitlines())
    errors = run("findings", NEW, "--level", "error", "--json")
    assert {one["severity"] for one in errors.document["findings"]} == {"error"}
    assert errors.document["schema"] == "ledger.findings/1"
    assert run("findings", "@3.2.0", "--json").document["findings"]
    assert run("findings", "credit-scoring@9", "--json").code == 2


def test_the_second_time_what_grew_is_checked_and_what_is_shown(run, two):
    enrol(run)
    first = approved(run, "--yes", "3.2.0", stage="staging")
    assert "checked now" not in first.err
    text = " ".join(approved(run, "--yes", "3.2.0").err.split())
    size = run("log", "--json").document["size"] - 1
    assert f"this ledger {size} entries, VERIFIED a moment ago" in text
    said = rf"checked now entry {size - 1}, and the \d+ entries on which this text rests\."
    assert re.search(said, text)
    assert "those that passed all checks on 20" in text
    # What the screen said of the other entries holds for the verification of everything, too.
    assert run("verify", "--json").document["verdict"] == "verified"


@pytest.fixture
def many(run, two):
    """The same with 300 entries more about another system, all of it checked."""
    said = {"system": "other", "artifacts": {"model": "sha256:" + "a" * 64}, "metrics": {"auc": 0.5}}
    with Ledger.open(two) as ledger:
        ledger.record_many(("evaluated", said) for _ in range(300))
    enrol(run)
    assert approved(run, "--yes", "3.2.0", stage="staging").code == 0
    return two


def test_an_old_entry_that_is_shown_was_changed(run, many, cheat):
    before = run("log", "--json").document["size"]
    cheat(many, "UPDATE entries SET bytes = replace(bytes, '0.684', '0.784') WHERE seq = 10")
    done = approved(run, "--yes", "3.2.0")
    assert done.code == 3
    assert done.error[0].startswith("this ledger is broken: entry 10")
    assert done.error[0].endswith("nothing was recorded")
    assert run("log", "--json").document["size"] == before


def test_an_old_entry_that_is_not_shown_was_changed_and_that_was_not_said_to_be_read(run, many, cheat):
    cheat(many, "UPDATE entries SET bytes = replace(bytes, '0.5', '0.6') WHERE seq = 99")
    done = approved(run, "--yes", "3.2.0")
    assert done.code == 0
    assert "to read them again: ledger verify" in " ".join(done.err.split())
    assert run("verify").code == 3
    assert approved(run, "--yes", "3.2.0", stage="test").code == 0  # it is no part of what is approved


MISSED = "auc, age<25 0.71 0.684 >= 0.7 NOT MET"
FORGED = {
    "a measure": ("UPDATE evaluations SET data = replace(data, '0.684', '0.999')", MISSED),
    "a threshold": ("UPDATE plans SET data = replace(data, '0.7,', '0.1,')", MISSED),
    "who made it": ("UPDATE versions SET trained_by = 'eve'", "four eyes kept: trained by mara (9)"),
    "what runs": ("UPDATE deployments SET set_digest = 'sha256:00'", "max_depth 6 8"),
    "a name": ("UPDATE labels SET version = '3.2.0' WHERE version = '3.1.0'", "credit-scoring 3.2.0 set"),
    "data": ("UPDATE datasets SET rows = 7", "training data credit@1 credit@2 1,000 -> 1,240 rows"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_row_is_not_what_the_approver_sees(run, two, what):
    """Whoever may write beside the ledger changes what was computed from it: the entries are asked, and say it."""
    enrol(run)
    assert "the tables" not in approved(run, "--yes", "3.2.0", stage="staging").err
    sql, row = FORGED[what]
    connection = apsw.Connection(str(two.with_suffix(".projections.db")))
    connection.execute(sql)
    assert connection.changes() > 0
    connection.close()
    done = approved(run, "--yes", "3.2.0")
    assert done.code == 0, done.err
    assert row in " ".join(done.err.split())
    assert "the tables said something else than the entries do" in " ".join(done.err.split())
    assert run("rebuild").code in (0, 1)
    assert "the tables" not in approved(run, "--yes", "3.2.0", stage="test").err
