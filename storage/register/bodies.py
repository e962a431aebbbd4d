"""Results as stored bytes: canonical, deflated, the last version's body as dictionary.

A live shipment is judged again with every reading, and each result that differs is kept. Its
body is nearly the last one's, so deflating it with that as dictionary leaves some hundred
bytes of several thousand.
"""

import hashlib
import zlib

import msgspec

from coldwitness.domain.result import CheckResult

CHAIN = 50
"""After so many versions on one base a result is stored whole again."""
_LEVEL = 3
"""Half the time of zlib's own 6 for a sixth more bytes: a burst records thousands at once."""


def encoded(result: CheckResult) -> bytes:
    """The result as JSON, keys in the order of its fields."""
    return msgspec.json.encode(result)


def decoded(body: bytes) -> CheckResult:
    """Inverse of `encoded`, also of bodies that older versions of the program wrote."""
    return msgspec.json.decode(body, type=CheckResult)


def digest(result: CheckResult) -> str:
    """Equal for results that say the same: no result says when it was judged."""
    return hashlib.sha256(msgspec.json.encode(result, order="sorted")).hexdigest()


def deflated(body: bytes, base: bytes | None) -> bytes:
    packer = zlib.compressobj(_LEVEL) if base is None else zlib.compressobj(_LEVEL, zdict=base)
    return packer.compress(body) + packer.flush()


def inflated(stored: bytes, base: bytes | None) -> bytes:
    unpacker = zlib.decompressobj() if base is None else zlib.decompressobj(zdict=base)
    return unpacker.decompress(stored) + unpacker.flush()
