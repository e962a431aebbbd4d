"""Where the box was, who had it, and which instruments watched: route, custody, loggers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.geodesy import haversine_m
from analysis.stops_stays import Stays
from api.reports.instants import epoch_s, instant
from api.reports.model import CustodyStep, Instrument, Route, Span, Stop
from api.reports.wording import both, event_words
from config.rules import Numbers, Text
from domain.instants import rfc3339
from domain.manifest import Manifest, Place, Site
from domain.reading import Event
from domain.tracks import Tracks


def route_of(
    tracks: Tracks,
    manifest: Manifest | None,
    findings: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, Any],
    *,
    window: tuple[float, float],
    stays: Stays | None,
    shipment: int,
    numbers: Numbers,
) -> Route:
    """Positions of the window, gaps between them, and every stop with what it was judged to be.

    stays : stops found by analysis, `shipment` the index of ours in it; None where analysis
    gave none: then only the stops that are findings are shown.
    """
    start_s, end_s = window
    placed = (tracks.time_s >= start_s) & (tracks.time_s <= end_s)
    placed &= np.isfinite(tracks.lat_deg) & np.isfinite(tracks.lon_deg)
    time_s = tracks.time_s[placed]
    edges = np.r_[start_s, time_s, end_s] if time_s.size else np.array([start_s, end_s])
    wide = np.flatnonzero(np.diff(edges) > numbers.position_gap_s)
    return Route(
        positions=int(time_s.size),
        distance_m=metrics.get("distance_m"),
        stopped_s=metrics.get("stopped_s"),
        hidden_stop_max_s=metrics.get("hidden_stop_max_s"),
        position_gaps=tuple(
            Span(start=instant(edges[i]), end=instant(edges[i + 1]), state="unseen") for i in wide
        ),
        stops=_stops(manifest, findings, stays, shipment=shipment, numbers=numbers),
    )


def _stops(
    manifest: Manifest | None,
    findings: Sequence[Mapping[str, Any]],
    stays: Stays | None,
    *,
    shipment: int,
    numbers: Numbers,
) -> tuple[Stop, ...]:
    clues = [f for f in findings if f.get("kind") == "temporary_storage" and f.get("start")]
    drawn: list[dict[str, Any]] = [_stop_of_clue(f, numbers) for f in clues]
    for k in np.flatnonzero(stays.shipment == shipment).tolist() if stays is not None else ():
        start_s, end_s = float(stays.start_s[k]), float(stays.end_s[k])  # type: ignore[union-attr]
        if any(start_s < epoch_s(c["end"]) and end_s > epoch_s(c["start"]) for c in clues):
            continue
        lat, lon = float(stays.lat_deg[k]), float(stays.lon_deg[k])  # type: ignore[union-attr]
        role, site = _place_of(manifest, lat, lon)
        drawn.append(
            {
                "start": instant(start_s),
                "end": instant(end_s),
                "duration_s": round(end_s - start_s, 3),
                "lat": round(lat, 6),
                "lon": round(lon, 6),
                "radius_m": numbers.dwell_radius_m,
                "role": role,
                "site": site,
                "finding": None,
                "signs": (),
            }
        )
    drawn.sort(key=lambda stop: epoch_s(stop["start"]))
    return tuple(Stop(number=i, **stop) for i, stop in enumerate(drawn, start=1))


def _stop_of_clue(finding: Mapping[str, Any], numbers: Numbers) -> dict[str, Any]:
    measures = finding.get("measures") or {}
    where = finding.get("where") or {}
    signs = measures.get("signs") or ()
    return {
        "start": finding["start"],
        "end": finding["end"],
        "duration_s": float(measures.get("dwell_s") or finding["duration_s"]),
        "lat": float(measures.get("lat", where.get("lat", 0.0))),
        "lon": float(measures.get("lon", where.get("lon", 0.0))),
        "radius_m": float(measures.get("radius_m") or numbers.dwell_radius_m),
        "role": str(finding["subtype"]),
        "site": measures.get("site"),
        "finding": str(finding["id"]),
        "signs": tuple(str(sign) for sign in signs) if not isinstance(signs, str) else (signs,),
    }


def _place_of(manifest: Manifest | None, lat: float, lon: float) -> tuple[str, str | None]:
    """Role of a stop that is no finding. The consignee's place is never named: it may be a home."""
    if manifest is None:
        return "brief", None
    known: list[tuple[str, Place | Site | None]] = [
        ("origin", manifest.origin),
        ("destination", manifest.destination),
        *(("allowed", site) for site in manifest.sites),
    ]
    for role, place in known:
        if place is None:
            continue
        away_m = haversine_m(
            lat_deg=np.array(lat),
            lon_deg=np.array(lon),
            to_lat_deg=np.array(place.lat),
            to_lon_deg=np.array(place.lon),
        )
        if float(away_m) <= place.radius_m:
            return role, None if role == "destination" else place.name
    return "brief", None


def custody_of(manifest: Manifest | None, events: Sequence[Event]) -> tuple[CustodyStep, ...]:
    """Events and declared times in order; actors and notes are left out, they may be people."""
    steps = [
        CustodyStep(
            time=rfc3339(event.time_ms),
            what=event_words(event.event),
            source=both("by_event"),
            site=event.site,
        )
        for event in events
    ]
    declared = (
        ()
        if manifest is None
        else (
            (manifest.dispatched_ms, Text("申报发出", "declared dispatch")),
            (manifest.due_ms, Text("约定送达时限", "due")),
            (manifest.delivered_ms, Text("申报送达", "declared delivery")),
        )
    )
    steps += [
        CustodyStep(time=rfc3339(ms), what=what, source=both("by_manifest"), site=None)
        for ms, what in declared
        if ms is not None
    ]
    return tuple(sorted(steps, key=lambda step: epoch_s(step.time)))


def instruments_of(
    tracks: Tracks, manifest: Manifest | None, *, window: tuple[float, float]
) -> tuple[Instrument, ...]:
    """Loggers seen in the window, and the declared one even if it sent nothing."""
    start_s, end_s = window
    inside = (tracks.time_s >= start_s) & (tracks.time_s <= end_s)
    declared = manifest.logger.id if manifest is not None else None
    names = [name for k, name in enumerate(tracks.loggers) if (inside & (tracks.logger == k)).any()]
    if declared is not None and declared not in names:
        names.insert(0, declared)
    made = []
    for name in names:
        known = name in tracks.loggers
        rows = inside & (tracks.logger == tracks.loggers.index(name)) if known else inside & False
        time_s = tracks.time_s[rows]
        ours = manifest is not None and declared in {name, None}
        stated = manifest.logger if manifest is not None and ours else None
        until = stated.calibrated_until if stated is not None else None
        made.append(
            Instrument(
                logger=name,
                declared=declared == name,
                readings=int(rows.sum()),
                first=instant(time_s[0]) if time_s.size else None,
                last=instant(time_s[-1]) if time_s.size else None,
                interval_s=stated.interval_s if stated is not None else None,
                accuracy_c=stated.accuracy_c if stated is not None else None,
                calibrated_until=until,
                calibration="unknown",
            )
        )
    return tuple(made)
