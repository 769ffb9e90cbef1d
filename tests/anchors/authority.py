"""A time-stamping authority for tests: certificates by openssl, `openssl ts -reply` behind a small HTTP server."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[sub]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
{points}
[tsa]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = {usage}
{points}
[ocsp]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
[ts]
default_tsa = tsa1
[tsa1]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256,sha384,sha512,sha1
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
[ca]
default_ca = this
[this]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
"""


class Authority:
    """Root, intermediate and signer in a folder; `answer` stamps a request. `url` while it is served."""

    def __init__(self, folder: Path, *, usage="critical,timeStamping", days=1000, ess="sha256", points="", rsa=False):
        self.folder = folder
        self.chain = True
        self.spoil = lambda answer: answer
        self.files = {}
        self.responders = {}
        self.asked = []
        self.status = 200
        folder.mkdir()
        (folder / "serial").write_text("01\n")
        (folder / "index.txt").write_text("")
        (folder / "crlnumber").write_text("01\n")
        points = f"crlDistributionPoints = URI:{points}" if points else ""
        (folder / "cnf").write_text(CONFIG.format(usage=usage, ess=ess, points=points))
        self._key("root")
        self.run("req", "-x509", "-new", "-key", "root.key", "-config", "cnf", "-extensions", "root", "-days", "4000",
                 "-subj", "/CN=Example Root", "-out", "root.pem")  # fmt: skip
        self.issue("sub", "root", "Example CA", 2, 3000)
        self.issue("tsa", "sub", "Example TSA", 3, days, rsa=rsa)

    def _key(self, name, *, rsa=False):
        if rsa:
            self.run("genrsa", "-out", f"{name}.key", "2048")
        else:
            self.run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")

    def issue(self, name, by, subject, serial, days, *, rsa=False):
        self._key(name, rsa=rsa)
        self.run("req", "-new", "-key", f"{name}.key", "-config", "cnf", "-subj", f"/CN={subject}", "-out", "csr")
        self.run("x509", "-req", "-in", "csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-set_serial", str(serial),
                 "-days", str(days), "-extfile", "cnf", "-extensions", name, "-out", f"{name}.pem")  # fmt: skip

    def run(self, *arguments, check=True):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True)
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.returncode, done.stdout + done.stderr

    def pem(self, name="root"):
        return (self.folder / f"{name}.pem").read_bytes()

    def answer(self, request: bytes) -> bytes:
        (self.folder / "q").write_bytes(request)
        chain = ["-chain", "sub.pem"] if self.chain else []
        self.run("ts", "-reply", "-config", "cnf", "-section", "tsa1", "-queryfile", "q", "-signer", "tsa.pem",
                 "-inkey", "tsa.key", *chain, "-out", "r")  # fmt: skip
        return (self.folder / "r").read_bytes()

    def stamp(self, data: bytes, hash="sha256") -> bytes:
        """The token over `data`, asked for by openssl itself."""
        (self.folder / "d").write_bytes(data)
        self.run("ts", "-query", "-data", "d", f"-{hash}", "-cert", "-out", "q")
        self.answer((self.folder / "q").read_bytes())
        self.run("ts", "-reply", "-in", "r", "-token_out", "-out", "t")
        return (self.folder / "t").read_bytes()

    def accepts(self, data: bytes, token: bytes, untrusted=b"") -> bool:
        """Whether `openssl ts -verify` accepts a token over `data`, under this root alone."""
        (self.folder / "d").write_bytes(data)
        (self.folder / "t").write_bytes(token)
        (self.folder / "u").write_bytes(untrusted or self.pem("sub"))
        code, said = self.run("ts", "-verify", "-data", "d", "-in", "t", "-token_in", "-CAfile", "root.pem",
                              "-untrusted", "u", check=False)  # fmt: skip
        return code == 0 and b"Verification: OK" in said

    def revoke(self, name: str, reason: str) -> None:
        self.run("ca", "-config", "cnf", "-section", "this", "-name", "this", "-revoke", f"{name}.pem", "-crl_reason",
                 reason, "-cert", "sub.pem", "-keyfile", "sub.key")  # fmt: skip

    def crl(self) -> bytes:
        self.run("ca", "-config", "cnf", "-name", "this", "-gencrl", "-cert", "sub.pem", "-keyfile", "sub.key",
                 "-out", "crl.pem")  # fmt: skip
        return (self.folder / "crl.pem").read_bytes()

    def ocsp(self, name: str, signer: str = "sub", *words: str) -> bytes:
        """What `openssl ocsp` answers of a certificate by the intermediate, signed by `signer` (DER)."""
        self.run("ocsp", "-issuer", "sub.pem", "-cert", f"{name}.pem", "-reqout", "oq", "-no_nonce")
        self.run("ocsp", "-index", "index.txt", "-CA", "sub.pem", "-rsigner", f"{signer}.pem", "-rkey", f"{signer}.key",
                 "-reqin", "oq", "-respout", "or", "-ndays", "7", *words)  # fmt: skip
        return (self.folder / "or").read_bytes()

    def count_as_issued(self, name: str) -> None:
        """Put a certificate into the index, as one that is good."""
        self.run("ca", "-config", "cnf", "-section", "this", "-name", "this", "-valid", f"{name}.pem", "-cert",
                 "sub.pem", "-keyfile", "sub.key")  # fmt: skip


class Served:
    """An authority behind HTTP, in a thread of this process."""

    def __init__(self, authority):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path in authority.responders:
                    self._say(authority.responders[self.path](body), "application/ocsp-response")
                    return
                authority.asked.append((self.headers["Content-Type"], body))
                if authority.status != 200:
                    self.send_error(authority.status)
                    return
                self._say(authority.spoil(authority.answer(body)), "application/timestamp-reply")

            def do_GET(self):
                found = authority.files.get(self.path)
                if found is None:
                    self.send_error(404)
                else:
                    self._say(found, "application/pkix-crl")

            def _say(self, body, kind):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        authority.url = f"http://127.0.0.1:{self.server.server_port}/tsr"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
