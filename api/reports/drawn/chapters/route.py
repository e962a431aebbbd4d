"""Route and stops: track plot and distance without any base map, table of stops."""

from coldwitness.api.reports.drawn.charts.temperature import Mark
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
from coldwitness.api.reports.drawn.view import View, is_clue
from coldwitness.api.reports.made.instants import china_time, epoch_s
from coldwitness.api.reports.made.model import Stop
from coldwitness.api.reports.made.wording import duration, quantity, say, say_or_key

_LABELLED = 8
"""With more stops than this only those that are clues carry their number on the plot."""


def route(view: View) -> Chapter:
    report, zh = view.report, view.lang == "zh"
    blocks: list[Block] = []
    if report.route.positions == 0:
        blocks.append(
            Paragraph(
                "记录中没有定位，路线与停留无法判定。"
                if zh
                else "The record has no positions; route and stops cannot be judged."
            )
        )
    else:
        blocks.append(_figure(view))
    blocks.append(_facts(view))
    blocks.append(_stop_table(view))
    if report.route.position_gaps:
        blocks += [Subheading("无定位时段" if zh else "Time without position"), _gap_table(view)]
    return Chapter("route", "路线与停留" if zh else "Route and stops", tuple(blocks))


def _figure(view: View) -> Figure:
    zh = view.lang == "zh"
    start, end = view.window
    track_alt = "运送轨迹（局部平面坐标，无底图）" if zh else "track in local metres, no base map"
    way = view.way
    svgs = (
        track_svg(way, _spots(view), name="track", alt=track_alt, lang=view.lang),
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
            alt="里程与时间" if zh else "distance against time",
            lang=view.lang,
        ),
    )
    caption = (
        "左：轨迹（■ 起点，▲ 收货点，P 停留，红色为疑似暂存；"
        "圆为判定半径；虚线为无定位路段；无底图）。右：累计里程与时间，阴影为停留，斜线为无定位。"
        if zh
        else "Left: track (■ origin, ▲ destination, P stops, red: suspected storage; circle: "
        "radius of judging; dotted: no position; no base map). Right: distance against time, "
        "stops shaded, hatched without position."
    )
    return Figure(svgs, caption, track_alt, half=True)


def _spots(view: View) -> list[Spot]:
    """Ends of the manifest (else of the track), then the stops that are not at an end."""
    source = view.report.manifest or {}
    way = view.way
    spots = []
    for kind, row in (("origin", 0), ("destination", -1)):
        place = source.get(kind) or {}
        label = say(f"stop_{kind}", view.lang)
        if "lat" in place and "lon" in place:
            spots.append(
                Spot(
                    float(place["lat"]),
                    float(place["lon"]),
                    kind,
                    label,
                    float(place.get("radius_m") or 100.0),
                )
            )
        else:
            spots.append(Spot(float(way.lat_deg[row]), float(way.lon_deg[row]), kind, label))
    inner = [s for s in view.report.route.stops if s.role not in {"origin", "destination"}]
    spots += [
        Spot(
            stop.lat,
            stop.lon,
            "clue" if is_clue(stop) else "stop",
            f"P{stop.number}" if is_clue(stop) or len(inner) <= _LABELLED else "",
            stop.radius_m if is_clue(stop) else 0.0,
        )
        for stop in inner
    ]
    return spots


def _facts(view: View) -> Facts:
    found, zh = view.report.route, view.lang == "zh"
    km = None if found.distance_m is None else found.distance_m / 1000.0
    dwell = duration(view.number["dwell_limit_s"], view.lang)
    return Facts(
        pairs=(
            (
                "里程" if zh else "Distance",
                quantity(km, "km"),
                "按定位点" if zh else "along positions",
            ),
            ("停留合计" if zh else "Stopped", duration(found.stopped_s, view.lang), ""),
            (
                "最长可能隐藏停留" if zh else "Longest hidden stop possible",
                duration(found.hidden_stop_max_s, view.lang),
                "在无定位时段内" if zh else "within time without position",
            ),
            (
                "暂存判定时间" if zh else "Dwell that counts",
                dwell,
                say("set_by_bureau", view.lang),
            ),
        )
    )


def _stop_table(view: View) -> Table:
    zh = view.lang == "zh"
    rows = tuple(_stop_row(view, stop) for stop in view.report.route.stops)
    return Table(
        columns=(
            Column("停留" if zh else "Stop", 0.6),
            Column("自 / 至" if zh else "From / to", 1.4),
            Column("时长" if zh else "Length", 1.2, "right"),
            Column("地点" if zh else "Place", 1.6),
            Column("判定" if zh else "Judged", 2.2),
            Column("迹象" if zh else "Signs", 1.8),
        ),
        rows=rows,
        empty=_no_stop(view),
    )


def _no_stop(view: View) -> str:
    zh = view.lang == "zh"
    if view.report.route.positions == 0:
        return "没有定位，无法判断停留。" if zh else "No positions: stops cannot be told."
    return "定位所及范围内没有停留。" if zh else "No stop as far as positions reach."


_SIGNS = {
    "stored_event": ("有入库存放事件", "a stored event"),
    "lid_opened": ("停留时开箱", "box opened"),
    "not_moving": ("加速度计静止", "not moving"),
    "ambient_step": ("环境温度阶跃", "ambient step"),
}


def _stop_row(view: View, stop: Stop) -> tuple[Cell, ...]:
    zh = view.lang == "zh"
    # A consignee's place may be a home: neither its name nor its coordinates are printed.
    place = f"{stop.lat:.5f}, {stop.lon:.5f}" if stop.role != "destination" else ""
    named = stop.site or ""
    signs = [_SIGNS[s][0 if zh else 1] if s in _SIGNS else s for s in stop.signs]
    return (
        Cell(f"P{stop.number}"),
        Cell(china_time(stop.start), note=china_time(stop.end)),
        Cell(duration(stop.duration_s, view.lang)),
        Cell(named or place or "—", note=place if named else ""),
        Cell(say_or_key(f"stop_{stop.role}", view.lang), tone="suspected" if is_clue(stop) else ""),
        Cell("；".join(signs) if zh else "; ".join(signs)),
    )


def _gap_table(view: View) -> Table:
    zh = view.lang == "zh"
    return Table(
        columns=(
            Column("自" if zh else "From", 1.0),
            Column("至" if zh else "To", 1.0),
            Column("时长" if zh else "Length", 1.0, "right"),
        ),
        rows=tuple(
            (
                Cell(china_time(gap.start)),
                Cell(china_time(gap.end)),
                Cell(duration(gap.length_s, view.lang)),
            )
            for gap in view.report.route.position_gaps
        ),
    )
