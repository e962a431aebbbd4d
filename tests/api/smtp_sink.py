"""A mail server that keeps what it takes; TLS and a password where a test wants them."""

import asyncio
import socket
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class SmtpSink:
    """got : mail in the order it came. answers : what it says instead of taking the next ones.
    slow_s : so long it thinks about each."""

    context: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    got: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    slow_s: float = 0.0

    def start(self) -> None:
        self.port = _free_port()
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            tls_context=self.context,
            require_starttls=self.context is not None,
            auth_required=self.login is not None,
            authenticator=self._knows,
        )
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    async def handle_DATA(  # noqa: N802 - its library names it
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        await asyncio.sleep(self.slow_s)
        if self.answers:
            return self.answers.pop(0)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.got.append(mail)
        return "250 taken"

    @property
    def titles(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.got]

    def _knows(self, _: Any, __: Any, ___: Any, mechanism: str, data: Any) -> AuthResult:
        assert mechanism in ("LOGIN", "PLAIN")
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False)


def _free_port() -> int:
    """Its controller knocks at the port that it was given, so that this cannot be 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
