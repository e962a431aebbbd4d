"""Passwords: argon2 hashes, made and held against what somebody types."""

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from coldwitness.domain.errors import BadInput

LONGEST = 256
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each takes 64 MiB for a while (RFC 9106, second choice): not as many as somebody likes."""
_HASHER = PasswordHasher()


def hashed(password: str, *, name: str, length: int) -> str:
    """The hash to keep. BadInput where the password is too short or is the name again."""
    if not length <= len(password) <= LONGEST:
        raise BadInput(f"password: expected {length} to {LONGEST} signs, got {len(password)}")
    if name.casefold() in password.casefold() or len(set(password)) < 4:
        raise BadInput("password: expected no name in it, and at least 4 different signs")
    with _AT_ONCE:
        return _HASHER.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the one of which the hash is kept. Takes as long where there is none."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept or _nobodys(), password[:LONGEST]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
