"""An OpenID provider for tests: pyop, a provider's library, behind a loopback HTTP server."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from Cryptodome.PublicKey import RSA
from jwkest.jwk import RSAKey
from pyop.authz_state import AuthorizationState
from pyop.provider import Provider
from pyop.subject_identifier import HashBasedSubjectIdentifierFactory
from pyop.userinfo import Userinfo

from coldwitness.ingest.mqtt.certificates import authority, server_certificate

CLIENT, SECRET = "coldwitness", "a secret of the client"


class OpenIdProvider:
    """Signs in whoever `who` names; `people` maps to what it tells of each."""

    def __init__(self, folder: Path, return_to: str, people: dict[str, dict[str, str]]) -> None:
        self.who = next(iter(people))
        self._people = people
        self._return_to = return_to
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                if asked.path == "/.well-known/openid-configuration":
                    self._json(outer.provider.provider_configuration.to_json())
                elif asked.path == "/jwks":
                    self._json(json.dumps(outer.provider.jwks))
                elif asked.path == "/authorize":
                    request = outer.provider.parse_authentication_request(asked.query)
                    answer = outer.provider.authorize(request, outer.who)
                    self.send_response(303)
                    self.send_header("Location", answer.request(request["redirect_uri"], False))
                    self.end_headers()
                else:
                    headers = {"Authorization": self.headers["Authorization"]}
                    told = outer.provider.handle_userinfo_request(http_headers=headers)
                    self._json(told.to_json())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {"Authorization": self.headers["Authorization"]}
                try:
                    answer = outer.provider.handle_token_request(body, headers).to_json()
                except Exception:
                    self.send_response(400)
                    self.end_headers()
                    return
                self._json(answer)

            def _json(self, text: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.ca_file = folder / "ca.crt"
        self._server.socket = self._tls(folder).wrap_socket(self._server.socket, server_side=True)
        self.issuer = f"https://127.0.0.1:{self._server.server_address[1]}"
        self.new_keys()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _tls(self, folder: Path) -> ssl.SSLContext:
        now = datetime.now(tz=UTC)
        by = authority(now)
        its = server_certificate(by, ["127.0.0.1", "localhost"], now)
        self.ca_file.write_bytes(by.certificate_pem)
        for name, pem in (("op.crt", its.certificate_pem), ("op.key", its.key_pem)):
            (folder / name).write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "op.crt", folder / "op.key")
        return context

    def new_keys(self) -> None:
        """Begin with another signing key, as after a rotation."""
        key = RSAKey(key=RSA.generate(2048), alg="RS256", use="sig")
        key.add_kid()
        client = {
            "client_secret": SECRET,
            "redirect_uris": [self._return_to],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
        }
        self.provider = Provider(
            key,
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "scopes_supported": ["openid", "profile"],
                "claims_supported": ["preferred_username"],
            },
            AuthorizationState(HashBasedSubjectIdentifierFactory("salt")),
            {CLIENT: client},
            Userinfo(self._people),
        )

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def openid_provider(
    folder: Path, return_to: str, people: dict[str, dict[str, str]]
) -> Iterator[OpenIdProvider]:
    started = OpenIdProvider(folder, return_to, people)
    try:
        yield started
    finally:
        started.stop()
