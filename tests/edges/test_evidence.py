"""Files and folders as evidence: what a shell computes is what is signed, and what is no plain file is refused."""

import hashlib
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from ledger import evidence
from ledger.errors import Misuse
from ledger.evidence import directory, file, read_manifest

FORMAT = Path(__file__).parents[2] / "ledger" / "FORMAT.md"


def by_shell(folder):
    """The digest by the very pipeline that FORMAT.md prints."""
    line = next(line for line in FORMAT.read_text().splitlines() if line.startswith("    cd FOLDER"))
    line = line.strip().replace("cd FOLDER", 'cd "$1"')
    done = subprocess.run(["bash", "-c", line, "bash", folder], capture_output=True, check=True)
    return "sha256:" + done.stdout.split()[0].decode()


def refused(call, path):
    with pytest.raises(Misuse) as caught:
        call(path)
    return caught.value


def test_a_file_is_its_bytes(tmp_path):
    path = tmp_path / "credit.CSV"
    data = os.urandom(3_000_001)
    path.write_bytes(data)
    found = file(path)
    assert found.to_json() == {
        "digest": "sha256:" + hashlib.sha256(data).hexdigest(),
        "kind": "file",
        "media_type": "text/csv",
        "name": "credit.CSV",
        "size": 3_000_001,
    }
    more = file(str(path), name="n", uri="s3://b/k", retention="A", personal_data=True, media_type="a/b").to_json()
    assert (
        more.items()
        >= {"name": "n", "uri": "s3://b/k", "retention": "A", "personal_data": True, "media_type": "a/b"}.items()
    )
    assert "personal_data" not in file(path, personal_data=False).to_json()
    (tmp_path / "m.joblib").write_bytes(b"")
    assert (file(tmp_path / "m.joblib").size, file(tmp_path / "m.joblib").media_type) == (0, "application/octet-stream")
    (tmp_path / "latest").symlink_to(path)
    assert file(tmp_path / "latest").digest == found.digest


def test_a_folder_is_what_the_shell_of_the_format_computes(tmp_path):
    names = [
        "b",
        "a b.txt",
        "a/z",
        "a.txt",
        "a-b/c",
        "é/ü ß.csv",
        "deep/er/est/x",
        "  blank  ",
        "'q\"",
        "-n",
        "*",
        "Z",
        "$HOME",
    ]
    for number, name in enumerate(names):
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * number)
    Path(os.fsdecode(os.fsencode(tmp_path / "out") + b"/latin-\xe9")).write_bytes(b"1")
    (tmp_path / "out" / "empty").mkdir()
    found = directory(tmp_path / "out")
    assert found.digest == by_shell(tmp_path / "out")
    assert (found.kind, found.size, found.name) == ("directory", sum(range(len(names))) + 1, "out")
    manifest = read_manifest(tmp_path / "out")[0].split(b"\n")
    assert manifest[0] == b"ledger-manifest/v1"
    assert manifest[-1] == b""
    assert [line[66:] for line in manifest[1:-1]] == sorted(line[66:] for line in manifest[1:-1])


def test_the_empty_folder_and_its_name(tmp_path, monkeypatch):
    assert directory(tmp_path).digest == by_shell(tmp_path)
    assert directory(tmp_path).size == 0
    monkeypatch.chdir(tmp_path)
    assert directory(".").name == tmp_path.name


def test_a_folder_named_by_a_link_is_read_but_links_below_are_not(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").write_text("1")
    (tmp_path / "link").symlink_to("out")
    assert directory(tmp_path / "link").digest == directory(tmp_path / "out").digest == by_shell(tmp_path / "out")
    (tmp_path / "out" / "to-a-file").symlink_to("x")
    assert refused(directory, tmp_path / "out").message.endswith("to-a-file is a link")
    (tmp_path / "out" / "to-a-file").unlink()
    (tmp_path / "out" / "to-a-folder").symlink_to(".")
    assert refused(directory, tmp_path / "out").message.endswith("to-a-folder is a link")


@pytest.mark.parametrize("name", ["a\nb", "a\\b", "a\tb", "a\x7fb", "a\x85b"])
def test_names_that_no_manifest_can_hold(tmp_path, name):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).write_text("1")
    error = refused(directory, tmp_path)
    assert error.code == "evidence_name"
    assert repr("sub/" + name) in error.message


def test_what_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    missing = refused(file, "model.joblib")
    assert missing.message == f"model.joblib: no such file (in {tmp_path})"
    assert missing.fix == "the path your code saved to"
    assert refused(directory, "nowhere").message == f"nowhere: no such folder (in {tmp_path})"
    (tmp_path / "out").mkdir()
    folder = refused(file, "out/")
    assert (folder.message, folder.fix) == ("out/ is a folder", 'ledger.directory("out/")')
    (tmp_path / "x").write_text("1")
    assert refused(directory, "x").fix == 'ledger.file("x")'
    (tmp_path / "broken").symlink_to("nothing")
    assert refused(file, "broken").code == "evidence_missing"


def test_pipes_sockets_and_devices_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert refused(file, tmp_path / "pipe").message.endswith("is a pipe")
    assert refused(directory, tmp_path).message.endswith("is a pipe")
    assert refused(file, "/dev/null").message == "/dev/null is a device"
    (tmp_path / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(tmp_path / "s"))
        assert refused(directory, tmp_path).message.endswith("is a socket")


def test_what_cannot_be_read(tmp_path):
    path = tmp_path / "secret"
    path.write_text("1")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user reads everything")
    assert "cannot be read: permission denied" in refused(file, path).message
    assert "cannot be read: permission denied" in refused(directory, tmp_path).message


def _append(path):
    with path.open("ab") as opened:
        opened.write(b"more")


def _rewrite(path):
    with path.open("r+b") as opened:
        opened.write(b"X")


def _cut(path):
    os.truncate(path, 10)


def _replace(path):
    new = path.with_name("new")
    new.write_bytes(path.read_bytes())
    stamp = path.stat()
    os.utime(new, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    new.replace(path)


@pytest.mark.parametrize("change", [_append, _rewrite, _cut, _replace], ids=lambda change: change.__name__)
def test_a_file_that_changes_while_read(tmp_path, monkeypatch, change):
    path = tmp_path / "model.joblib"
    path.write_bytes(b"a" * 100)
    os.utime(path, ns=(1, 1))
    real = hashlib.sha256

    class Changing:
        """Changes the file once its first bytes were read."""

        def __init__(self):
            self.real = real()

        def update(self, data):
            self.real.update(data)
            change(path)

        def hexdigest(self):
            return self.real.hexdigest()

    monkeypatch.setattr(evidence.hashlib, "sha256", Changing)
    error = refused(file, path)
    assert re.search(r"model\.joblib changed while read$", error.message)
    assert error.fix == "record after it is closed"


def test_a_folder_that_grows_while_read(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("1")
    real = evidence._digest

    def growing(path, **more):
        (tmp_path / "b").write_text("2")
        return real(path, **more)

    monkeypatch.setattr(evidence, "_digest", growing)
    assert refused(directory, tmp_path).message == f"{tmp_path} changed while read"


def test_names_of_the_caller_are_checked(tmp_path):
    (tmp_path / "x").write_text("1")
    with pytest.raises(Misuse, match="retention"):
        file(tmp_path / "x", retention="B")
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/latin-\xe9"))
    odd.write_text("1")
    assert file(odd).name is None


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files")
def test_what_is_refused_is_closed(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for path in (tmp_path, tmp_path / "pipe", "/dev/null"):
        refused(file, path)
    assert len(os.listdir("/proc/self/fd")) == before
