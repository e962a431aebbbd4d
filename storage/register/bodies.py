"""Results as stored bytes: canonical, packed, an earlier version's body as dictionary.

A live shipment is judged again with every reading, and each result that differs is kept. Its body
is nearly the last one's: with that as dictionary 150 of 34,000 bytes are left, with one of an hour
before 1,000. So a version is packed against one that is near and not always the last: to read it
three others are unpacked at most. The first has the words that all results share as dictionary.
"""

import hashlib
import threading
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
import zstandard

from coldwitness.domain.result import CheckResult
from coldwitness.storage.ports import EncodedResult

CHAIN = 64
"""After so many versions a result is stored whole again."""
_STEP = 4
_LEVEL = 1
"""A fifth of the time that zlib took at its level 3 for as many bytes: a burst records thousands at
once."""
WHOLE_LEVEL = 3
"""With the dictionary it takes half the time of level 1 without, for an eighth of the bytes."""
_WORDS = Path(__file__).with_name("words")
"""One file a dictionary, made by `python -m benchmarks.result_words`; the last one packs. A body
names its own by id, so that none of them may ever change or go."""
_local = threading.local()
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


def base_of(version: int, *, whole: int) -> int | None:
    """Against which version another is packed, where `whole` was the last that is stored whole;
    None: it is to be stored whole itself. The last digit to the base of four that is not 0 is
    taken away, so it is always among those by which the version before is read.

    >>> [base_of(n, whole=0) for n in (1, 3, 4, 5, 7, 20, 23, 63, 64)]
    [0, 0, 0, 4, 4, 16, 20, 60, None]
    """
    distance, step = version - whole, _STEP
    if not 0 < distance < CHAIN:
        return None
    while distance % step == 0:
        step *= _STEP
    return whole + distance - distance % step


def packed(body: bytes, base: bytes | None) -> bytes:
    if base is None:
        return _packer().compress(body)
    return zstandard.ZstdCompressor(level=_LEVEL, dict_data=_dictionary(base)).compress(body)


def unpacked(stored: bytes, base: bytes | None) -> bytes:
    if stored.startswith(_ZSTD):
        words = zstandard.get_frame_parameters(stored).dict_id
        known = _words()[words] if words else None if base is None else _dictionary(base)
        return zstandard.ZstdDecompressor(dict_data=known).decompress(stored)
    unpacker = zlib.decompressobj() if base is None else zlib.decompressobj(zdict=base)
    return unpacker.decompress(stored) + unpacker.flush()


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


@cache
def _words() -> Mapping[int, zstandard.ZstdCompressionDict]:
    """By id, in the order in which they were shipped."""
    files = sorted(_WORDS.glob("*.zdict"), key=lambda file: int(file.stem))
    known = [zstandard.ZstdCompressionDict(file.read_bytes()) for file in files]
    return {one.dict_id(): one for one in known}


def _packer() -> zstandard.ZstdCompressor:
    """One for each thread: it may not be used by two at once."""
    packer: zstandard.ZstdCompressor | None = getattr(_local, "packer", None)
    if packer is None:
        words = [*_words().values()][-1]
        packer = zstandard.ZstdCompressor(level=WHOLE_LEVEL, dict_data=words)
        _local.packer = packer
    return packer
