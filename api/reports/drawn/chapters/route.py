"""Route and stops: track plot and distance without any base map, table of stops."""

import numpy as np

from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.api.reports.drawn.charts.marks import Mark
from coldwitness.api.reports.drawn.charts.track import Spot, distance_svg, track_svg
from coldwitness.api.reports.drawn.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Facts,
    Figure,
    Paragraph,
    Subheading,
    Table,
)
from coldwitness.api.reports.drawn.most_rows import left_out, weightiest
from coldwitness.api.reports.drawn.view import View, is_clue
from coldwitness.api.reports.made.instants import china_time, epoch_s
from coldwitness.api.reports.made.model import Stop
from coldwitness.api.reports.made.wording import duration, quantity, say, say_or_key
from coldwitness.domain.map_datums import to_wgs84, wgs84_to_gcj02

_LABELLED = 8
"""With more stops than this only those that are clues carry their number on the plot."""

_BRIEF = 2
"""With more brief stops than this they are counted where nothing was found."""


def route(view: View) -> Chapter:
    report = view.report
    blocks: list[Block] = []
    if report.route.positions == 0:
        blocks.append(Paragraph(view.say("route.no_positions")))
    elif not _clean(view):
        blocks.append(_figure(view))
    blocks.append(_facts(view))
    blocks += _stop_table(view)
    if any(stop.role != "destination" for stop in report.route.stops):
        blocks.append(Paragraph(view.say("route.datum"), small=True))
    if report.route.position_gaps:
        blocks += [Subheading(view.say("route.time_without_position")), _position_gap_table(view)]
        blocks += left_out(view, report.route.position_gaps)
    return Chapter("route", view.say("route.title"), tuple(blocks))


def _figure(view: View) -> Figure:
    start, end = view.window
    track_alt = view.say("route.track_alt")
    way = view.way
    svgs = (
        track_svg(way, spots(view), name="track", alt=track_alt, lang=view.lang),
        distance_svg(
            way,
            start_s=start,
            end_s=end,
            stops=view.stops,
            unseen=tuple(
                Mark(epoch_s(gap.start), epoch_s(gap.end))
                for gap in view.report.route.position_gaps
            ),
            name="distance",
            alt=view.say("route.distance_against_time"),
            lang=view.lang,
        ),
    )
    caption = view.say("route.figure")
    return Figure(svgs, caption, track_alt, half=True)


def spots(view: View) -> list[Spot]:
    """Ends of the manifest (else of the track), then the stops that are not at an end."""
    source = view.report.manifest or {}
    way = view.way
    found = []
    for kind, row in (("origin", 0), ("destination", -1)):
        place = source.get(kind) or {}
        label = say(f"stop_{kind}", view.lang)
        if "lat" in place and "lon" in place:
            lat, lon = to_wgs84(
                float(place["lat"]),
                float(place["lon"]),
                datum=place.get("datum") or "WGS84",
            )
            found.append(
                Spot(
                    lat,
                    lon,
                    kind,
                    label,
                    float(place.get("radius_m") or 100.0),
                )
            )
        else:
            found.append(Spot(float(way.lat_deg[row]), float(way.lon_deg[row]), kind, label))
    inner = [s for s in view.report.route.stops if s.role not in {"origin", "destination"}]
    found += [
        Spot(
            stop.lat,
            stop.lon,
            "clue" if is_clue(stop) else "stop",
            f"P{stop.number}" if is_clue(stop) or len(inner) <= _LABELLED else "",
            stop.radius_m if is_clue(stop) else 0.0,
        )
        for stop in weightiest(inner, _weight)
    ]
    return found


def _facts(view: View) -> Facts:
    found = view.report.route
    km = None if found.distance_m is None else found.distance_m / 1000.0
    dwell = duration(view.number["dwell_limit_s"], view.lang)
    return Facts(
        pairs=(
            (
                view.say("route.distance"),
                quantity(km, "km"),
                view.say("route.along_positions"),
            ),
            (view.say("route.stopped"), duration(found.stopped_s, view.lang), ""),
            (
                view.say("route.longest_hidden_stop_possible"),
                duration(found.hidden_stop_max_s, view.lang),
                view.say("route.within_time_without_position"),
            ),
            (
                view.say("route.dwell_that_counts"),
                dwell,
                say("set_by_bureau", view.lang),
            ),
        )
    )


def _clean(view: View) -> bool:
    return view.report.decision.verdict in {"compliant", "asserted"}


def _stop_table(view: View) -> list[Block]:
    """Every stop; where nothing was found brief ones, if there are more than a few, are counted."""
    stops = view.report.route.stops
    brief = [stop for stop in stops if stop.role == "brief"]
    if not _clean(view) or len(brief) <= _BRIEF:
        brief = []
    listed = [stop for stop in stops if stop not in brief] if brief else stops
    rows = tuple(_stop_row(view, stop) for stop in weightiest(listed, _weight))
    table = Table(
        columns=(
            Column(view.say("route.stop"), 0.4),
            Column(view.say("from_to"), 1.2),
            Column(view.say("length"), 0.9, "right"),
            Column(view.say("place"), 4.5),
            Column(view.say("route.judged"), 1.2),
            Column(view.say("route.signs"), 1.1),
        ),
        rows=rows,
        empty=_no_stop(view),
    )
    blocks: list[Block] = [table, *left_out(view, listed)]
    if not brief:
        return blocks
    most = duration(max(stop.duration_s for stop in brief), view.lang)
    return [*blocks, Paragraph(view.say("route.brief", count=len(brief), most=most), small=True)]


def _weight(stop: Stop) -> tuple[float, ...]:
    return is_clue(stop), stop.duration_s


def _no_stop(view: View) -> str:
    if view.report.route.positions == 0:
        return view.say("route.stops_no_positions")
    return view.say("route.no_stop")


def _stop_row(view: View, stop: Stop) -> tuple[Cell, ...]:
    signs = [say_or_key(f"sign_{sign}", view.lang).removeprefix("sign_") for sign in stop.signs]
    return (
        Cell(f"P{stop.number}"),
        Cell(china_time(stop.start), note=china_time(stop.end)),
        Cell(duration(stop.duration_s, view.lang)),
        place_of(view, stop),
        Cell(say_or_key(f"stop_{stop.role}", view.lang), tone="suspected" if is_clue(stop) else ""),
        Cell(view.say("semicolon").join(signs)),
    )


def place_of(view: View, stop: Stop) -> Cell:
    """Its name, else how far the nearest known place is, and where it lies. A consignee's place
    may be a home: neither its name nor its coordinates are printed."""
    if stop.role == "destination":
        return Cell("—")
    where = _where(view, stop)
    named = stop.site or _nearest(view, stop)
    if named:
        return Cell(named, note=where)
    first, _, rest = where.partition("\n")
    return Cell(first, note=rest)


def _where(view: View, stop: Stop) -> str:
    """The place in the datum of the record, and as maps sold in China show it."""
    lat, lon = wgs84_to_gcj02(stop.lat, stop.lon)
    here = f"{stop.lat:.5f}, {stop.lon:.5f}"
    if (lat, lon) == (stop.lat, stop.lon):
        return view.say("route.in_wgs84", here=here)
    return view.say("route.in_both", here=here, there=f"{lat:.5f}, {lon:.5f}")


def _nearest(view: View, stop: Stop) -> str:
    """How far the nearest place is that the manifest names, the consignee's never among them."""
    if stop.role in {"origin", "destination"}:
        return ""
    source = view.report.manifest or {}
    places = [source.get("origin") or {}, *(source.get("sites") or ())]
    known = [p for p in places if p.get("name") and "lat" in p and "lon" in p]
    if not known:
        return ""
    away_m = haversine_m(
        lat_deg=np.array([stop.lat]),
        lon_deg=np.array([stop.lon]),
        to_lat_deg=np.array([float(p["lat"]) for p in known]),
        to_lon_deg=np.array([float(p["lon"]) for p in known]),
    )
    nearest = int(np.argmin(away_m))
    km = quantity(float(away_m[nearest]) / 1000.0, "km", places=1)
    return view.say("route.nearest", name=known[nearest]["name"], km=km)


def _position_gap_table(view: View) -> Table:
    return Table(
        columns=(
            Column(view.say("from"), 1.0),
            Column(view.say("to"), 1.0),
            Column(view.say("length"), 1.0, "right"),
        ),
        rows=tuple(
            (
                Cell(china_time(gap.start)),
                Cell(china_time(gap.end)),
                Cell(duration(gap.length_s, view.lang)),
            )
            for gap in weightiest(view.report.route.position_gaps, lambda gap: (gap.length_s,))
        ),
    )
