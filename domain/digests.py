"""Digests that the cryptography of the standard library does not promise to have."""

from cryptography.hazmat.primitives import hashes


def sm3(data: bytes) -> str:
    """SM3 (GB/T 32905), hexadecimal."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()
