"""A told ledger, witnesses as processes of their own, and servers that are none."""

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from ledger.config import witness_key_path, witness_state_path
from ledger.keys.files import load_witness_key, save
from ledger.keys.witness_key import WitnessKey
from ledger.witness.cosigner import Cosigner
from ledger.witness.state import State
from tests.log.conftest import keys, template, told  # noqa: F401 - fixtures

LIAR = Path(__file__).parent / "liar.py"


@pytest.fixture
def make_witness(told):  # noqa: F811
    """Make a witness of this user's that follows the told log."""

    def make(name):
        key = WitnessKey.generate(name)
        save(witness_key_path(name), key.to_pem())
        State.create(witness_state_path(name)).follow(told.genesis.log_keys[:1])
        return Cosigner(load_witness_key(witness_key_path(name), name), State(witness_state_path(name)))

    return make


@pytest.fixture
def start():
    """Start a witness's server as a process; return its address, its public keys and the process."""
    started = []

    def run(words, public):
        process = subprocess.Popen(
            [sys.executable, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ,
            text=True,
        )
        started.append(process)
        url = json.loads(process.stdout.readline())["url"]
        return SimpleNamespace(url=url, keys=public, process=process)

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def serve(start, make_witness):
    """Start an honest witness."""

    def run(name):
        public = make_witness(name).key.verifier_keys
        return start(["-m", "ledger", "witness", "serve", "--as", name, "--port", 0, "--json"], public)

    return run


@pytest.fixture
def liar(start):
    """Start a witness that cosigns whatever it is shown."""

    def run(name):
        key = WitnessKey.generate(name)
        save(witness_key_path(name), key.to_pem())
        return start([LIAR, witness_key_path(name), name], key.verifier_keys)

    return run


@pytest.fixture
def down():
    """An address where nobody answers."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


@pytest.fixture
def server():
    """Start a server in this process that answers each POST with what a function of (path, body) returns."""
    started = []

    def run(answer):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                answer(self, self.path, self.rfile.read(length))

            do_GET = do_POST

            def log_message(self, *_):
                pass

        made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        made.daemon_threads = True
        thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        started.append((made, thread))
        return f"http://127.0.0.1:{made.server_port}"

    yield run
    for made, thread in started:
        made.shutdown()
        thread.join()
        made.server_close()
