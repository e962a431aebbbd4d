"""Lots that anybody can draw again: a number in (0, 1) for each id, by a seed and SHA-256 alone.

The rule is that of R. L. Rivest's consistent sampler: SHA-256 over the hexadecimal SHA-256 of the
seed followed by the id, as a decimal of at least 64 digits, which stand in reverse behind "0.".
Source: R. L. Rivest, Consistent Sampling with Replacement (2018), arXiv:1808.10016, and the package
consistent_sampler, whose published examples are tests here.
"""

import hashlib
from fractions import Fraction


def sha256_hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def fraction_of(text: str) -> str:
    """A decimal in (0, 1) by a text, as its digits: longer than a float holds."""
    return "0." + f"{int(sha256_hex(text), 16):064d}"[::-1]


def ticket(name: str, *, seed_sha256: str) -> str:
    """The lot of an id; tickets compare as texts. seed_sha256 : of the seed, hexadecimal.

    >>> ticket("AB-130", seed_sha256=sha256_hex("01382438112797316654"))[:12]
    '0.2629971412'
    """
    return fraction_of(seed_sha256 + name)


def uniform(step: int, *, seed_sha256: str) -> Fraction:
    """A further number in [0, 1) by the seed, for choices that are no id's: exact, so that no
    machine rounds it otherwise."""
    digest = hashlib.sha256(f"{seed_sha256}/step/{step}".encode()).digest()
    return Fraction(int.from_bytes(digest, "big"), 1 << 256)
