"""Secrets of others in the register (those of webhooks, their addresses, answers that show one) are
kept sealed, so that neither the file nor a backup without keys gives them away.

ChaCha20-Poly1305 under a key of this machine; whose secret it is is bound into the seal. The key is
made at the first start. Servers that share a register share its key.
"""

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from coldwitness.config.settings import Settings
from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.storage.journal.durable import placed
from coldwitness.storage.journal.signing import signing_key

_PREFIX = b"sealed:1:"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class SecretSeal:
    """Seals and opens; without a key texts stay as they are."""

    def __init__(self, key: bytes | None = None) -> None:
        self._cipher = None if key is None else ChaCha20Poly1305(key)

    def sealed(self, secret: bytes, *, of: str) -> bytes:
        """ASCII; what is sealed already stays. of : whose it is."""
        if self._cipher is None or is_sealed(secret):
            return secret
        nonce = os.urandom(_NONCE_BYTES)
        return _PREFIX + base64.b64encode(nonce + self._cipher.encrypt(nonce, secret, of.encode()))

    def opened(self, kept: bytes, *, of: str) -> bytes | None:
        """None where it was sealed by another key, for somebody else, or was changed."""
        if not is_sealed(kept):
            return kept
        if self._cipher is None:
            return None
        try:
            raw = base64.b64decode(kept.removeprefix(_PREFIX), validate=True)
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], of.encode())
        except (InvalidTag, ValueError):
            return None


def is_sealed(kept: bytes) -> bool:
    return kept.startswith(_PREFIX)


def secret_seal(settings: Settings) -> SecretSeal:
    """By the key of these settings, made where there is none. Raises ConfigError, Unavailable."""
    path = secrets_key(settings)
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with placed(path) as file:
                # Who waited for another process's key takes that one.
                made = path.read_bytes() if path.exists() else _new_key()
                file.write(made)
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"secrets key {path}: others may read it; chmod 600 it")
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise Unavailable(f"secrets key {path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"secrets key {path}: no key in hexadecimal digits") from error
    if len(key) != _KEY_BYTES:
        raise ConfigError(f"secrets key {path}: expected {_KEY_BYTES} bytes, got {len(key)}")
    return SecretSeal(key)


def secrets_key(settings: Settings) -> Path:
    named = settings.store.secrets_key_file
    return named or signing_key(settings.journal).with_name("secrets.key")


def _new_key() -> bytes:
    return os.urandom(_KEY_BYTES).hex().encode() + b"\n"
