"""What is taken from the surroundings: real repositories, real variables; nothing private, and never an error."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger import capture
from ledger.capture import ci_run, context, without_secrets
from ledger.encoding import encode


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """No cache, no CI, no settings of this machine's user, and no repository above the test's folder."""
    capture._context.cache_clear()
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "GITLAB_", "CI", "GIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    yield
    capture._context.cache_clear()


def git(folder, *words):
    author = ["-c", "user.name=Mara", "-c", "user.email=mara@bank.example", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *author, "-C", str(folder), *words], capture_output=True, check=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    git(folder, "init")
    (folder / "train.py").write_text("print(1)")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    monkeypatch.chdir(folder / "src")
    return folder


def code():
    capture._context.cache_clear()
    return context(["git"]).get("code")


def test_commit_and_whether_it_is_what_ran(repository):
    commit = git(repository, "rev-parse", "HEAD")
    assert code() == {"commit": commit, "dirty": False}
    (repository / "model.joblib").write_text("an output is not a change of the code")
    assert code() == {"commit": commit, "dirty": False}
    (repository / "train.py").write_text("print(2)")
    assert code() == {"commit": commit, "dirty": True}
    git(repository, "add", "train.py")
    assert code() == {"commit": commit, "dirty": True}


def test_the_remote_without_who_may_read_it(repository):
    git(repository, "remote", "add", "origin", "https://mara:gh_token@git.bank.example/risk/credit.git")
    assert code()["repository"] == "https://git.bank.example/risk/credit.git"
    git(repository, "remote", "set-url", "origin", "/home/mara/credit.git")
    assert "repository" not in code()


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://git.example/a/b", "https://git.example/a/b"),
        ("https://user:pass@git.example:8443/a/b.git?token=x#y", "https://git.example:8443/a/b.git"),
        ("https://token@git.example/a", "https://git.example/a"),
        ("https://us@er:p@ss@git.example/a", "https://git.example/a"),
        ("ssh://git@[2001:db8::1]:22/a", "ssh://[2001:db8::1]:22/a"),
        ("git@git.example:a/b.git", "git.example:a/b.git"),
        ("git.example:a/b.git", "git.example:a/b.git"),
        ("https://user:pa/ss@git.example/a", ""),
        ("/home/mara/credit", ""),
        ("../credit@work:x", ""),
        ("file:///home/mara/credit", ""),
        ("https://[bad", ""),
        ("", ""),
    ],
)
def test_addresses(address, kept):
    assert without_secrets(address) == kept


def test_without_a_commit_a_repository_or_git_there_is_less(repository, tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert code() is None
    git(empty, "init")
    assert code() is None
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", str(empty))
    assert code() is None
    assert context().keys() == {"python", "platform"}


def test_a_git_that_hangs_is_not_waited_for(repository, tmp_path, monkeypatch):
    """The commit is still told where only the look for changes takes too long."""
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text('#!/bin/sh\ncase "$*" in *status*) exec sleep 60;; *rev-parse*) echo abc;; *) exit 1;; esac\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(slow.parent), prepend=os.pathsep)
    monkeypatch.setattr(capture, "GIT_SECONDS", 1.0)
    assert code() == {"commit": "abc"}


def test_no_program_of_the_repository_is_run(repository, tmp_path):
    hook = tmp_path / "monitor"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(hook))
    assert code()["dirty"] is False
    assert not (tmp_path / "ran").exists()


def test_the_nearest_lockfile_within_the_repository(repository, tmp_path):
    (tmp_path / "uv.lock").write_text("of another project")
    assert "lockfile" not in context(["lockfile"])
    (repository / "requirements.txt").write_text("numpy==2")
    (repository / "uv.lock").write_text("numpy")
    capture._context.cache_clear()
    digest = hashlib.sha256(b"numpy").hexdigest()
    assert context(["lockfile"]) == {"lockfile": {"digest": f"sha256:{digest}", "name": "uv.lock"}}
    (repository / "src" / "requirements.txt").write_text("here")
    capture._context.cache_clear()
    assert context(["lockfile"])["lockfile"]["name"] == "requirements.txt"


def test_the_search_for_a_lockfile_ends_at_home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    (tmp_path / "uv.lock").write_text("above")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "work")
    assert context(["lockfile"]) == {}


def test_a_folder_that_is_gone_gives_less(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert context(["python", "ci"]).keys() == {"python", "platform"}


GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "mara",
    "GITHUB_TOKEN": "ghs_secret",
    "GITHUB_REPOSITORY": "bank/credit",
    "GITHUB_WORKFLOW": "train",
    "GITHUB_RUN_ID": "9",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "fit",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SHA": "ef89eec57998be9344cbaa9804e11987a288750b",
}
GITLAB = {
    "GITLAB_CI": "true",
    "GITLAB_USER_LOGIN": "dev",
    "GITLAB_USER_EMAIL": "dev@example.org",
    "CI_JOB_TOKEN": "secret",
    "CI_PROJECT_PATH": "risk/credit",
    "CI_PIPELINE_ID": "1000",
    "CI_JOB_ID": "977121",
    "CI_JOB_URL": "https://ci:secret@gitlab.example.org/risk/credit/-/jobs/977121",
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_SHA": "ef89eec57998be9344cbaa9804e11987a288750b",
}


def test_ci_runs_are_named_without_users_and_tokens():
    github, gitlab = ci_run(GITHUB)["ci"], ci_run(GITLAB)["ci"]
    assert github.items() >= {"system": "github", "repository": "bank/credit", "run": "9", "job": "fit"}.items()
    assert gitlab.items() >= {"system": "gitlab", "repository": "risk/credit", "run": "1000", "job": "977121"}.items()
    assert gitlab["url"] == "https://gitlab.example.org/risk/credit/-/jobs/977121"
    for word in ("mara", "dev", "secret"):
        assert word not in repr((github, gitlab))
    assert ci_run({}) == ci_run({**GITLAB, "GITLAB_CI": "false"}) == {}


def test_whatever_the_environment_holds_can_be_written(monkeypatch, tmp_path):
    odd = b"a\xff\n\x1b[31m\xe2\x80\xae" + b"x" * 5000
    for name in GITHUB:
        monkeypatch.setenv(name, os.fsdecode(odd))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.chdir(tmp_path)
    found = context()
    assert found["ci"]["job"].startswith("a[31mx")
    assert len(encode(found)) < 8_000


def test_python_and_platform_without_the_machines_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = context(["python"])
    assert found["python"].endswith(".".join(map(str, sys.version_info[:3])))
    assert found["platform"].split()[0] == os.uname().sysname
    assert os.uname().nodename not in found["platform"].split()


def test_taken_once(repository):
    assert context() is context()
    first = context(["git"])
    (repository / "train.py").write_text("changed while training")
    assert context(["git"]) is first
    assert Path.cwd() == repository / "src"
