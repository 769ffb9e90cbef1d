"""A witness that lies: it cosigns whatever checkpoint it is shown, whatever came before."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from ledger.keys.files import load_witness_key
from ledger.notes.adding import read_request

KEY = load_witness_key(Path(sys.argv[1]), sys.argv[2])


class Liar(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = read_request(self.rfile.read(int(self.headers["Content-Length"])))
        lines = KEY.cosign(asked.checkpoint, int(time.time()))
        body = "".join(line.text for line in lines).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Liar)
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    server.serve_forever()
