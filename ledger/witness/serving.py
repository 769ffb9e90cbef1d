"""A witness as a web server (c2sp.org/tlog-witness): two paths, bounded bodies, nothing kept in memory. Extra `web`.

    POST /add-checkpoint                   a request; answered once the cosignature is durable
    GET  /<SHA-256 of the origin>/checkpoint   the newest checkpoint of a log that was cosigned

TLS and limits by address are the reverse proxy's part.
"""

import asyncio
import socket
from typing import Final

from ledger.errors import LedgerError, Misuse
from ledger.notes.adding import REQUEST_LIMIT
from ledger.witness.cosigner import Cosigner, Reply

try:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import Response
    from starlette.routing import Route
except ImportError:
    raise Misuse("a witness's server needs an extra", "pip install 'lifecycle-ledger[web]'", code="extra") from None

_SECONDS: Final = 30.0  # in which a request must have come
_AT_ONCE: Final = 64  # connections
_TEXT: Final = "text/plain; charset=utf-8"


def application(witness: Cosigner) -> Starlette:
    """Return the web application of a witness."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(_SECONDS):
                body = await _body(request)
        except TimeoutError:
            return _response(Reply(408, b"the request did not come in time\n", _TEXT))
        except ClientDisconnect:
            return _response(Reply(400, b"", _TEXT))
        if body is None:
            return _response(Reply(413, f"more than {REQUEST_LIMIT} bytes\n".encode(), _TEXT))
        return _response(await run_in_threadpool(_answer, witness, body))

    async def checkpoint(request: Request) -> Response:
        return _response(await run_in_threadpool(witness.latest, request.path_params["digest"]))

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/{digest}/checkpoint", checkpoint, methods=["GET"]),
        ]
    )


def serve(witness: Cosigner, listener: socket.socket) -> None:
    """Answer on a bound socket until the process is told to stop (SIGINT, SIGTERM); open requests are finished."""
    config = uvicorn.Config(
        application(witness),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=10,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _answer(witness: Cosigner, body: bytes) -> Reply:
    """A witness that cannot remember cosigns nothing: 503, and whoever asks tries again."""
    try:
        return witness.reply(body)
    except LedgerError:
        return Reply(503, b"this witness cannot answer now\n", _TEXT)


async def _body(request: Request) -> bytes | None:
    """Return the body, None where it is larger than any request can be."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > REQUEST_LIMIT:
            return None
    return bytes(body)


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type=None, headers={"Content-Type": reply.media_type})
