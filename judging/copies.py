"""Copies of earlier shipments: curves go into the register, and those worth comparing come out.

The register finds candidates by hashes alone; whether one is a copy is decided difference by
difference in analysis.integrity.copied, on the candidates' own readings.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.curves import CurveIndex, index_of_differences, landmarks
from coldwitness.domain.measures import given
from coldwitness.domain.result import CheckResult
from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.storage.ports import Copies, StoredCurves

PARTNERS = 20
"""Candidates compared for one shipment: a finding names no more either."""


class _Curve(msgspec.Struct, frozen=True, array_like=True):
    """One curve: times as differences of epoch ms, temperatures as CurveIndex.difference.
    received_ms : of each reading, -1 unknown; empty in curves kept before it was."""

    probe: str
    logger: str
    time_ms: bytes
    difference: bytes
    joint: bool = False
    received_ms: bytes = b""


CurveArchive = Callable[[CurveIndex], CurveIndex | None]
"""Gives the curves of other shipments that may be copies of some of an index's; None: none."""


class ArchivedCurves:
    """The CurveArchive on a register."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies

    def __call__(self, index: CurveIndex) -> CurveIndex | None:
        """Curves of other shipments that share a landmark; None where none does. Raises
        Unavailable if the register is away."""
        bodies = self._copies.similar_curves(_keys(index), partners=PARTNERS)
        return index_of_bodies(bodies) if bodies else None


def keep_curves(copies: Copies, index: CurveIndex) -> None:
    """Keep curves, in place of what their shipments had, so that later shipments are found to be
    copies of them. Raises Unavailable if the register is away."""
    keys = _keys(index)
    columns = _Kept.of(index)
    mine = np.argsort(index.shipment, kind="stable")
    parts = np.searchsorted(index.shipment[mine], np.arange(len(index.shipments) + 1))
    copies.keep_curves(
        {
            name: StoredCurves(
                keys[name], _body(index, mine[parts[i] : parts[i + 1]].tolist(), columns)
            )
            if keys[name]
            else None
            for i, name in enumerate(index.shipments)
        }
    )


def _keys(index: CurveIndex) -> dict[str, tuple[int, ...]]:
    owner, key = landmarks(index)
    bounds = np.searchsorted(owner, np.arange(len(index.shipments) + 1))
    return {
        name: tuple(key[bounds[i] : bounds[i + 1]].tolist())
        for i, name in enumerate(index.shipments)
    }


def copies_named(results: Sequence[CheckResult]) -> dict[str, frozenset[str]]:
    """The other shipments that each result names as copies."""
    named: dict[str, frozenset[str]] = {}
    for result in results:
        name = result.shipment
        others: set[str] = set()
        for finding in result.findings:
            if finding.subtype == "copied":
                others.update(given(finding.measures.others) or ())
        named[name] = frozenset(others - {name})
    return named


@dataclass(frozen=True)
class _Kept:
    """(n,) little-endian columns of all curves of an index, as a _Curve has its own of them."""

    time_ms: NDArray[np.int64]
    difference: NDArray[np.int32]
    received_ms: NDArray[np.int64]

    @classmethod
    def of(cls, index: CurveIndex) -> "_Kept":
        received_s = np.where(np.isfinite(index.received_s), index.received_s, -0.001)
        return cls(
            time_ms=_from_before(index.time_s, index.first),
            difference=index.difference.astype("<i4"),
            received_ms=_from_before(received_s, index.first),
        )


def _from_before(instant_s: FloatArray, first: IntArray) -> NDArray[np.int64]:
    """(n,) epoch ms as differences from the reading before; a curve's first from 0."""
    instant_ms = np.round(instant_s * 1000.0).astype("<i8")
    apart_ms = np.diff(instant_ms, prepend=0).astype("<i8")
    begins = first[:-1][first[:-1] < first[1:]]
    apart_ms[begins] = instant_ms[begins]
    return apart_ms


def _body(index: CurveIndex, curves: Sequence[int], columns: _Kept) -> bytes:
    kept = []
    for curve in curves:
        rows = slice(int(index.first[curve]), int(index.first[curve + 1]))
        kept.append(
            _Curve(
                probe=str(index.probe[curve]),
                logger=str(index.logger[curve]),
                time_ms=columns.time_ms[rows].tobytes(),
                difference=columns.difference[rows].tobytes(),
                joint=bool(index.joint[curve]),
                received_ms=columns.received_ms[rows].tobytes(),
            )
        )
    return zlib.compress(msgspec.msgpack.encode(kept), 1)


def _received_s(curve: _Curve, readings: int) -> FloatArray:
    if not curve.received_ms:
        return np.full(readings, np.nan)
    received_ms = np.cumsum(np.frombuffer(curve.received_ms, dtype="<i8"))
    return np.where(received_ms >= 0, received_ms / 1000.0, np.nan)


def index_of_bodies(bodies: Mapping[str, bytes]) -> CurveIndex:
    """Curves as `keep_curves` kept them, by shipment; at least one."""
    names = tuple(bodies)
    curves = [
        (i, curve)
        for i, name in enumerate(names)
        for curve in msgspec.msgpack.decode(zlib.decompress(bodies[name]), type=list[_Curve])
    ]
    times = [np.cumsum(np.frombuffer(curve.time_ms, dtype="<i8")) for _, curve in curves]
    differences = [np.frombuffer(curve.difference, dtype="<i4") for _, curve in curves]
    return index_of_differences(
        shipments=names,
        shipment=np.array([i for i, _ in curves], dtype=np.int64),
        probe=np.array([curve.probe for _, curve in curves], dtype=np.str_),
        logger=np.array([curve.logger for _, curve in curves], dtype=np.str_),
        first=np.cumsum([0, *(part.size for part in times)]),
        joint=np.array([curve.joint for _, curve in curves], dtype=np.bool_),
        time_s=np.concatenate(times) / 1000.0,
        received_s=np.concatenate(
            [_received_s(curve, its.size) for (_, curve), its in zip(curves, times, strict=True)]
        ),
        difference=np.concatenate(differences).astype(np.int32),
    )
