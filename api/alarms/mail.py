"""An alarm as mail."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from coldwitness.config.settings import SmtpSettings
from coldwitness.domain.errors import ConfigError

TIMEOUT_S = 15.0
UNSENT = (smtplib.SMTPException, OSError)
_HERE = ("127.0.0.1", "::1", "localhost")


def require_safe_smtp(smtp: SmtpSettings) -> None:
    """ConfigError where mail, or a password, would cross a network unencrypted."""
    if smtp.security == "none" and smtp.host not in _HERE:
        raise ConfigError("settings: alarms.smtp.security: none is for a server on this machine")


def send_mail(smtp: SmtpSettings, message: EmailMessage, *, password: str | None) -> None:
    """Hand a message to the server. Raises one of UNSENT."""
    with _let_in(smtp, password=password) as server:
        server.send_message(message)


def try_server(smtp: SmtpSettings, *, password: str | None) -> None:
    """Be let in, and go away without a message. Raises one of UNSENT."""
    with _let_in(smtp, password=password) as server:
        server.noop()


def mail_of(*, sender: str, to: str, title: str, text: str, name: str, at_ms: int) -> EmailMessage:
    """name : of the message; the same at every try, so that a mailbox may know a repetition."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = " ".join(title.split())
    message["Date"] = format_datetime(datetime.fromtimestamp(at_ms / 1000, tz=UTC))
    message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def why_unsent(error: Exception) -> str:
    """In a line that tells no secret: what servers say may hold what they were told."""
    code = getattr(error, "smtp_code", None)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next((refused[0] for refused in error.recipients.values()), None)
    return type(error).__name__ + (f" {code}" if code is not None else "")


@contextmanager
def _let_in(smtp: SmtpSettings, *, password: str | None) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context(cafile=None if smtp.ca_file is None else str(smtp.ca_file))
    with _connected(smtp, context) as server:
        if smtp.security == "starttls":
            server.starttls(context=context)
        if smtp.username is not None:
            server.login(smtp.username, password or "")
        yield server


def _connected(smtp: SmtpSettings, context: ssl.SSLContext) -> smtplib.SMTP:
    if smtp.security == "tls":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=TIMEOUT_S, context=context)
    return smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_S)
