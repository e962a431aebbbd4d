"""The main chart: band of limits, trace with its uncertainty, cones in the gaps, episodes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from coldwitness.api.reports.drawn.charts import axes, canvas
from coldwitness.api.reports.drawn.charts.axes import TimeAxis, ValueAxis
from coldwitness.api.reports.drawn.charts.canvas import Canvas
from coldwitness.api.reports.drawn.charts.marks import MOST_APART, Mark, drawable
from coldwitness.api.reports.drawn.charts.trace import Line, envelope, run_points
from coldwitness.api.reports.made.wording import Lang, celsius, say
from coldwitness.domain.tracks import FloatArray

Shape = tuple[tuple[float, float], ...]
"""Corners (time, °C)."""


@dataclass(frozen=True)
class TemperatureChart:
    """What the main chart shows; all times UTC epoch seconds.

    accuracy_c : (n,) uncertainty of each reading of `line`.
    low_c, high_c : limits, None where open.  start_s, end_s : drawn time.
    window : judged time; what lies outside is shaded, None where it is unknown.
    possible : of each gap the corners (time, °C) of what temperature can have been in it.
    """

    line: Line
    accuracy_c: FloatArray
    low_c: float | None
    high_c: float | None
    start_s: float
    end_s: float
    window: tuple[float, float] | None
    possible: tuple[Shape, ...] = ()
    unseen: tuple[Mark, ...] = ()
    episodes: tuple[Mark, ...] = ()
    lid_open: tuple[Mark, ...] = ()
    stops: tuple[Mark, ...] = ()
    closest_c: float | None = None
    """The limit that an enlarged part is about: its axis holds the line and this limit only."""


def temperature_svg(
    chart: TemperatureChart,
    *,
    name: str,
    alt: str,
    lang: Lang,
    width: float = canvas.FULL,
    height: float = 300.0,
    lanes: bool = True,
) -> str:
    """The chart as SVG. `lanes`: rows under it for stops and the open lid."""
    lane_rows = [m for m in (chart.stops, chart.lid_open) if m] if lanes else []
    sheet = Canvas(name, width=width, height=height + 17 * len(lane_rows), alt=alt)
    left, right, top, bottom = 46.0, width - 12.0, 30.0, height - 36.0
    time = TimeAxis(chart.start_s, chart.end_s, left, right)
    value = _value_axis(chart, y0=bottom, y1=top)
    plot = sheet.clip_rect("plot", left, top, width=right - left, height=bottom - top)

    sheet.rect(left, top, width=right - left, height=bottom - top, fill="#ffffff")
    _draw_band(sheet, chart, time, value)
    for mark in drawable(chart.episodes, time):
        x0, x1 = time.inside(time.x(mark.start_s)), time.inside(time.x(mark.end_s))
        fill = "#f3d9d5" if mark.certain else sheet.hatch("doubt", stroke=canvas.DOUBT)
        sheet.rect(x0, top, width=max(x1 - x0, 1.5), height=bottom - top, fill=fill, opacity=0.75)
    axes.draw_time_axis(sheet, time, top=top, bottom=bottom, most=10 if width > canvas.HALF else 5)
    axes.draw_value_axis(sheet, value, x0=left, x1=right)
    sheet.text((left - 6, top - 10), "°C", anchor="end", size=10.5)
    _draw_unseen(sheet, chart, time, value, plot)
    _draw_trace(sheet, chart, time, value, plot)
    _draw_window(sheet, chart, time, top, bottom, lang)
    labels_at = right if chart.window is None else time.inside(time.x(chart.window[1]))
    _draw_limits(sheet, chart, value, left, right, labels_at=labels_at)
    sheet.rect(left, top, width=right - left, height=bottom - top, fill="none", stroke=canvas.OTHER)
    _draw_flags(sheet, chart.episodes, time, top)
    y = height + 3.0
    for marks, word, fill in (
        (chart.stops if lanes else (), say("stops", lang), canvas.STOP),
        (chart.lid_open if lanes else (), say("lid_open_short", lang), canvas.INK),
    ):
        if not marks:
            continue
        sheet.text((left - 6, y + 3.6), word, anchor="end", size=10)
        sheet.line((left, y), (right, y), stroke=canvas.HAIRLINE, width=1)
        for mark in drawable(marks, time):
            x0, x1 = time.inside(time.x(mark.start_s)), time.inside(time.x(mark.end_s))
            sheet.rect(x0, y - 4, width=max(x1 - x0, 2), height=8, fill=fill, opacity=0.85)
        y += 17
    return sheet.svg()


def _value_axis(chart: TemperatureChart, *, y0: float, y1: float) -> ValueAxis:
    near = chart.closest_c
    limits = (chart.low_c, chart.high_c) if near is None else (near,)
    values = [v for v in limits if v is not None]
    if chart.line.value.size:
        values += [float(chart.line.value.min()), float(chart.line.value.max())]
    span = 6.0 if near is None else 1.0
    return axes.value_axis(values, y0=y0, y1=y1, pad=0.12, least_span=span)


def _draw_band(sheet: Canvas, chart: TemperatureChart, time: TimeAxis, value: ValueAxis) -> None:
    if chart.low_c is None and chart.high_c is None:
        return
    upper = value.y1 if chart.high_c is None else value.y(value.clamp(chart.high_c))
    lower = value.y0 if chart.low_c is None else value.y(value.clamp(chart.low_c))
    sheet.rect(time.x0, upper, width=time.x1 - time.x0, height=lower - upper, fill=canvas.BAND)


def _draw_limits(
    sheet: Canvas,
    chart: TemperatureChart,
    value: ValueAxis,
    left: float,
    right: float,
    *,
    labels_at: float,
) -> None:
    for limit in (chart.low_c, chart.high_c):
        if limit is not None and value.low <= limit <= value.high:
            y = value.y(limit)
            sheet.line((left, y), (right, y), stroke=canvas.BAND_EDGE, width=1.2, dash="6 3")
            sheet.text(
                (labels_at - 5, y - 4),
                celsius(limit),
                anchor="end",
                size=10.5,
                fill=canvas.BAND_EDGE,
            )


def _draw_unseen(
    sheet: Canvas, chart: TemperatureChart, time: TimeAxis, value: ValueAxis, plot: str
) -> None:
    """Hatched where nothing was measured, over it the shapes of what is possible there."""
    hatch = sheet.hatch("unseen", stroke="#aab4be", rising=False)
    for mark in drawable(chart.unseen, time):
        x0, x1 = time.inside(time.x(mark.start_s)), time.inside(time.x(mark.end_s))
        sheet.rect(x0, value.y1, width=max(x1 - x0, 1.0), height=value.y0 - value.y1, fill=hatch)
    for corners in _wide_enough(chart.possible, time):
        points = [(time.x(t), value.y(min(max(v, -400.0), 400.0))) for t, v in corners]
        if points:
            sheet.path(
                canvas.polyline(points, close=True),
                fill="#c9d3dc",
                stroke=canvas.UNSEEN,
                width=0.8,
                opacity=0.6,
                clip=plot,
                dash="3 2",
            )


def _wide_enough(shapes: Sequence[Shape], time: TimeAxis) -> Sequence[Shape]:
    """Of very many shapes those that can be seen: one narrower than the hatching's edge cannot."""
    if len(shapes) <= MOST_APART:
        return shapes
    ends = [[t for t, _ in corners] for corners in shapes]
    return [
        corners
        for corners, at in zip(shapes, ends, strict=True)
        if at and time.x(max(at)) - time.x(min(at)) >= 1.0
    ]


def _draw_trace(
    sheet: Canvas, chart: TemperatureChart, time: TimeAxis, value: ValueAxis, plot: str
) -> None:
    traced = chart.line
    outside = _outside_clips(sheet, chart, time, value)
    for run in traced.runs():
        x = time.xs(traced.time_s[run])
        high = value.ys(traced.value[run] + chart.accuracy_c[run])
        low = value.ys(traced.value[run] - chart.accuracy_c[run])
        upper, lower = envelope(x=x, low=high, high=low)
        sheet.path(
            canvas.polyline([*upper, *reversed(lower)], close=True),
            fill=canvas.TRACE,
            opacity=0.13,
            clip=plot,
        )
    for run in traced.runs():
        points = run_points(traced, run, time, value)
        if len(points) == 1:
            sheet.circle(points[0], 2.4, fill=canvas.TRACE, clip=plot)
            continue
        line = canvas.polyline(points)
        sheet.path(line, stroke=canvas.TRACE, width=1.5, clip=plot)
        beyond = (chart.high_c is not None and traced.value[run].max() > chart.high_c) or (
            chart.low_c is not None and traced.value[run].min() < chart.low_c
        )
        if beyond:
            for clip in outside:
                sheet.path(line, stroke=canvas.OUT, width=2.6, clip=clip)


def _outside_clips(
    sheet: Canvas, chart: TemperatureChart, time: TimeAxis, value: ValueAxis
) -> list[str]:
    clips = []
    width = time.x1 - time.x0
    if chart.high_c is not None:
        y = value.y(value.clamp(chart.high_c))
        clips.append(sheet.clip_rect("above", time.x0, value.y1, width=width, height=y - value.y1))
    if chart.low_c is not None:
        y = value.y(value.clamp(chart.low_c))
        clips.append(sheet.clip_rect("below", time.x0, y, width=width, height=value.y0 - y))
    return clips


def _draw_window(
    sheet: Canvas, chart: TemperatureChart, time: TimeAxis, top: float, bottom: float, lang: Lang
) -> None:
    """Grey veil over time that is drawn but not judged, and lines at the window's edges."""
    if chart.window is None:
        return
    x0, x1 = (time.inside(time.x(t)) for t in chart.window)
    for a, b in ((time.x0, x0), (x1, time.x1)):
        if b - a > 0.5:
            sheet.rect(a, top, width=b - a, height=bottom - top, fill="#ffffff", opacity=0.72)
            if b - a > 64:
                sheet.text(
                    ((a + b) / 2, top + 14), say("not_judged", lang), size=10, anchor="middle"
                )
    for edge_s in chart.window:
        if chart.start_s <= edge_s <= chart.end_s:
            x = time.x(edge_s)
            sheet.line((x, top), (x, bottom), stroke=canvas.INK, width=1.4)


def _draw_flags(sheet: Canvas, episodes: Sequence[Mark], time: TimeAxis, top: float) -> None:
    """Numbers over the plot; where they would overlap, the later ones are left to the table."""
    free_from = -math.inf
    for mark in episodes:
        if mark.number is None:
            continue
        x0, x1 = time.inside(time.x(mark.start_s)), time.inside(time.x(mark.end_s))
        x = min(max((x0 + x1) / 2, time.x0 + 9), time.x1 - 9)
        word = str(mark.number)
        half = 4.0 + canvas.text_width(word, size=10.5) / 2 + 1.5
        if x - half < free_from:
            continue
        free_from = x + half + 1.5
        fill = canvas.OUT if mark.certain else "#ffffff"
        ink = "#ffffff" if mark.certain else canvas.DOUBT
        edge = canvas.OUT if mark.certain else canvas.DOUBT
        sheet.rect(x - half, top - 21, width=2 * half, height=15, fill=fill, stroke=edge, radius=3)
        sheet.text((x, top - 9.7), word, size=10.5, fill=ink, anchor="middle")
        sheet.line((x, top - 6), (x, top), stroke=edge, width=1)
