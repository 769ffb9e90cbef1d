"""What surrounds a recording: code commit, lockfile, Python, platform, CI run. Taken once a process; never an error.

No host or user name, no secret: a repository's address loses its user and password. What cannot be had is left out.
"""

import hashlib
import os
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

GIT_SECONDS: Final = 2.0
LOCKFILES: Final = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "requirements.txt")
_LOCKFILE_LIMIT: Final = 64 * 2**20
_LONGEST: Final = 512

# What names the run, and where it is seen again: variables that GitHub Actions and GitLab CI set (their documentation).
_CI: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "github": (
        "GITHUB_ACTIONS",
        {
            "repository": "GITHUB_REPOSITORY",
            "workflow": "GITHUB_WORKFLOW",
            "run": "GITHUB_RUN_ID",
            "attempt": "GITHUB_RUN_ATTEMPT",
            "job": "GITHUB_JOB",
            "ref": "GITHUB_REF",
            "commit": "GITHUB_SHA",
        },
    ),
    "gitlab": (
        "GITLAB_CI",
        {
            "repository": "CI_PROJECT_PATH",
            "run": "CI_PIPELINE_ID",
            "job": "CI_JOB_ID",
            "url": "CI_JOB_URL",
            "ref": "CI_COMMIT_REF_NAME",
            "commit": "CI_COMMIT_SHA",
        },
    ),
}


def context(wanted: Sequence[str] = ("git", "lockfile", "python", "ci")) -> dict[str, Any]:
    """Return the `context` of statements recorded by this process, from its working directory."""
    try:
        folder = os.getcwd()  # noqa: PTH109 - a key of the cache
    except OSError:  # the folder was removed under us
        folder = os.sep
    return _context(tuple(wanted), folder, os.getpid())


@cache
def _context(wanted: tuple[str, ...], folder: str, process: int) -> dict[str, Any]:  # noqa: ARG001 - a fork is new
    found: dict[str, Any] = {}
    for name in wanted:
        found.update(_TAKES[name](Path(folder)))
    return found


def _git(folder: Path) -> dict[str, Any]:
    commit = _ask_git(folder, "rev-parse", "HEAD")
    if not commit:
        return {}
    code: dict[str, Any] = {"commit": commit}
    status = _ask_git(folder, "status", "--porcelain", "--untracked-files=no")
    if status is not None:
        code["dirty"] = bool(status)
    if repository := without_secrets(_ask_git(folder, "config", "--get", "remote.origin.url") or ""):
        code["repository"] = repository
    return {"code": code}


def _ask_git(folder: Path, *words: str) -> str | None:
    """Return what git says; None where it is not there, takes too long or has nothing to say about this folder."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            # The git of the user's PATH is the one meant; the monitor would be a program of the repository's choice.
            ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *words],  # noqa: S607
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _clean(done.stdout.decode("utf-8", "replace").strip()) if done.returncode == 0 else None


def without_secrets(address: str) -> str:
    """Return a repository's address without user, password, query and fragment; "" for one on this machine.

    A path names the user whose home it is in, so nothing of it is kept.
    """
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2] if parts.port is None or parts.port else ""
    except ValueError:
        return ""
    if parts.scheme and "://" in address:
        return urlunsplit((parts.scheme, host, parts.path, "", "")) if host else ""
    login, colon, path = address.partition(":")  # git@host:path, as ssh writes it
    return f"{login.rpartition('@')[2]}:{path}" if colon and "/" not in login else ""


def _lockfile(folder: Path) -> dict[str, Any]:
    """The nearest lockfile from `folder` upward, not beyond the repository or the home folder."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - never raises
    for place in (folder, *folder.parents):
        for name in LOCKFILES:
            if digest := _digest(place / name):
                return {"lockfile": {"digest": f"sha256:{digest}", "name": name}}
        if place == home or os.path.exists(place / ".git"):  # noqa: PTH110 - no error where it may not be looked at
            break
    return {}


def _digest(path: Path) -> str:
    try:
        if path.is_file() and path.stat().st_size <= _LOCKFILE_LIMIT:
            return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
    return ""


def _python(folder: Path) -> dict[str, Any]:  # noqa: ARG001 - one form for all
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return {"platform": _clean(system), "python": f"{platform.python_implementation()} {platform.python_version()}"}


def _ci(folder: Path) -> dict[str, Any]:  # noqa: ARG001
    return ci_run(os.environ)


def ci_run(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the `ci` part of a context, from the variables that a CI system sets; empty outside of one."""
    for system, (mark, names) in _CI.items():
        if environment.get(mark) == "true":
            run = {name: _clean(environment[variable]) for name, variable in names.items() if environment.get(variable)}
            if "url" in run:
                run["url"] = without_secrets(run["url"])
            return {"ci": {"system": system, **run}}
    return {}


def _clean(text: str) -> str:
    """Cut foreign text to what an entry may hold."""
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST]


_TAKES: Final[dict[str, Callable[[Path], dict[str, Any]]]] = {
    "git": _git,
    "lockfile": _lockfile,
    "python": _python,
    "ci": _ci,
}
