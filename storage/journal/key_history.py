"""Which keys have signed for this journal, each named by the one before it: so who trusts one of
them can check what any of them signed.

A statement is signed by the key that vouches (the log's key for keys of other roles, the key before
it for one that follows) and by the new key itself, and names the statement before it. None holds
anything secret.
"""

import base64
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.durable import placed

KEY_SCHEMA = "coldwitness.key/1"
Role = Literal["log", "package", "backup"]
ROLES: tuple[Role, ...] = ("log", "package", "backup")
Sign = Callable[[bytes], str]
"""Gives the base64 of a signature."""


def key_id(public: Ed25519PublicKey) -> str:
    """First 16 hex digits of SHA-256 over the raw public key."""
    return sha256(public.public_bytes_raw()).hexdigest()[:16]


class KeyStatement(msgspec.Struct, frozen=True, kw_only=True):
    """That a key signs in a role from an instant on. previous : SHA-256 (hex) of the signed bytes
    of the statement before it in the history, "" for the first. signed_by : id of the key that
    vouches; of the first key its own. signature, own : by that key and by the key itself, over the
    canonical JSON (RFC 8785) without these two.
    """

    role: Role
    public_key: str
    from_ms: int
    previous: str
    signed_by: str
    signature: str = ""
    own: str = ""
    schema: str = KEY_SCHEMA

    def public(self) -> Ed25519PublicKey:
        """Raises ValueError for what is no key."""
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))

    def key_id(self) -> str:
        return sha256(bytes.fromhex(self.public_key)).hexdigest()[:16]

    def signed_bytes(self) -> bytes:
        fields = msgspec.to_builtins(self)
        del fields["signature"], fields["own"]
        return rfc8785.dumps(fields)

    def digest(self) -> str:
        return sha256(self.signed_bytes()).hexdigest()


def stated(
    role: Role,
    public: Ed25519PublicKey,
    *,
    from_ms: int,
    after: Sequence[KeyStatement],
    signed_by: str,
    sign: Sign,
    sign_own: Sign,
) -> KeyStatement:
    """The next statement. signed_by, sign : the key that vouches; sign_own : the new key."""
    plain = KeyStatement(
        role=role,
        public_key=public.public_bytes_raw().hex(),
        from_ms=from_ms,
        previous=after[-1].digest() if after else "",
        signed_by=signed_by,
    )
    data = plain.signed_bytes()
    return msgspec.structs.replace(plain, signature=sign(data), own=sign_own(data))


def read_history(path: Path) -> list[KeyStatement]:
    """Raises BadInput for what is no history or lacks a statement, Unavailable."""
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
        history = [msgspec.json.decode(line, type=KeyStatement) for line in lines]
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise BadInput(f"{path}: no history of keys: {error}") from error
    before = ""
    for number, one in enumerate(history, start=1):
        if one.previous != before:
            raise BadInput(f"{path}: line {number} does not follow the line before it")
        before = one.digest()
    return history


def add_statement(path: Path, one: KeyStatement) -> None:
    """Durably, and whole: a half-written line would be no history. Raises Unavailable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with placed(path) as file:
            file.write(path.read_bytes() if path.exists() else b"")
            file.write(msgspec.json.encode(one) + b"\n")
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}") from error


def newest(history: Sequence[KeyStatement], role: Role) -> KeyStatement | None:
    """The one in force for a role."""
    return next((one for one in reversed(history) if one.role == role), None)


def vouched_keys(
    trusted: Sequence[Ed25519PublicKey], history: Sequence[KeyStatement]
) -> list[Ed25519PublicKey]:
    """`trusted` and all keys that statements join to them, whichever vouches for the other: a key's
    own signature says that it knows who vouched for it."""
    known = {key_id(key): key for key in trusted}
    joined = [one for one in history if _holds(one, history, known)]
    for _ in joined:
        for one in joined:
            ends = {one.key_id(), one.signed_by}
            if known.keys() & ends:
                for other in history:
                    if other.key_id() in ends:
                        known.setdefault(other.key_id(), other.public())
    return list(known.values())


def log_keys(public: Ed25519PublicKey, history: Sequence[KeyStatement]) -> "LogKeys":
    """The keys that signed heads one after the other, where `public` is one of them; else it
    alone."""
    chain: list[Ed25519PublicKey] = []
    for one in history:
        if one.role != "log" or not _holds(one, history, {}):
            continue
        before = key_id(chain[-1]) if chain else one.key_id()
        if one.signed_by == before:
            chain.append(one.public())
    if key_id(public) not in map(key_id, chain):
        return LogKeys([public])
    return LogKeys(chain)


def keys_of_log(directory: Path, public: Ed25519PublicKey) -> "LogKeys":
    """Those of a journal's folder; `public` alone where its history cannot be read: then what other
    keys signed does not hold."""
    try:
        return log_keys(public, read_history(layout.key_history(directory)))
    except BadInput:
        return LogKeys([public])


class LogKeys:
    """Keys in the order in which they followed each other."""

    def __init__(self, keys: Sequence[Ed25519PublicKey]) -> None:
        self.keys = list(keys)
        self._place = {key_id(key): place for place, key in enumerate(keys)}

    def of(self, name: str) -> Ed25519PublicKey | None:
        """The key of this id; None where it is none of these."""
        place = self._place.get(name)
        return None if place is None else self.keys[place]

    def place(self, name: str) -> int:
        """How manieth key this id is, from 0; -1 for another."""
        return self._place.get(name, -1)


def _holds(
    one: KeyStatement, history: Sequence[KeyStatement], known: dict[str, Ed25519PublicKey]
) -> bool:
    try:
        keys = {other.key_id(): other.public() for other in history} | known
        vouching = keys.get(one.signed_by)
        if vouching is None:
            return False
        data = one.signed_bytes()
        vouching.verify(base64.b64decode(one.signature, validate=True), data)
        one.public().verify(base64.b64decode(one.own, validate=True), data)
    except (InvalidSignature, ValueError):
        return False
    return True
