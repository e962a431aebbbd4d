"""The course of a shipment as its page draws it: curves thinned to a screen, what was not seen and
what was possible there, and the way.

It is copied from the report of the same judging run: nothing is judged, joined or bounded here.
"""

from collections.abc import Sequence

from msgspec import Struct

from coldwitness.api.pages.map_tiles import DrawnTile, tiles_under
from coldwitness.api.reports.drawn.chapters.curve import is_of, main_figure
from coldwitness.api.reports.drawn.chapters.evidence import probe_title
from coldwitness.api.reports.drawn.chapters.route import spots
from coldwitness.api.reports.drawn.charts.marks import Mark
from coldwitness.api.reports.drawn.charts.trace import Line, thinned
from coldwitness.api.reports.drawn.charts.track import Spot, plan_of, track_svg
from coldwitness.api.reports.drawn.document import Figure
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.instants import epoch_s
from coldwitness.config.settings import MapSettings
from coldwitness.domain.coverage import CoveredProbe
from coldwitness.domain.manifest import Manifest

COLUMNS = 700
"""Of a curve where the page does not say how wide it is [px]."""
COLUMNS_MOST = 2000
PLAN_WIDTH, PLAN_HEIGHT = 420.0, 300.0
_PLACES_MOST = 800
"""Of the way, to which a cursor on the curve may point."""
_CURVES_MOST = 16
"""Of one shipment; the report has more."""
_BREAKS = frozenset({"above_range", "below_range", "frozen"})


class DrawnProbe(Struct, frozen=True, kw_only=True):
    """A probe's line. time_s : after `Course.from_s` [s]. value_c : null where the line begins
    anew."""

    name: str
    title: str
    judged: bool
    time_s: tuple[float, ...]
    value_c: tuple[float | None, ...]


class DrawnMark(Struct, frozen=True, kw_only=True):
    """Something that lasted; times after `Course.from_s` [s]. weighs : a certain break, or a stop
    that is a clue."""

    start_s: float
    end_s: float
    number: int | None = None
    weighs: bool = False


class DrawnPlace(Struct, frozen=True, array_like=True):
    """Where the box was; x, y on the plan."""

    time_s: float
    x: float
    y: float


class DrawnWay(Struct, frozen=True, kw_only=True):
    """svg : the plan, a picture of its own. tiles : of the office's map, to lie under it."""

    svg: str
    tiles: tuple[DrawnTile, ...]
    places: tuple[DrawnPlace, ...]


class Course(Struct, frozen=True, kw_only=True):
    """What is drawn. from_s : UTC epoch seconds; all other times are seconds after it.

    possible : of each gap the corners (time, °C) of what temperature can have been in it.
    way : None where no position was given, or the caller need not know the door.
    """

    from_s: float
    to_s: float
    window: tuple[float, float] | None
    low_c: float | None
    high_c: float | None
    probes: tuple[DrawnProbe, ...]
    unseen: tuple[DrawnMark, ...]
    possible: tuple[tuple[tuple[float, float], ...], ...]
    episodes: tuple[DrawnMark, ...]
    lid_open: tuple[DrawnMark, ...]
    stops: tuple[DrawnMark, ...]
    way: DrawnWay | None


def course_of(
    view: View,
    *,
    manifest: Manifest | None,
    columns: int,
    part_s: tuple[float, float] | None,
    with_way: bool,
    map_: MapSettings,
) -> Course:
    """What the page draws of a report.

    columns : how many pixels wide; a column keeps its first, least, greatest and last reading.
    part_s : only this part [UTC epoch s], as finely as it is wide; None: all of it.
    map_ : the office's own, under the way.
    """
    start_s, end_s = view.drawn if part_s is None else part_s
    terms, probes = view.report.terms, view.report.probes[:_CURVES_MOST]
    judged = [probe for probe in probes if probe.judged]
    return Course(
        from_s=start_s,
        to_s=end_s - start_s,
        window=None
        if terms.start is None or terms.end is None
        else (view.window[0] - start_s, view.window[1] - start_s),
        low_c=terms.low_c,
        high_c=terms.high_c,
        probes=tuple(
            _probe(view, probe, start_s=start_s, end_s=end_s, columns=columns) for probe in probes
        ),
        unseen=_marks([mark for probe in judged for mark in view.unseen(probe)], start_s),
        possible=tuple(
            tuple((round(at - start_s, 3), c) for at, c in corners)
            for probe in judged
            for corners in view.possible(probe)
        ),
        episodes=_marks(_episodes(view, judged), start_s),
        lid_open=_marks(view.lid_open, start_s),
        stops=tuple(
            DrawnMark(
                start_s=mark.start_s - start_s,
                end_s=mark.end_s - start_s,
                number=mark.number,
                weighs=stop.finding is not None,
            )
            for mark, stop in zip(view.stops, view.report.route.stops, strict=True)
        ),
        way=_way(view, manifest, start_s, map_) if with_way else None,
    )


def _episodes(view: View, judged: Sequence[CoveredProbe]) -> list[Mark]:
    return [
        Mark(epoch_s(one.start), epoch_s(one.end), one.certainty == "certain", one.number)
        for one in view.report.episodes
        if one.subtype in _BREAKS and any(is_of(one, probe) for probe in judged)
    ]


def _marks(marks: Sequence[Mark], from_s: float) -> tuple[DrawnMark, ...]:
    return tuple(
        DrawnMark(
            start_s=round(mark.start_s - from_s, 3),
            end_s=round(mark.end_s - from_s, 3),
            number=mark.number,
            weighs=mark.certain,
        )
        for mark in marks
    )


def _probe(
    view: View, probe: CoveredProbe, *, start_s: float, end_s: float, columns: int
) -> DrawnProbe:
    line = view.line(probe).within(start_s, end_s)
    times: list[float] = []
    values: list[float | None] = []
    for run in line.runs():
        points = _thinned(line, run, start_s=start_s, end_s=end_s, columns=columns)
        if times:  # nothing is drawn across
            times.append(round((times[-1] + points[0][0]) / 2, 3))
            values.append(None)
        times += [at for at, _ in points]
        values += [value for _, value in points]
    return DrawnProbe(
        name=probe.name,
        title=probe_title(view, probe.name),
        judged=probe.judged,
        time_s=tuple(times),
        value_c=tuple(values),
    )


def _thinned(
    line: Line, run: slice, *, start_s: float, end_s: float, columns: int
) -> list[tuple[float, float]]:
    per_column_s = max(end_s - start_s, 1.0) / columns
    after_s = line.time_s[run] - start_s
    points = thinned(x=after_s / per_column_s, y=line.value[run])
    return [(round(x * per_column_s, 3), round(value, 3)) for x, value in points]


def plan_spots(view: View, manifest: Manifest | None) -> list[Spot]:
    """Ends and stops, and the places that the manifest names beside them."""
    drawn = spots(view)
    sites = () if manifest is None else manifest.sites
    return drawn + [
        Spot(site.lat, site.lon, "site", site.name or "", site.radius_m) for site in sites
    ]


def _way(
    view: View, manifest: Manifest | None, from_s: float, map_: MapSettings
) -> DrawnWay | None:
    if view.report.route.positions == 0:
        return None
    way = view.way
    places = plan_spots(view, manifest)
    plan = plan_of(way, places, width=PLAN_WIDTH, height=PLAN_HEIGHT)
    every = max(way.time_s.size // _PLACES_MOST, 1)
    kept = slice(None, None, every)
    points = plan.at(lat_deg=way.lat_deg[kept], lon_deg=way.lon_deg[kept])
    return DrawnWay(
        svg=_way_svg(view, places),
        tiles=tiles_under(plan, map_),
        places=tuple(
            DrawnPlace(round(at - from_s, 3), round(x, 1), round(y, 1))
            for at, (x, y) in zip(way.time_s[kept].tolist(), points, strict=True)
        ),
    )


def way_svg(view: View, manifest: Manifest | None) -> str:
    """The plan of a shipment that has positions."""
    return _way_svg(view, plan_spots(view, manifest))


def _way_svg(view: View, places: Sequence[Spot]) -> str:
    return track_svg(
        view.way,
        places,
        name="way",
        alt=view.say("route.track_alt"),
        lang=view.lang,
        width=PLAN_WIDTH,
        height=PLAN_HEIGHT,
    )


def curve_figure(view: View) -> Figure | None:
    """The curve of the probe that matters most, as the report draws it; None without readings."""
    return None if view.worst is None else main_figure(view, view.worst)
