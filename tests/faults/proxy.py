"""A door to the server that is shut after so many messages: bytes are passed on between clients and it, then cut."""

import contextlib
import socket
import threading
from urllib.parse import urlsplit


class Proxy:
    """Passes bytes on, and cuts the connection at a message: there only, or at every one from there on (`stays`)."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.left: int | None = None  # messages that are passed on before the cut; None: all of them
        self.stays = False
        self.cut = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, left: int | None, stays: bool = False) -> None:
        """Pass on `left` messages from now on, and none is cut yet."""
        with self.lock:
            self.left, self.stays, self.cut = left, stays, 0

    def way_to(self, server: str, schema: str) -> str:
        """Return the URL of a ledger on the server, through here."""
        parts = urlsplit(server)
        return f"postgresql://{parts.username}@127.0.0.1:{self.port}{parts.path}?schema={schema}&sslmode=disable"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _is_cut(self) -> bool:
        with self.lock:
            if self.left is None:
                return False
            self.left -= 1
            if self.left >= 0 or (self.left < -1 and not self.stays):
                return False
            self.cut += 1
            return True

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(1 << 16):
                if self._is_cut():
                    break
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        """Take no more connections."""
        self.listener.close()
