"""The way in local metres, without any base map, and distance travelled against time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.api.reports.drawn.charts import axes, canvas
from coldwitness.api.reports.drawn.charts.axes import TimeAxis, ValueAxis
from coldwitness.api.reports.drawn.charts.canvas import Canvas, Point
from coldwitness.api.reports.drawn.charts.marks import Mark, drawable
from coldwitness.api.reports.drawn.charts.trace import thinned
from coldwitness.api.reports.made.wording import Lang, say
from coldwitness.domain.tracks import FloatArray, IntArray

EARTH_RADIUS_M = 6_371_008.8
_MARGIN, _FOOT = 30.0, 30.0
_LOOKED_AT_EACH = 50_000
"""Positions; two million would be half a gigabyte as pairs of Python's numbers."""


@dataclass(frozen=True)
class Spot:
    """A place on the plot. kind: origin, destination, stop, clue (a stop that is a finding)."""

    lat_deg: float
    lon_deg: float
    kind: str
    label: str
    radius_m: float = 0.0


@dataclass(frozen=True)
class Way:
    """Positions, oldest first: (n,) WGS84 degrees and UTC epoch seconds; `begins` (b,) positions
    at which the line begins anew after a time without any (the first is 0)."""

    time_s: FloatArray
    lat_deg: FloatArray
    lon_deg: FloatArray
    begins: IntArray


def local_metres(
    *, lat_deg: FloatArray, lon_deg: FloatArray, origin: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """East and north of `origin` (lat, lon) [m] on an equirectangular plane; over the few tens
    of kilometres of a delivery its error is far below the width of a drawn line."""
    lat0, lon0 = origin
    scale = math.pi / 180.0 * EARTH_RADIUS_M
    return (lon_deg - lon0) * scale * math.cos(math.radians(lat0)), (lat_deg - lat0) * scale


@dataclass(frozen=True)
class Plan:
    """How places lie on a plot, north up: `scale` [user units/m] about a middle [m] east and north
    of `origin` (lat, lon)."""

    origin: tuple[float, float]
    middle_m: tuple[float, float]
    scale: float
    width: float
    height: float

    def at(self, *, lat_deg: FloatArray, lon_deg: FloatArray) -> list[tuple[float, float]]:
        """Points (x, y) of (n,) places."""
        x, y = self.columns(lat_deg=lat_deg, lon_deg=lon_deg)
        return list(zip(x.tolist(), y.tolist(), strict=True))

    def columns(self, *, lat_deg: FloatArray, lon_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
        """x, y (n,) of the places."""
        east, north = local_metres(lat_deg=lat_deg, lon_deg=lon_deg, origin=self.origin)
        return (
            self.width / 2 + (east - self.middle_m[0]) * self.scale,
            (self.height - _FOOT) / 2 - (north - self.middle_m[1]) * self.scale,
        )

    def place(self, x: float, y: float) -> tuple[float, float]:
        """(lat, lon) of a point of the plot."""
        east = (x - self.width / 2) / self.scale + self.middle_m[0]
        north = ((self.height - _FOOT) / 2 - y) / self.scale + self.middle_m[1]
        lat0, lon0 = self.origin
        metres_a_degree = math.pi / 180.0 * EARTH_RADIUS_M
        return (
            lat0 + north / metres_a_degree,
            lon0 + east / (metres_a_degree * math.cos(math.radians(lat0))),
        )


def plan_of(way: Way, spots: Sequence[Spot], *, width: float, height: float) -> Plan:
    """The plot on which all of it has room; of neither positions nor spots there is none
    (IndexError)."""
    origin = (
        float(np.mean(way.lat_deg)) if way.lat_deg.size else spots[0].lat_deg,
        float(np.mean(way.lon_deg)) if way.lon_deg.size else spots[0].lon_deg,
    )
    east, north = local_metres(
        lat_deg=np.r_[way.lat_deg, [s.lat_deg for s in spots]],
        lon_deg=np.r_[way.lon_deg, [s.lon_deg for s in spots]],
        origin=origin,
    )
    span_e = max(float(np.ptp(east)), 200.0)
    span_n = max(float(np.ptp(north)), 200.0)
    return Plan(
        origin=origin,
        middle_m=(
            float(east.max() + east.min()) / 2,
            float(north.max() + north.min()) / 2,
        ),
        scale=min((width - 2 * _MARGIN) / span_e, (height - 2 * _MARGIN - _FOOT) / span_n),
        width=width,
        height=height,
    )


def track_svg(
    way: Way,
    spots: Sequence[Spot],
    *,
    name: str,
    alt: str,
    lang: Lang,
    width: float = canvas.HALF,
    height: float = 225.0,
) -> str:
    """Track, stops and ends, north up, with a scale bar; dotted where no position was seen."""
    sheet = Canvas(name, width=width, height=height, alt=alt)
    sheet.rect(0.5, 0.5, width=width - 1, height=height - 1, fill="#ffffff", stroke=canvas.HAIRLINE)
    plan = plan_of(way, spots, width=width, height=height)
    spot_points = plan.at(
        lat_deg=np.array([s.lat_deg for s in spots]),
        lon_deg=np.array([s.lon_deg for s in spots]),
    )
    for spot, point in zip(spots, spot_points, strict=True):
        if spot.radius_m * plan.scale > 3:
            radius = spot.radius_m * plan.scale
            sheet.circle(point, radius, fill="#eceaf3", stroke="#b9b2d0", width=0.8)
    line = plan.columns(lat_deg=way.lat_deg, lon_deg=way.lon_deg)
    starts = way.begins.tolist()
    ends = [*starts[1:], way.time_s.size]
    for start, end in zip(starts, ends, strict=True):
        if start > 0:
            sheet.path(
                canvas.polyline(_points(line, start - 1, start + 1)),
                stroke=canvas.UNSEEN,
                width=1.1,
                dash="1.5 4",
            )
        sheet.path(canvas.polyline(_spaced(line, start, end)), stroke=canvas.TRACE, width=1.8)
    taken: list[tuple[float, float, float, float]] = []
    for spot, point in zip(spots, spot_points, strict=True):
        _draw_spot(sheet, point, spot, taken, line, width=width)
    _draw_scale_bar(sheet, plan.scale, width, height)
    x, y = width - 30, height - 8
    sheet.path(f"M{x} {y}v-17m-4 5l4 -6l4 6", stroke=canvas.MUTED, width=1.2)
    sheet.text((x + 8, y - 3), say("north", lang), size=10.5)
    return sheet.svg()


def _points(line: tuple[FloatArray, FloatArray], start: int, end: int) -> list[Point]:
    return list(zip(line[0][start:end].tolist(), line[1][start:end].tolist(), strict=True))


def _spaced(line: tuple[FloatArray, FloatArray], start: int, end: int) -> list[Point]:
    """Points start..end at least half a unit apart; the first and last always stay. Of very many
    first only those are looked at that come into another hundredth of a unit."""
    if end - start > _LOOKED_AT_EACH:
        cell = np.floor(np.stack(line)[:, start:end] * 100.0)
        moved = np.flatnonzero((np.diff(cell) != 0).any(axis=0)) + 1
        row = np.unique(np.r_[0, moved, end - start - 1]) + start
        line, start, end = (line[0][row], line[1][row]), 0, row.size
    points = _points(line, start, end)
    kept = points[:1]
    x_kept, y_kept = kept[0] if kept else (0.0, 0.0)
    for point in points[1:-1]:
        x, y = point
        if abs(x - x_kept) + abs(y - y_kept) >= 0.5:
            kept.append(point)
            x_kept, y_kept = point
    return kept + points[-1:] if len(points) > 1 else kept


def _standing(time_s: FloatArray, stops: Sequence[Mark]) -> NDArray[np.bool_]:
    """(n - 1,) whether both ends of a step lie in one and the same stop."""
    begun = np.zeros(max(time_s.size, 1), dtype=np.int64)
    first = np.searchsorted(time_s, [mark.start_s for mark in stops], "left")
    last = np.searchsorted(time_s, [mark.end_s for mark in stops], "right") - 1
    within = last > first
    np.add.at(begun, first[within], 1)
    np.add.at(begun, last[within], -1)
    return np.cumsum(begun)[: max(time_s.size - 1, 0)] > 0


def _draw_spot(
    sheet: Canvas,
    at: tuple[float, float],
    spot: Spot,
    taken: list[tuple[float, float, float, float]],
    line: tuple[FloatArray, FloatArray],
    *,
    width: float,
) -> None:
    """Symbol by kind (its form speaks in grey too) and a label where there is room, best where
    it covers least of the track."""
    x, y = at
    if spot.kind == "origin":
        sheet.rect(x - 5, y - 5, width=10, height=10, fill=canvas.INK)
    elif spot.kind == "destination":
        sheet.path(
            canvas.polyline([(x, y - 7), (x + 6.5, y + 5), (x - 6.5, y + 5)], close=True),
            fill=canvas.INK,
        )
    else:
        clue = spot.kind == "clue"
        sheet.circle(
            at,
            5.5 if clue else 4,
            fill=canvas.OUT if clue else "#ffffff",
            stroke=canvas.OUT if clue else canvas.STOP,
            width=1.6,
        )
    if not spot.label:
        return
    size = 11.0
    label = canvas.fitted(spot.label, width=width * 0.45, size=size)
    wide = canvas.text_width(label, size=size)
    offsets = ((10.0, 4.0), (-10.0 - wide, 4.0), (-wide / 2, -11.0), (-wide / 2, 19.0))
    free: list[tuple[int, int, float, float]] = []
    for order, (dx, dy) in enumerate(offsets):
        box = (x + dx, y + dy - size, x + dx + wide, y + dy + 2)
        apart = all(box[2] < t[0] or box[0] > t[2] or box[3] < t[1] or box[1] > t[3] for t in taken)
        if apart and box[0] > 4 and box[2] < width - 4 and box[1] > 2:
            x_in = (line[0] >= box[0]) & (line[0] <= box[2])
            covered = int((x_in & (line[1] >= box[1]) & (line[1] <= box[3])).sum())
            free.append((covered, order, x + dx, y + dy))
    if free:
        _, _, tx, ty = min(free)
        taken.append((tx, ty - size, tx + wide, ty + 2))
        sheet.text((tx, ty), label, size=size, fill=canvas.INK)


def _draw_scale_bar(sheet: Canvas, scale: float, width: float, height: float) -> None:
    metres = axes.nice_step(60.0 / scale)
    long = metres * scale
    x0, y = 14.0, height - 12.0
    sheet.path(
        f"M{canvas.number(x0)} {canvas.number(y - 4)}v4h{canvas.number(long)}v-4",
        stroke=canvas.INK,
        width=1.2,
    )
    words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    sheet.text((x0 + long + 7, y), words, size=10.5, fill=canvas.INK)


def distance_svg(
    way: Way,
    *,
    start_s: float,
    end_s: float,
    stops: Sequence[Mark],
    unseen: Sequence[Mark] = (),
    name: str,
    alt: str,
    lang: Lang,
    width: float = canvas.HALF,
    height: float = 225.0,
) -> str:
    """Distance travelled along the positions; stops shaded, nothing drawn across position gaps."""
    sheet = Canvas(name, width=width, height=height, alt=alt)
    left, right, top, bottom = 46.0, width - 12.0, 24.0, height - 36.0
    time = TimeAxis(start_s, end_s, left, right)
    east, north = local_metres(
        lat_deg=way.lat_deg,
        lon_deg=way.lon_deg,
        origin=(float(np.mean(way.lat_deg)), float(np.mean(way.lon_deg)))
        if way.lat_deg.size
        else (0.0, 0.0),
    )
    step_m = np.hypot(np.diff(east), np.diff(north))
    step_m[_standing(way.time_s, stops)] = 0.0  # the jitter of a box that stands is no way
    km = np.r_[0.0, np.cumsum(step_m)] / 1000.0 if east.size else np.zeros(0)
    value = ValueAxis(0.0, max(float(km[-1]) if km.size else 0.0, 0.1) * 1.08, bottom, top)
    for mark in drawable(stops, time):
        x0, x1 = time.inside(time.x(mark.start_s)), time.inside(time.x(mark.end_s))
        clue = mark.number is not None and mark.certain
        sheet.rect(x0, top, width=max(x1 - x0, 1.5), height=bottom - top, fill="#e4e0ef")
        if mark.number is not None and x1 - x0 > 10:
            sheet.text(
                ((x0 + x1) / 2, top + 12),
                f"P{mark.number}",
                size=10,
                anchor="middle",
                fill=canvas.OUT if clue else canvas.STOP,
            )
    hatch = sheet.hatch("unseen", stroke="#aab4be", rising=False)
    for mark in drawable(unseen, time):
        x0, x1 = time.inside(time.x(mark.start_s)), time.inside(time.x(mark.end_s))
        sheet.rect(x0, top, width=max(x1 - x0, 1.0), height=bottom - top, fill=hatch)
    axes.draw_time_axis(sheet, time, top=top, bottom=bottom, most=6)
    axes.draw_value_axis(sheet, value, x0=left, x1=right, most=6)
    sheet.text((left - 6, top - 9), "km", anchor="end", size=10.5)
    starts = way.begins.tolist()
    for start, end in zip(starts, [*starts[1:], east.size], strict=True):
        run = slice(start, end)
        points = thinned(x=time.xs(way.time_s[run]), y=value.ys(km[run]))
        if len(points) == 1:
            sheet.circle(points[0], 1.8, fill=canvas.TRACE)
        else:
            sheet.path(canvas.polyline(points), stroke=canvas.TRACE, width=1.6)
    sheet.rect(left, top, width=right - left, height=bottom - top, fill="none", stroke=canvas.OTHER)
    sheet.text((right, top - 9), say("distance_caption", lang), anchor="end", size=10.5)
    return sheet.svg()
