"""What an archived day says of its shipments beside readings and events: all that judging them
again needs, and the result that was recorded.

A shipment stands in the day of its first reading or event, wherever its last one is.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.manifest import ManifestVersion
from coldwitness.domain.result import CheckResult
from coldwitness.storage.archive.tables import write_parquet

FILE = "shipments.parquet"


class ShipmentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """manifests : every version in its order. first_ms, last_ms : of its readings and events, UTC
    epoch ms. begun_ms : when the first of them was received, None where nobody noted it. carried :
    (box or "", logger) of its readings, and when each of their probes was ever first sent. alike :
    other shipments' curves that may be copies of its own, as the register keeps them. result : as
    it was recorded last."""

    shipment: str
    courier: str | None
    division: str | None
    first_ms: int
    last_ms: int
    manifests: tuple[ManifestVersion, ...] = ()
    begun_ms: int | None = None
    carried: tuple[tuple[str, str, dict[str, int]], ...] = ()
    alike: dict[str, bytes] = {}
    result: CheckResult | None = None


FactsOf = Callable[[Sequence[str]], Mapping[str, ShipmentFacts]]
"""The facts of shipments by name; raises Unavailable if a store is away."""

_pack = msgspec.msgpack.Encoder(order="sorted").encode
_unpack = msgspec.msgpack.Decoder(ShipmentFacts).decode
_result_json = msgspec.json.Encoder(order="sorted").encode
_result_of = msgspec.json.Decoder(CheckResult).decode


def facts_line(facts: ShipmentFacts) -> bytes:
    """Equal bytes for equal facts."""
    return _pack(facts)


def write_facts(facts: Sequence[ShipmentFacts], path: Path) -> int:
    """By shipment, zstd; returns the rows. Raises OSError.

    Columns: shipment, courier, division, verdict, first_at, last_at, result (JSON as the API gives
    it) and facts (all but the result, for `rejudge`).
    """
    ordered = sorted(facts, key=lambda one: one.shipment)

    def column(values: Sequence[object]) -> NDArray[np.object_]:
        found = np.empty(len(values), dtype=object)
        found[:] = values
        return found

    def instants(values: Sequence[int]) -> NDArray[np.datetime64]:
        return np.array(values, dtype="datetime64[ms]")

    results = [one.result for one in ordered]
    return write_parquet(
        {
            "shipment": column([one.shipment for one in ordered]),
            "courier": column([one.courier for one in ordered]),
            "division": column([one.division for one in ordered]),
            "verdict": column([its and its.verdict for its in results]),
            "first_at": instants([one.first_ms for one in ordered]),
            "last_at": instants([one.last_ms for one in ordered]),
            "result": column([its and _result_json(its).decode() for its in results]),
            "facts": column(
                [facts_line(msgspec.structs.replace(one, result=None)) for one in ordered]
            ),
        },
        path,
        instants=("first_at", "last_at"),
        order=("shipment",),
    )


def facts_of_row(packed: bytes, result: str | None) -> ShipmentFacts:
    """The inverse of a row. Raises msgspec.DecodeError."""
    facts = _unpack(packed)
    return facts if result is None else msgspec.structs.replace(facts, result=_result_of(result))
