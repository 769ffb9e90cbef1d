"""The Go project's own verifier of transparency logs accepts a published folder, and refuses a changed one.

Runs where Go and golang.org/x/mod are: Debian has both, `apt-get install golang-go golang-golang-x-mod-dev`.
"""

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ledger.api import Ledger
from ledger.merkle.bundles import read_bundle, write_bundle
from ledger.publish import publish
from ledger.stores.folder import Folder
from tests.log.acts import say_many

SOURCE = Path(__file__).parent / "go/verify.go"
COUNT = 100_000


@pytest.fixture(scope="module")
def verifier(tmp_path_factory):
    """The program, built; where Go or the packages are not, nothing here can be run."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed")
    place = tmp_path_factory.mktemp("go")
    paths = ["/usr/share/gocode", os.environ.get("GOPATH") or str(Path.home() / "go")]
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": os.pathsep.join(paths),
        "GOCACHE": str(place / "cache"),
        "GOFLAGS": "",
    }
    if not any((Path(path) / "src/golang.org/x/mod/sumdb/tlog").is_dir() for path in paths):
        pytest.skip("golang.org/x/mod is not installed")
    program = place / "verify"
    done = subprocess.run(["go", "build", "-o", program, SOURCE], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def verify(program, folder, vkey):
    return subprocess.run([program, folder, vkey], capture_output=True, text=True, timeout=120)


def test_it_accepts_a_hundred_thousand_entries(verifier, ledger, tmp_path):
    say_many(ledger, COUNT)
    out = tmp_path / "public"
    note = ledger.close_checkpoint()
    publish(ledger.store, note, Folder(out))
    vkey = ledger.genesis.log_keys[0].text
    done = verify(verifier, out, vkey)
    root = base64.b64encode(ledger.checkpoint().root).decode()
    assert (done.returncode, done.stdout) == (0, f"{COUNT + 1} {root}\n"), done.stderr
    say_many(ledger, 1_000)
    publish(ledger.store, ledger.close_checkpoint(), Folder(out))
    assert verify(verifier, out, vkey).stdout.startswith(f"{COUNT + 1_001} ")


CHANGES = {
    "an entry": ("tile/entries/001", lambda data: write_bundle([b"x", *read_bundle(data)[1:]]), "the entries lead to"),
    "a tile": ("tile/0/001", lambda data: bytes(32) + data[32:], "tile/8/0/001 is not"),
    "the end of the tree": ("tile/1/000.p/2", lambda data: data[:32] + bytes(32), "tile/8/1/000.p/2 is not"),
    "the checkpoint": ("checkpoint", lambda data: data.replace(b"\n617\n", b"\n616\n"), "invalid signature"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_it_refuses_what_was_changed(verifier, long, send, out, what):
    send(long)
    vkey = long.genesis.log_keys[0].text
    assert verify(verifier, out, vkey).returncode == 0
    name, change, said = CHANGES[what]
    (out / name).write_bytes(change((out / name).read_bytes()))
    done = verify(verifier, out, vkey)
    assert done.returncode == 1
    assert said in done.stderr
    assert Ledger.open(long.path).verify().verdict == "VERIFIED"  # at home all is well
