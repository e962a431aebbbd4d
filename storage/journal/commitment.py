"""How a row holds its message fast without being it: a salted digest, so that the message, or parts
of it, can be taken away later and every proof about the row still holds.

Without the salt a short message could be found again from its digest by trying.
"""

import struct
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from os import urandom

import msgspec

from coldwitness.domain.errors import BadInput

SALT_BYTES = 16
COMMITMENT_BYTES = 32
WHOLE, IN_PARTS, WITHHOLDING = 0, 1, 2
"""First byte of what opens a commitment: salt and message; the same with the message cut in parts;
parts of which some are not shown."""
_COUNT = struct.Struct(">I")
_NULL = b"null"


class Withheld(msgspec.Struct, frozen=True):
    """Of a message that is not whole any more: its commitment and length [bytes].

    removed : nothing of it is left, by an order; else some parts stand as `null` in it.
    """

    commitment: bytes
    size: int
    removed: bool


def fresh_salts(cuts: Sequence[Sequence[int]]) -> list[bytes]:
    """A salt for each message, with the lengths of all its parts but the last behind it."""
    drawn = urandom(SALT_BYTES * len(cuts))
    salts = [drawn[at : at + SALT_BYTES] for at in range(0, len(drawn), SALT_BYTES)]
    for place, lengths in enumerate(cuts):
        if lengths:
            salts[place] += struct.pack(f">{len(lengths)}I", *lengths)
    return salts


def commitment_of(salt: bytes, payload: bytes) -> bytes:
    """SHA-256(0x03 || salt || message); of one in parts SHA-256(0x04 || digest of each part)."""
    if len(salt) == SALT_BYTES:
        return sha256(b"\x03" + salt + payload).digest()
    digests = (_part_digest(_part_salt(salt, i), part) for i, part in _parts(salt, payload))
    return sha256(b"\x04" + b"".join(digests)).digest()


def opening_of(salt: bytes, payload: bytes) -> bytes:
    """What is kept of a message behind its row's bytes."""
    lengths = salt[SALT_BYTES:]
    if not lengths:
        return bytes([WHOLE]) + salt + payload
    count = _COUNT.pack(len(lengths) // _COUNT.size)
    return bytes([IN_PARTS]) + salt[:SALT_BYTES] + count + lengths + payload


def withholding(salt: bytes, payload: bytes, hidden: Collection[int]) -> bytes:
    """The same with the parts of these numbers as their digests alone. hidden : from 0; only of a
    message in parts."""
    parts = list(_parts(salt, payload))
    written = [bytes([WITHHOLDING]), _COUNT.pack(len(parts))]
    for i, part in parts:
        part_salt = _part_salt(salt, i)
        if i in hidden:
            written += [b"\x00", _part_digest(part_salt, part)]
        else:
            written += [b"\x01", part_salt, _COUNT.pack(len(part)), part]
    return b"".join(written)


def opened(opening: bytes, *, size: int) -> tuple[bytes, bytes, Withheld | None]:
    """Salt, message, and what is withheld of it. size : the message's length as the row says it.

    Raises BadInput for what is no opening.
    """
    try:
        form, at = opening[0], 1
        if form == WITHHOLDING:
            payload, commitment = _shown(opening)
            return b"", payload, Withheld(commitment, size, removed=False)
        salt = opening[at : at + SALT_BYTES]
        at += SALT_BYTES
        if form == IN_PARTS:
            (count,) = _COUNT.unpack_from(opening, at)
            at += _COUNT.size
            salt += opening[at : at + count * _COUNT.size]
            at += count * _COUNT.size
        elif form != WHOLE:
            raise ValueError(f"form {form}")
        payload = opening[at:]
        if len(payload) != size or sum(part_lengths(salt)) > size:
            raise ValueError("wrong length")
    except (IndexError, ValueError, struct.error) as error:
        raise BadInput(f"not a journal row: {error}") from error
    return salt, payload, None


def part_lengths(salt: bytes) -> tuple[int, ...]:
    """Of all parts but the last; nothing for a message that is one."""
    return struct.unpack(f">{(len(salt) - SALT_BYTES) // _COUNT.size}I", salt[SALT_BYTES:])


def _shown(opening: bytes) -> tuple[bytes, bytes]:
    """The message with `null` for what is not shown, and the commitment that all parts make."""
    (count,) = _COUNT.unpack_from(opening, 1)
    at, said, digests = 1 + _COUNT.size, [], []
    for _ in range(count):
        shown, at = opening[at], at + 1
        if shown > 1:
            raise ValueError(f"part {shown}")
        if not shown:
            digest, at = opening[at : at + COMMITMENT_BYTES], at + COMMITMENT_BYTES
            said.append(_NULL)
        else:
            part_salt, at = opening[at : at + SALT_BYTES], at + SALT_BYTES
            (length,) = _COUNT.unpack_from(opening, at)
            at += _COUNT.size
            part, at = opening[at : at + length], at + length
            said.append(part)
            digest = _part_digest(part_salt, part)
        digests.append(digest)
    if at != len(opening):
        raise ValueError("wrong length")
    return b"".join(said), sha256(b"\x04" + b"".join(digests)).digest()


def _parts(salt: bytes, payload: bytes) -> Iterator[tuple[int, bytes]]:
    at, number = 0, 0
    for number, length in enumerate(part_lengths(salt), start=1):
        yield number - 1, payload[at : at + length]
        at += length
    yield number, payload[at:]


def _part_salt(salt: bytes, number: int) -> bytes:
    """Each part has a salt of its own, so that those that are shown tell nothing of the others."""
    return sha256(b"\x06" + salt[:SALT_BYTES] + _COUNT.pack(number)).digest()[:SALT_BYTES]


def _part_digest(part_salt: bytes, part: bytes) -> bytes:
    return sha256(b"\x05" + part_salt + part).digest()
