"""Signed notes (C2SP signed-note 1.0) and the keys that sign them, as transparency logs use them.

A note is a text and signature lines below it; whoever knows a key looks for the line of its name
and id and passes over all others. Source: https://c2sp.org/signed-note, /tlog-cosignature.
"""

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.domain.errors import BadInput

ED25519 = 0x01
COSIGNATURE = 0x04
"""Ed25519 with the time at which a witness saw the note (cosignature/v1)."""
MOST_BYTES = 1_000_000
_DASH = "— "
_TIME_BYTES = 8
_PUBLIC_BYTES = 32
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
Sign = Callable[[bytes], bytes]
"""Gives the raw Ed25519 signature of bytes."""


@dataclass(frozen=True)
class NoteKey:
    """Who may sign a note: a name, the kind of signature, and the raw public key."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def of(cls, name: str, kind: int, public: Ed25519PublicKey) -> Self:
        return cls(name, kind, public.public_bytes_raw())

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name, newline, kind, public key)."""
        named = self.name.encode() + b"\n" + bytes([self.kind])
        return sha256(named + self.public).digest()[:4]

    def vkey(self) -> str:
        """`name+id+key`, as others are told whom to believe."""
        public = base64.b64encode(bytes([self.kind]) + self.public).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{public}"


@dataclass(frozen=True)
class NoteSignature:
    """One signature line. value : what follows the key id."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        packed = base64.b64encode(self.key_id + self.value).decode("ascii")
        return f"{_DASH}{self.name} {packed}\n"


@dataclass(frozen=True)
class Note:
    """text ends with a newline."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def written(self) -> str:
        return f"{self.text}\n{''.join(one.line() for one in self.signatures)}"

    def signed_by(self, key: NoteKey) -> bool | None:
        """Whether the key's signature holds; None where there is none of it."""
        return _all(_signed(self.text, one, key) for one in self._lines_of(key))

    def cosigned_s(self, key: NoteKey) -> int | None:
        """When [UTC epoch s] a witness's key says it saw the note; None without its signature,
        or where that does not hold. Of several the last."""
        times = [
            int.from_bytes(one.value[:_TIME_BYTES], "big")
            for one in self._lines_of(key)
            if _signed(self.text, one, key)
        ]
        return max(times, default=None)

    def _lines_of(self, key: NoteKey) -> list[NoteSignature]:
        return [one for one in self.signatures if (one.name, one.key_id) == (key.name, key.key_id)]


def note_key(vkey: str) -> NoteKey:
    """The key of a `name+id+key` text. Raises BadInput."""
    try:
        named, _, public = vkey.strip().partition("+")
        given_id, _, packed = public.partition("+")
        raw = base64.b64decode(packed, validate=True)
        key = NoteKey(named, raw[0], raw[1:])
        bytes.fromhex(given_id)
    except (ValueError, IndexError) as error:
        raise BadInput(f"expected a key as name+id+base64, got {vkey[:60]!r}") from error
    require_name(key.name)
    if key.kind not in (ED25519, COSIGNATURE) or len(key.public) != _PUBLIC_BYTES:
        raise BadInput(f"key {key.name}: only Ed25519 keys (kinds 1 and 4) can be checked here")
    if key.key_id.hex() != given_id.lower():
        raise BadInput(f"key {key.name}: its id is {key.key_id.hex()}, not {given_id[:20]}")
    return key


def require_name(name: str) -> None:
    """Raises BadInput for what cannot name a key or a log."""
    if not name or "+" in name or _CONTROL.search(name) or "".join(name.split()) != name:
        raise BadInput(f"a key's name has no space, no + and is not empty: got {name[:60]!r}")


def read_note(data: bytes, *, where: str) -> Note:
    """A note with its signature lines, of which none has been checked. Raises BadInput."""
    try:
        if len(data) > MOST_BYTES:
            raise ValueError(f"{len(data)} bytes")
        whole = data.decode("utf-8")
        if _CONTROL.search(whole):
            raise ValueError("control characters")
        text, empty, below = whole.rpartition("\n\n")
        if not empty or not below.endswith("\n"):
            raise ValueError("no signature lines")
        return Note(text + "\n", tuple(map(_signature, below.split("\n")[:-1])))
    except ValueError as error:
        raise BadInput(f"{where}: no signed note: {error}") from error


def signed_note(text: str, key: NoteKey, sign: Sign) -> Note:
    """`text`, which has to end with a newline, signed by the log's own key."""
    return Note(text, (NoteSignature(key.name, key.key_id, sign(text.encode())),))


def cosignature(text: str, key: NoteKey, sign: Sign, *, time_s: int) -> NoteSignature:
    """A witness's signature: that at `time_s` this was the largest consistent tree it knew."""
    signed = sign(_cosigned_bytes(text, time_s))
    return NoteSignature(key.name, key.key_id, time_s.to_bytes(_TIME_BYTES, "big") + signed)


def _signature(line: str) -> NoteSignature:
    if not line.startswith(_DASH):
        raise ValueError(f"no signature line: {line[:40]!r}")
    name, _, packed = line.removeprefix(_DASH).partition(" ")
    raw = base64.b64decode(packed, validate=True)
    if not name or len(raw) <= 4:
        raise ValueError(f"no signature line: {line[:40]!r}")
    return NoteSignature(name, raw[:4], raw[4:])


def _signed(text: str, signature: NoteSignature, key: NoteKey) -> bool:
    value, message = signature.value, text.encode()
    if key.kind == COSIGNATURE:
        message = _cosigned_bytes(text, int.from_bytes(value[:_TIME_BYTES], "big"))
        value = value[_TIME_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(value, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _cosigned_bytes(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def _all(held: Iterable[bool]) -> bool | None:
    answers = list(held)
    return all(answers) if answers else None
