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
    return _context(tuple(wanted), os.getcwd(), os.getpid())  # noqa: PTH109 - a key of the cache


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
    if remote := _ask_git(folder, "config", "--get", "remote.origin.url"):
        code["repository"] = without_secrets(remote)
    return {"code": code}


def _ask_git(folder: Path, *words: str) -> str | None:
    """Return what git says; None where it is not there, takes too long or has nothing to say about this folder."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            ["git", "-C", str(folder), *words],  # noqa: S607 - the git of the user's PATH is the one meant
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
    """Return a repository's address without user, password, query and fragment."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme and parts.netloc:
        return urlunsplit((parts.scheme, f"{parts.hostname or ''}{port}", parts.path, "", ""))
    return address.rpartition("@")[2]


def _lockfile(folder: Path) -> dict[str, Any]:
    for place in (folder, *folder.parents):
        for name in LOCKFILES:
            path = place / name
            try:
                if path.is_file() and path.stat().st_size <= _LOCKFILE_LIMIT:
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    return {"lockfile": {"digest": f"sha256:{digest}", "name": name}}
            except OSError:
                continue
        if (place / ".git").exists():
            break
    return {}


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
