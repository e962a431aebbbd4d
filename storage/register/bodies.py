"""Results as stored bytes: canonical, deflated, the last version's body as dictionary.

A live shipment is judged again with every reading, and each result that differs is kept. Its
body is nearly the last one's, so deflating it with that as dictionary leaves some hundred
bytes of several thousand.
"""

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from coldwitness.storage.ports import CheckResult

CHAIN = 50
"""After so many versions on one base a result is stored whole again."""
_LEVEL = 3
"""Half the time of zlib's own 6 for a sixth more bytes: a burst records thousands at once."""
_JUDGED_WHEN = ("judged_at", "judged_ms", "generated_at")


def encoded(result: CheckResult) -> bytes:
    """The result as JSON, in the order of its own keys."""
    return msgspec.json.encode(result)


def digest(result: CheckResult) -> str:
    """Equal for results that say the same, whenever they were judged."""
    said = _without_judging_time(result)
    evidence = said.get("evidence")
    if isinstance(evidence, Mapping):
        said["evidence"] = _without_judging_time(evidence)
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()


def deflated(body: bytes, base: bytes | None) -> bytes:
    packer = zlib.compressobj(_LEVEL) if base is None else zlib.compressobj(_LEVEL, zdict=base)
    return packer.compress(body) + packer.flush()


def inflated(stored: bytes, base: bytes | None) -> bytes:
    unpacker = zlib.decompressobj() if base is None else zlib.decompressobj(zdict=base)
    return unpacker.decompress(stored) + unpacker.flush()


def _without_judging_time(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in _JUDGED_WHEN}
