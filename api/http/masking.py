"""Where a drug was taken is somebody's home: whoever need not know it is shown a circle.

The circle is a cell of a grid, so that its middle says nothing; a track ends where it begins.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import cos, floor, radians
from typing import TypeVar

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.api.clues.beyond_reach import (
    beyond,
    hidden_finding,
    hidden_result,
    twins_of,
)
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.rights import sees_destination
from coldwitness.api.http.services import Services
from coldwitness.domain.identifiers import HIDDEN
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.result import CheckResult, Finding, ShipmentFinding
from coldwitness.domain.tracks import ReadingTable

AnyFinding = TypeVar("AnyFinding", bound=Finding)
RADIUS_M = 1500.0
"""Covers the cell whatever its corner; the cell is 2 km high and wide."""
_CELL_DEG = 0.018


def circle_of(*, lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """Middle of the cell in which a place lies, in degrees (lat, lon)."""
    lat = (floor(lat_deg / _CELL_DEG) + 0.5) * _CELL_DEG
    wide = _CELL_DEG / max(cos(radians(lat)), 0.1)
    lon = (floor(lon_deg / wide) + 0.5) * wide
    return round(lat, 4), round(lon, 4)


def _middle(*, lat_deg: float, lon_deg: float) -> dict[str, float]:
    lat, lon = circle_of(lat_deg=lat_deg, lon_deg=lon_deg)
    return {"lat": lat, "lon": lon}


def shown_manifest(
    source: Mapping[str, object], manifest: Manifest, caller: Caller
) -> dict[str, object]:
    """The manifest as it was sent, its destination as a circle for those who need not know it."""
    told = dict(source)
    place = manifest.destination
    if place is not None and not sees_destination(caller.role):
        middle = _middle(lat_deg=place.lat, lon_deg=place.lon)
        told["destination"] = {**middle, "radius_m": RADIUS_M, "masked": True}
    return told


def shown_result(services: Services, result: CheckResult, caller: Caller) -> CheckResult:
    """The result without places for those who need not know the destination; and for everybody
    without the doors of other deliveries than those within reach."""
    result = hidden_result(services.register, result, caller.reach)
    evidence = result.evidence
    deliveries = evidence.deliveries
    if deliveries is not UNSET:
        masked = tuple(
            one
            if one.shipment != HIDDEN and sees_destination(caller.role)
            else msgspec.structs.replace(
                one,
                radius_m=RADIUS_M,
                **_middle(lat_deg=one.lat, lon_deg=one.lon),
            )
            for one in deliveries
        )
        evidence = msgspec.structs.replace(evidence, deliveries=masked)
    if evidence.challenges is not UNSET and caller.role in ("courier", "platform"):
        # Who is challenged learns of it from the officer, not from here while it runs.
        over = tuple(one for one in evidence.challenges if one.outcome != "open")
        evidence = msgspec.structs.replace(evidence, challenges=over or UNSET)
    if sees_destination(caller.role):
        return msgspec.structs.replace(result, evidence=evidence)
    findings = tuple(without_place(finding) for finding in result.findings)
    return msgspec.structs.replace(result, evidence=evidence, findings=findings)


def without_place(finding: AnyFinding) -> AnyFinding:
    """The finding without where it was."""
    measures = msgspec.structs.replace(finding.measures, lat=UNSET, lon=UNSET)
    return msgspec.structs.replace(finding, where=None, measures=measures)


def shown_findings(
    services: Services, found: list[ShipmentFinding], caller: Caller
) -> tuple[ShipmentFinding, ...]:
    """Findings across shipments, in the same way."""
    hidden = beyond(services.register, twins_of(found), caller.reach)
    told = [hidden_finding(one, hidden) for one in found]
    if sees_destination(caller.role):
        return tuple(told)
    return tuple(without_place(one) for one in told)


def shown_table(
    services: Services, table: ReadingTable, shipment: str, caller: Caller
) -> ReadingTable:
    """A shipment's readings; for those who need not know its door without positions there."""
    if sees_destination(caller.role):
        return table
    manifest = services.register.manifests.newest([shipment]).get(shipment)
    hidden = hidden_fixes(table, manifest)
    return replace(
        table,
        lat_deg=np.where(hidden, np.nan, table.lat_deg),
        lon_deg=np.where(hidden, np.nan, table.lon_deg),
    )


def hidden_fixes(table: ReadingTable, manifest: Manifest | None) -> NDArray[np.bool_]:
    """(n,) positions that lie in the circle around the destination; where no manifest names one,
    around the last position."""
    known = ~np.isnan(table.lat_deg)
    hidden = np.zeros(len(table), dtype=np.bool_)
    if not known.any():
        return hidden
    place = None if manifest is None else manifest.destination
    if place is None:
        last = np.flatnonzero(known)[np.argmax(table.time_ms[known])]
        lat, lon = float(table.lat_deg[last]), float(table.lon_deg[last])
    else:
        lat, lon = place.lat, place.lon
    away_m = haversine_m(
        lat_deg=table.lat_deg,
        lon_deg=table.lon_deg,
        to_lat_deg=np.full(len(table), lat),
        to_lon_deg=np.full(len(table), lon),
    )
    hidden[known] = away_m[known] <= RADIUS_M
    return hidden
