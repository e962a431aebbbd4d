"""Hostile payloads for every decoder: real messages cut, flipped, repeated and spliced."""

import random
from collections.abc import Iterator

from coldwitness.ingest.formats import every_format
from coldwitness.ingest.formats.teltonika_codec8 import crc16_ibm

SEEDS = {name: known.samples for name, known in every_format().items()}

_TOKENS = (
    b"null", b"NaN", b"1e999", b"-1", b'""', b"{", b"[", b"]", b"}", b'"', b"\\ud800", b"\\u0000",
    b"9" * 400, b"true", b"[[[[", b"\xff", b"\x00", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xd8\x1c", b"\xc2", b"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00", b"\x80" * 12, b"85.0",
    b"2026-02-30T00:00:00Z", b"drug", b"temperature", b"=", b",", b" ", b"\n", b"\\",
)  # fmt: skip


def payloads(name: str, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` (topic, payload) of one format, the same for the same seed."""
    rng = random.Random(f"{name}/{seed}")
    seeds = SEEDS[name]
    for _ in range(count):
        topic, base = rng.choice(seeds)
        body = bytearray(base)
        for _ in range(rng.randint(1, 4)):
            hurt(body, rng)
        if name == "teltonika_codec8" and rng.random() < 0.7:
            _seal(body)
        if rng.random() < 0.02:
            body = bytearray(rng.randbytes(rng.randint(0, 200)))
        if rng.random() < 0.02:
            topic = rng.choice(["", "/", "a//", "spBv1.0/G/DDATA/E/D", "\x00", "冷/证", "$x"])
        yield topic, bytes(body)


def _seal(body: bytearray) -> None:
    """Right length and checksum for a hurt frame, so that its inside is looked at."""
    data = bytes(body[8:-4]) or b"\x08\x00\x00"
    body[:] = bytes(4) + len(data).to_bytes(4, "big") + data + crc16_ibm(data).to_bytes(4, "big")


def hurt(body: bytearray, rng: random.Random) -> None:
    """One place of it otherwise."""
    at = rng.randint(0, len(body))
    kind = rng.randint(0, 6)
    if kind == 0 and at < len(body):
        body[at] ^= 1 << rng.randint(0, 7)
    elif kind == 1:
        del body[at : at + rng.randint(1, 8)]
    elif kind == 2:
        body[at:at] = rng.choice(_TOKENS)
    elif kind == 3:
        del body[at:]
    elif kind == 4:
        piece = bytes(body[at : at + rng.randint(1, 40)])
        body[at:at] = piece * rng.randint(1, 5)
    elif kind == 5:
        body[at : at + rng.randint(1, 6)] = rng.choice(_TOKENS)
    else:
        body[at:at] = rng.randbytes(rng.randint(1, 9))
