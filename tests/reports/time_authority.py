"""A time-stamp authority (RFC 3161) for tests: `openssl ts` behind a loopback HTTP server."""

import datetime as dt
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.servers import program

_SETTINGS = """[tsa]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
signer_digest = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True)
class Authority:
    """url : where it is asked; root : its certificate file (PEM); folder : its own files."""

    url: str
    root: Path
    folder: Path

    def answer(self, request: bytes) -> bytes:
        return _answer(self.folder, request)


def make_authority(folder: Path, name: str = "Test TSA") -> Path:
    """Keys and certificates of a root and of the authority under it; returns the root's file."""
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    end = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} root")])
    root = (
        x509.CertificateBuilder()
        .subject_name(root_name)
        .issuer_name(root_name)
        .public_key(root_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(root_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    (folder / "tsa.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "tsa.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_SETTINGS.format(folder=folder))
    return folder / "ca.pem"


@contextmanager
def time_authority(folder: Path) -> Iterator[Authority]:
    """A running authority; it ends on the way out."""
    folder.mkdir()
    root = make_authority(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            asked = self.headers["Content-Type"] == "application/timestamp-query"
            body = _answer(folder, request) if asked else b""
            self.send_response(200 if asked else 415)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test's output is the test's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Authority(f"http://127.0.0.1:{server.server_port}/", root, folder)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(folder: Path, request: bytes) -> bytes:
    openssl = program("openssl", install="openssl")
    query = folder / "query.tsq"
    query.write_bytes(request)
    files = ("-queryfile", "query.tsq", "-signer", "tsa.pem", "-inkey", "tsa.key")
    made = subprocess.run(
        [openssl, "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", *files],
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return made.stdout
