"""Where the box was, who had it, and which instruments watched: route, custody, loggers."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from coldwitness.analysis.stops.fixes import BoolArray
from coldwitness.analysis.stops.position_gaps import way_of
from coldwitness.analysis.stops.stay_places import Where
from coldwitness.analysis.stops.stop_judgement import StopJudgement
from coldwitness.analysis.terms import Terms
from coldwitness.api.reports.made.coverage import polyline
from coldwitness.api.reports.made.evidence import site_of
from coldwitness.api.reports.made.instants import epoch_s, epochs_s, instant
from coldwitness.api.reports.made.model import CustodyStep, Instrument, Route, Stop
from coldwitness.api.reports.made.wording import both, event_words
from coldwitness.config.numbers import Numbers
from coldwitness.domain.coverage import CoveredPositions
from coldwitness.domain.instants import rfc3339, rfc3339_column
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.measures import given
from coldwitness.domain.reading import Event
from coldwitness.domain.result import Finding, Metrics
from coldwitness.domain.tracks import FloatArray, Tracks

_UNNUMBERED = 0
_ROLE = {
    Where.ELSEWHERE: "brief",
    Where.ORIGIN: "origin",
    Where.DESTINATION: "destination",
    Where.SITE: "allowed",
}


def route_of(
    tracks: Tracks,
    findings: Sequence[Finding],
    metrics: Metrics,
    positions: CoveredPositions,
    *,
    window: tuple[float, float],
    terms: Terms,
    stops: StopJudgement,
    shipment: int,
    numbers: Numbers,
) -> Route:
    """Positions of the window, gaps between them, and every stop with what it was judged to be.

    positions : as `coverage` of the result has them. stops : what analysis found, `shipment` the
    index of ours in it and in `terms`.
    """
    inside = (tracks.time_s >= window[0]) & (tracks.time_s <= window[1])
    row, begins = way_of(tracks, stops.gaps, shipment=shipment, rows=inside)
    clues = [f for f in findings if f.kind == "temporary_storage" and f.start is not None]
    drawn = _stops_of_clues(clues, numbers)
    drawn += _other_stops(stops, terms, clues, shipment=shipment, numbers=numbers)
    order = np.argsort(epochs_s([stop.start for stop in drawn]), kind="stable").tolist()
    return Route(
        positions=positions.fixes,
        distance_m=metrics.distance_m,
        stopped_s=metrics.stopped_s,
        hidden_stop_max_s=metrics.hidden_stop_max_s,
        position_gaps=positions.gaps,
        way=polyline(row, begins=begins),
        stops=tuple(replace(drawn[k], number=i) for i, k in enumerate(order, start=1)),
    )


def _other_stops(
    stops: StopJudgement,
    terms: Terms,
    clues: Sequence[Finding],
    *,
    shipment: int,
    numbers: Numbers,
) -> list[Stop]:
    """Stays that are no finding, not yet numbered. The consignee's place is never named: it may be
    a home."""
    stays, places = stops.stays, stops.places
    mine = np.flatnonzero(stays.shipment == shipment)
    for clue in clues:
        mine = mine[~_meets(clue, stays.start_s[mine], stays.end_s[mine])]
    start_s, end_s = stays.start_s[mine], stays.end_s[mine]
    drawn = []
    for k, start, end, lasting_s in zip(
        mine.tolist(),
        rfc3339_column(start_s),
        rfc3339_column(end_s),
        (end_s - start_s).tolist(),
        strict=True,
    ):
        role = "destination" if places.door[k] else _ROLE[Where(int(places.where[k]))]
        site = int(places.site[k])
        drawn.append(
            Stop(
                number=_UNNUMBERED,
                start=str(start),
                end=str(end),
                duration_s=round(lasting_s, 3),
                lat=round(float(stays.lat_deg[k]), 6),
                lon=round(float(stays.lon_deg[k]), 6),
                radius_m=numbers.dwell_radius_m,
                role=role,
                site=terms.sites.name[site] if role == "allowed" and site >= 0 else None,
                finding=None,
                signs=(),
            )
        )
    return drawn


def _meets(clue: Finding, start_s: FloatArray, end_s: FloatArray) -> BoolArray:
    """(k,) which of the stays from start_s to end_s [UTC epoch s] the clue's time meets."""
    if clue.start is None or clue.end is None:
        return np.zeros(start_s.size, dtype=np.bool_)
    return (start_s < epoch_s(clue.end)) & (end_s > epoch_s(clue.start))


def _stops_of_clues(clues: Sequence[Finding], numbers: Numbers) -> list[Stop]:
    """What temporary storage was suspected of, not yet numbered."""
    drawn = []
    for clue in clues:
        if clue.start is None or clue.end is None:
            continue
        measures, where = clue.measures, clue.where
        lat, lon = given(measures.lat), given(measures.lon)
        dwell_s, radius_m = given(measures.dwell_s), given(measures.radius_m)
        if where is not None:
            lat, lon = where.lat if lat is None else lat, where.lon if lon is None else lon
        drawn.append(
            Stop(
                number=_UNNUMBERED,
                start=clue.start,
                end=clue.end,
                duration_s=dwell_s or clue.duration_s or 0.0,
                lat=lat or 0.0,
                lon=lon or 0.0,
                radius_m=radius_m or numbers.dwell_radius_m,
                role=clue.subtype,
                site=given(measures.site),
                finding=clue.id,
                signs=given(measures.signs) or (),
            )
        )
    return drawn


def custody_of(manifest: Manifest | None, events: Sequence[Event]) -> tuple[CustodyStep, ...]:
    """Events and declared times in order; actors and notes are left out, they may be people."""
    steps = [
        CustodyStep(
            time=rfc3339(event.time_ms),
            what=event_words(event.event),
            source=both("by_event"),
            site=site_of(event),
        )
        for event in events
    ]
    declared = (
        ()
        if manifest is None
        else (
            (manifest.dispatched_ms, both("declared_dispatch")),
            (manifest.due_ms, both("due")),
            (manifest.delivered_ms, both("declared_delivery")),
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
