"""Ed25519 keys that sign the journal's heads; the private one never leaves its 0600 file."""

import base64
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from coldwitness.config.settings import JournalSettings
from coldwitness.domain.errors import ConfigError
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.durable import placed
from coldwitness.storage.journal.key_history import KeyStatement, key_id, log_keys

ALGORITHM = "Ed25519"


class SigningDevice(Protocol):
    """Whatever holds a private key."""

    def public_key(self) -> Ed25519PublicKey: ...

    def sign(self, data: bytes | memoryview) -> bytes: ...


class Signer:
    """Signs with one private key. history : of the keys of its journal, of which it is one."""

    def __init__(self, private: SigningDevice, history: Sequence[KeyStatement] = ()) -> None:
        self._private = private
        self.public = private.public_key()
        self.key_id = key_id(self.public)
        self.history = tuple(history)

    def with_history(self, history: Sequence[KeyStatement]) -> Self:
        return type(self)(self._private, history)

    def follows(self, name: str) -> bool:
        """Whether the key of this id is this one, or one that it came after in the log."""
        keys = log_keys(self.public, self.history)
        return 0 <= keys.place(name) <= keys.place(self.key_id)

    def sign(self, message: bytes | memoryview) -> str:
        """Base64 of the signature. Raises Unavailable where the key is behind a command that does
        not answer."""
        return base64.b64encode(self._private.sign(message)).decode("ascii")


def signature_holds(public: Ed25519PublicKey, message: bytes | memoryview, signature: str) -> bool:
    try:
        public.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def load_or_create_signer(path: Path) -> Signer:
    """As `load_signer`; made with mode 0600 if the file is not there, the public half beside it as
    `<name>.pub`."""
    if not path.exists():
        create_key(path)
    return load_signer(path)


def load_signer(path: Path) -> Signer:
    """The key of a PEM file (PKCS #8, unencrypted). Raises ConfigError if the file cannot be read,
    is no Ed25519 key, or others may read it."""
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"signing key {path}: {error.strerror}") from error
    if mode & 0o077:
        raise ConfigError(f"signing key {path}: others may read it (mode {mode:o}); chmod 600 it")
    try:
        key = serialization.load_pem_private_key(text, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"signing key {path}: not an unencrypted PEM key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"signing key {path}: expected an Ed25519 key")
    return Signer(key)


def load_public_key(path: Path) -> Ed25519PublicKey:
    """A PEM public key (or the public half of a PEM private one); raises ConfigError."""
    try:
        text = path.read_bytes()
        if b"PRIVATE" in text:
            private = serialization.load_pem_private_key(text, password=None)
            key: object = private.public_key()
        else:
            key = serialization.load_pem_public_key(text)
    except OSError as error:
        raise ConfigError(f"public key {path}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"public key {path}: not a PEM key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"public key {path}: expected an Ed25519 key")
    return key


def signing_key(journal: JournalSettings) -> Path:
    """Where the journal's private key lies, or will."""
    return journal.signing_key_file or layout.signing_key(journal.directory)


def journal_public_key(
    journal: JournalSettings, given: Path | None = None
) -> Ed25519PublicKey | None:
    """The key to check by: the given file's, else the journal's own, if it has one."""
    if given is not None:
        return load_public_key(given)
    named = journal.signing_key_file
    path = named.with_suffix(".pub") if named else layout.public_key(journal.directory)
    return load_public_key(path) if path.exists() else None


def create_key(path: Path) -> None:
    """Make a key at `path`, for its owner alone; one that another process makes meanwhile stays."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two workers may start at once on one data folder: one waits for the other, and then has its.
    with suppress(FileExistsError), placed(path) as file:
        if path.exists():
            raise FileExistsError(path)
        # The public half first: a key whose public half is missing would be checked by nobody.
        with placed(path.with_suffix(".pub")) as beside:
            beside.write(public)
        file.write(pem)
