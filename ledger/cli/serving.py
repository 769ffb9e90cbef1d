"""`ledger witness serve`: a witness of one's own over HTTP."""

import socket
import sys

import click

from ledger.cli.cosigning import chosen, named
from ledger.cli.frame import Call, command
from ledger.cli.screen import document_text
from ledger.errors import Unavailable


@command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8420, show_default=True, help="0: any that is free.")
@named
def serve(call: Call, host: str, port: int, name: str | None) -> int:
    """Cosign over HTTP (c2sp.org/tlog-witness) until stopped. Put a reverse proxy before it, for TLS and limits."""
    from ledger.witness.serving import serve as run

    witness = chosen(name)
    logs = witness.state.logs()
    with _listener(host, port) as listener:
        place, number = listener.getsockname()[:2]
        url = f"http://[{place}]:{number}" if ":" in place else f"http://{place}:{number}"
        if call.json:
            told = document_text({"schema": "ledger.witness_serves/1", "name": witness.key.name, "url": url})
        else:
            many = f"{len(logs)} log{'' if len(logs) == 1 else 's'}"
            told = f"{witness.key.name} answers at {url}/add-checkpoint for {many}. Stop it with Ctrl-C."
        print(told, flush=True)
        if not logs:
            print("It follows no log yet: ledger witness follow VKEY", file=sys.stderr)
        run(witness, listener)
    return 0


def _listener(host: str, port: int) -> socket.socket:
    try:
        kind = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(kind[0], kind[1])
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(kind[4])
        listener.listen(128)
    except OSError as error:
        what = f"{host}:{port} cannot be listened on: {error.strerror or error}"
        raise Unavailable(what, "another --port", code="listen") from None
    return listener
