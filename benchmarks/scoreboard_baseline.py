"""What a plain monitor does with the same readings: a threshold and a stay-point search.

Kept simple on purpose, as such systems are: any reading out of range is a breach that lasts
from the first to the last such reading; a stay point (Li et al., 2008) of 15 minutes within
100 m away from origin, destination and declared sites is a suspicion; nothing else is asked.
For isolation it has the correlation between the steps of the two probes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from coldwitness.domain.tracks import FloatArray

LOW_C, HIGH_C = 2.0, 8.0
DWELL_S, RADIUS_M = 900.0, 100.0
_M_PER_DEG = 111_195.0


@dataclass(frozen=True)
class PlainReadings:
    """One shipment's readings by time, between packing and delivery; NaN where absent."""

    time_s: FloatArray
    drug_c: FloatArray
    coolant_c: FloatArray
    goods_c: FloatArray
    lat_deg: FloatArray
    lon_deg: FloatArray


@dataclass(frozen=True)
class PlainVerdict:
    verdict: str
    first_out_s: float | None
    out_s: float


def judge_plainly(readings: PlainReadings, manifest: Mapping[str, Any]) -> PlainVerdict:
    """`breach`, `suspected` or `compliant`; it knows no fourth word."""
    drug = readings.drug_c[np.isfinite(readings.drug_c)]
    times = readings.time_s[np.isfinite(readings.drug_c)]
    out = (drug > HIGH_C) | (drug < LOW_C)
    if out.any():
        first, last = times[out][0], times[out][-1]
        return PlainVerdict("breach", float(first), float(last - first))
    if _stays(readings, manifest):
        return PlainVerdict("suspected", None, 0.0)
    return PlainVerdict("compliant", None, 0.0)


def _stays(readings: PlainReadings, manifest: Mapping[str, Any]) -> bool:
    """Whether any stay point lies away from every place the manifest names."""
    fixed = np.isfinite(readings.lat_deg)
    time_s = readings.time_s[fixed]
    lat, lon = readings.lat_deg[fixed], readings.lon_deg[fixed]
    places = [manifest["origin"], manifest["destination"], *manifest["sites"]]
    i, n = 0, time_s.size
    while i < n:
        away = _distance_m(lat[i], lon[i], lat[i:], lon[i:]) > RADIUS_M
        j = i + (int(np.argmax(away)) if away.any() else n - i)
        if j > i and time_s[j - 1] - time_s[i] >= DWELL_S:
            at = (float(lat[i:j].mean()), float(lon[i:j].mean()))
            if all(
                _distance_m(*at, np.array([p["lat"]]), np.array([p["lon"]]))[0] > p["radius_m"]
                for p in places
            ):
                return True
            i = j
        else:
            i += 1
    return False


def correlation(drug_c: FloatArray, other_c: FloatArray) -> float:
    """Correlation of the steps of two probes; 0 where it cannot be computed."""
    both = np.isfinite(drug_c) & np.isfinite(other_c)
    if both.sum() < 10:
        return 0.0
    one, other = np.diff(drug_c[both]), np.diff(other_c[both])
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _distance_m(lat: float, lon: float, lats: FloatArray, lons: FloatArray) -> FloatArray:
    north = (lats - lat) * _M_PER_DEG
    east = (lons - lon) * _M_PER_DEG * np.cos(np.radians(lat))
    return np.asarray(np.hypot(north, east))
