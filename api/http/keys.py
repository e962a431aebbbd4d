"""A client's key: random, told once, kept as a digest."""

import hashlib
import re
import secrets

PREFIX = "cw_"
"""By it a key that lies about is recognised as one."""
_KEY = re.compile(r"cw_[A-Za-z0-9_-]{43}")


def new_key() -> str:
    """256 random bits behind the prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> str | None:
    """By which a key is found; None for what cannot be one. It is random, so that no slow hash is
    needed: nobody can try 256 bits."""
    if _KEY.fullmatch(key) is None:
        return None
    return hashlib.sha256(key.encode("ascii")).hexdigest()
