"""Addresses as they may be read by others: without the secrets that stand in them."""

import re
from urllib.parse import urlsplit, urlunsplit

MASK = "**********"
_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/\s]*@")
_IN_QUERY = re.compile(
    r"([?&;][^=&#\s]*(?:token|key|secret|sign|pass|auth|code|cred)[^=&#\s]*)=[^&#\s\"']+", re.I
)


def shown_address(text: str) -> str:
    """A text with the passwords of addresses in it masked, and the values of what their queries
    call a token, a key or the like."""
    return _IN_QUERY.sub(rf"\1={MASK}", _PASSWORD.sub(rf"\1:{MASK}@", text))


def apart(url: str) -> tuple[str, str | None]:
    """An address without user and password, and these as `user:password`; None where it has
    none."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    return urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment)), user
