"""Standard Webhooks signatures: secrets, and the three headers of an attempt."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from secrets import token_bytes

from standardwebhooks.webhooks import Webhook as Signer

from coldwitness.domain.errors import BadInput

SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix, not a secret
SECRET_BYTES_MIN = 24
SECRET_BYTES_MAX = 64


def new_secret() -> str:
    """A fresh secret in the form Standard Webhooks asks for."""
    return SECRET_PREFIX + base64.b64encode(token_bytes(32)).decode("ascii")


def require_secret(text: str, *, what: str) -> str:
    """Return a usable secret; raises BadInput, never repeating the secret.

    It is `whsec_` (may be left out) and 24 to 64 bytes as base64, as Standard Webhooks says.
    """
    expected = f"expected whsec_ and {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes in base64"
    body = text.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadInput(f"{what}: {expected}") from error
    if not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        raise BadInput(f"{what}: {expected}, got {len(key)} bytes")
    return SECRET_PREFIX + body


def signed_headers(
    body: bytes, *, secrets: Sequence[str], message_id: str, now_ms: int
) -> Mapping[str, str]:
    """Headers of one attempt, a signature by each secret. The id is the same at every retry; the
    timestamp is the attempt's own, so that a receiver's five minutes of tolerance fit a retry
    hours later too."""
    at = datetime.fromtimestamp(now_ms // 1000, tz=UTC)
    text = body.decode("utf-8")
    signature = " ".join(Signer(secret).sign(message_id, at, text) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": signature,
    }
