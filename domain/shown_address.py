"""Addresses as they may be read by others: without the secrets that stand in them."""

import re
from urllib.parse import urlsplit, urlunsplit

MASK = "**********"
_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^\s]*@")
"""Up to the last @ of the word: with a slash in its password it is no address any more, but is
taken for one by those who read it."""
_PATH = re.compile(r"(https?://[^/\s\"'<>?#]*/)([^\s\"'<>?#]*)", re.IGNORECASE)
_TOKEN = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?=[A-Za-z_]*[0-9])(?=[0-9_]*[A-Za-z])[A-Za-z0-9_]{20,}",
    re.IGNORECASE,
)
"""What a robot of a chat has for a password: a UUID, or twenty and more letters and digits."""
_AUTHORIZATION = re.compile(
    r"(authorization\W{1,4}(?:(?:token|bearer|basic|digest)\s+)?)\S+", re.IGNORECASE
)
"""A head of a request, which some servers send back in what they say against it."""
_IN_QUERY = re.compile(
    r"([?&;][^=&#\s]*(?:token|key|secret|sign|pass|auth|code|cred)[^=&#\s]*)=[^&#\s\"']+", re.I
)

_AUTHORITY_END = re.compile(r"[/?#]")
_NUMBERED_HOST = re.compile(r"\[[^\]]*\]")
_NO_PORT = re.compile(r":(?![0-9]*$)")


def shown_address(text: str) -> str:
    """A text with the passwords of addresses in it masked, the values of what their queries
    call a token, a key or the like, and tokens in their paths; and what a head of a request
    authorised."""
    text = _AUTHORIZATION.sub(rf"\1{MASK}", text)
    text = _IN_QUERY.sub(rf"\1={MASK}", _PASSWORD.sub(rf"\1:{MASK}@", text))
    return _PATH.sub(_without_tokens, text)


def _without_tokens(path: re.Match[str]) -> str:
    return path[1] + _TOKEN.sub(MASK, path[2])


def is_ambiguous(url: str) -> bool:
    """Whether nobody can tell where the password of an address ends and its host begins, because
    an @ of the password stands as it is: one program's host is then another's password.

    >>> is_ambiguous("http://u:a@b?c@host"), is_ambiguous("http://u:a%40b@host")
    (True, False)
    >>> is_ambiguous("https://host/@robot?mail=a@b")
    False
    """
    whole = url.partition("://")[2]
    authority = _AUTHORITY_END.split(whole, maxsplit=1)[0]
    named = "@" in authority or _NO_PORT.search(_NUMBERED_HOST.sub("", authority)) is not None
    return named and whole.count("@") > 1


def apart(url: str) -> tuple[str, str | None]:
    """An address without user and password, and these as `user:password`; None where it has
    none."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    return urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment)), user
