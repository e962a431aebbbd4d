"""Small multiples: every other probe on its own small plot, all on one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from coldwitness.api.reports.drawn.charts import axes, canvas
from coldwitness.api.reports.drawn.charts.axes import TimeAxis
from coldwitness.api.reports.drawn.charts.canvas import Canvas
from coldwitness.api.reports.drawn.charts.marks import Mark
from coldwitness.api.reports.drawn.charts.trace import Line, run_points

_HEIGHT = 84.0


@dataclass(frozen=True)
class Small:
    """A probe's plot; limits only for probes that have them."""

    title: str
    line: Line
    unseen: tuple[Mark, ...]
    low_c: float | None = None
    high_c: float | None = None


def multiples_svg(
    plots: Sequence[Small],
    *,
    start_s: float,
    end_s: float,
    name: str,
    alt: str,
    width: float = canvas.FULL,
) -> str:
    """Three plots a row, one on a phone, each with its own °C axis (zones differ by tens of
    degrees)."""
    a_row = 3 if width > canvas.HALF else 1
    rows = -(-len(plots) // a_row)
    sheet = Canvas(name, width=width, height=rows * _HEIGHT + 26, alt=alt)
    half = width / a_row
    for i, plot in enumerate(plots):
        left, top = (i % a_row) * half + 40, (i // a_row) * _HEIGHT + 20
        last_in_column = i + a_row >= len(plots)
        _draw_one(
            sheet,
            plot,
            TimeAxis(start_s, end_s, left, left + half - 56),
            top=top,
            bottom=top + _HEIGHT - 30,
            with_times=last_in_column,
            key=str(i),
        )
    return sheet.svg()


def _draw_one(
    sheet: Canvas,
    plot: Small,
    time: TimeAxis,
    *,
    top: float,
    bottom: float,
    with_times: bool,
    key: str,
) -> None:
    values = plot.line.value.tolist()
    values += [v for v in (plot.low_c, plot.high_c) if v is not None]
    value = axes.value_axis(values, y0=bottom, y1=top, pad=0.1, least_span=3.0)
    clip = sheet.clip_rect(key, time.x0, top, width=time.x1 - time.x0, height=bottom - top)
    if plot.low_c is not None or plot.high_c is not None:
        upper = top if plot.high_c is None else value.y(plot.high_c)
        lower = bottom if plot.low_c is None else value.y(plot.low_c)
        sheet.rect(time.x0, upper, width=time.x1 - time.x0, height=lower - upper, fill=canvas.BAND)
    for tick in value.ticks(most=3):
        y = value.y(tick)
        sheet.line((time.x0, y), (time.x1, y), stroke=canvas.HAIRLINE, width=0.7)
        sheet.text((time.x0 - 5, y + 3.4), axes.tick_text(tick), size=9.5, anchor="end")
    hatch = sheet.hatch("unseen", stroke="#aab4be", rising=False)
    for mark in plot.unseen:
        x0, x1 = time.inside(time.x(mark.start_s)), time.inside(time.x(mark.end_s))
        sheet.rect(x0, top, width=max(x1 - x0, 1.0), height=bottom - top, fill=hatch)
    for run in plot.line.runs():
        points = run_points(plot.line, run, time, value)
        if len(points) == 1:
            sheet.circle(points[0], 1.8, fill=canvas.TRACE, clip=clip)
        else:
            sheet.path(canvas.polyline(points), stroke=canvas.TRACE, width=1.2, clip=clip)
    sheet.rect(
        time.x0,
        top,
        width=time.x1 - time.x0,
        height=bottom - top,
        fill="none",
        stroke=canvas.OTHER,
        stroke_width=0.7,
    )
    title = canvas.fitted(plot.title, width=time.x1 - time.x0, size=11)
    sheet.text((time.x0, top - 6), title, size=11, fill=canvas.INK)
    if with_times:
        axes.draw_time_axis(sheet, time, top=bottom, bottom=bottom, most=5, size=9.5)
