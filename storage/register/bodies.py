"""Results as stored bytes: canonical, packed, the last version's body as dictionary.

A live shipment is judged again with every reading, and each result that differs is kept. Its
body is nearly the last one's, so packing it with that as dictionary leaves some hundred bytes of
several ten thousand.
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from functools import cache

import msgspec
import zstandard

from coldwitness.domain.result import CheckResult
from coldwitness.storage.ports import EncodedResult

CHAIN = 50
"""After so many versions on one base a result is stored whole again."""
_LEVEL = 1
"""A fifth of the time that zlib took at its level 3 for as many bytes: a burst records thousands at
once."""
_ZSTD = (0xFD2FB528).to_bytes(4, "little")
"""How a frame begins; bodies of before are zlib's, which begins otherwise."""


def encoded(result: CheckResult) -> EncodedResult:
    body = msgspec.json.encode(result, order="sorted")
    return EncodedResult(body, hashlib.sha256(body).hexdigest())


def each_encoded(results: Sequence[CheckResult]) -> Mapping[str, EncodedResult]:
    """By shipment."""
    return {result.shipment: encoded(result) for result in results}


def decoded(body: bytes) -> CheckResult:
    """The result of a body, also of one that older versions of the program wrote."""
    return msgspec.json.decode(body, type=CheckResult)


def packed(body: bytes, base: bytes | None) -> bytes:
    if base is None:
        return _packer().compress(body)
    return zstandard.ZstdCompressor(level=_LEVEL, dict_data=_dictionary(base)).compress(body)


def unpacked(stored: bytes, base: bytes | None) -> bytes:
    if stored.startswith(_ZSTD):
        known = zstandard.ZstdDecompressor(dict_data=None if base is None else _dictionary(base))
        return known.decompress(stored)
    unpacker = zlib.decompressobj() if base is None else zlib.decompressobj(zdict=base)
    return unpacker.decompress(stored) + unpacker.flush()


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


@cache
def _packer() -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=_LEVEL)
