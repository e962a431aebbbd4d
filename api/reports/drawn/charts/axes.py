"""Scales and their ticks: China time along, °C (or metres) up."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from coldwitness.api.reports.drawn.charts.canvas import HAIRLINE, INK, MUTED, Canvas
from coldwitness.domain.instants import CHINA
from coldwitness.domain.tracks import FloatArray

_MINUTE_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)


@dataclass(frozen=True)
class TimeAxis:
    """Time [UTC epoch s] to x; a window without length is drawn one minute long."""

    start_s: float
    end_s: float
    x0: float
    x1: float

    @property
    def span_s(self) -> float:
        return max(self.end_s - self.start_s, 60.0)

    def x(self, time_s: float) -> float:
        return self.x0 + (time_s - self.start_s) / self.span_s * (self.x1 - self.x0)

    def xs(self, time_s: FloatArray) -> FloatArray:
        scale = (self.x1 - self.x0) / self.span_s
        return np.asarray(self.x0 + (time_s - self.start_s) * scale, dtype=np.float64)

    def inside(self, x: float) -> float:
        return min(max(x, self.x0), self.x1)

    def ticks(self, *, most: int = 9) -> Iterator[tuple[float, datetime]]:
        """(x, China time) of round instants, at most about `most` of them."""
        minutes = self.span_s / 60.0
        step_min = next((m for m in _MINUTE_STEPS if minutes / m <= most), _MINUTE_STEPS[-1])
        first = datetime.fromtimestamp(self.start_s, tz=CHINA)
        tick = first.replace(hour=0, minute=0, second=0, microsecond=0)
        step = timedelta(minutes=step_min)
        tick += step * math.ceil((first - tick) / step)
        while tick.timestamp() <= self.start_s + self.span_s:
            yield self.x(tick.timestamp()), tick
            tick += step


@dataclass(frozen=True)
class ValueAxis:
    """A value to y, low values at the bottom."""

    low: float
    high: float
    y0: float
    """y of `low` (bottom)."""
    y1: float
    """y of `high` (top)."""

    def y(self, value: float) -> float:
        return self.y0 + (value - self.low) / (self.high - self.low) * (self.y1 - self.y0)

    def ys(self, value: FloatArray) -> FloatArray:
        scale = (self.y1 - self.y0) / (self.high - self.low)
        return np.asarray(self.y0 + (value - self.low) * scale, dtype=np.float64)

    def clamp(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def ticks(self, *, most: int = 7) -> list[float]:
        step = nice_step((self.high - self.low) / most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [i * step for i in range(first, last + 1)]


def nice_step(raw: float) -> float:
    """1, 2 or 5 times a power of ten, not below `raw`."""
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= raw * (1 - 1e-9))


def value_axis(
    values: list[float], *, y0: float, y1: float, pad: float = 0.08, least_span: float = 4.0
) -> ValueAxis:
    """An axis that holds all finite `values` with some air; at least `least_span` high."""
    finite = [v for v in values if math.isfinite(v)] or [0.0]
    low, high = min(finite), max(finite)
    air = max((high - low) * pad, (least_span - (high - low)) / 2, 0.3)
    return ValueAxis(low - air, high + air, y0, y1)


def draw_time_axis(
    canvas: Canvas, axis: TimeAxis, *, top: float, bottom: float, most: int = 9, size: float = 10.5
) -> None:
    """Vertical hairlines and clock times; a date under the first tick and after midnight."""
    shown_day = None
    for x, when in axis.ticks(most=most):
        canvas.line((x, top), (x, bottom), stroke=HAIRLINE, width=0.7)
        canvas.line((x, bottom), (x, bottom + 4), stroke=MUTED, width=0.8)
        canvas.text((x, bottom + 15), f"{when:%H:%M}", size=size, anchor="middle")
        if when.date() != shown_day:
            shown_day = when.date()
            canvas.text((x, bottom + 28), f"{when:%m-%d}", size=size, anchor="middle", fill=INK)


def draw_value_axis(
    canvas: Canvas, axis: ValueAxis, *, x0: float, x1: float, most: int = 7, size: float = 10.5
) -> None:
    for value in axis.ticks(most=most):
        y = axis.y(value)
        canvas.line((x0, y), (x1, y), stroke=HAIRLINE, width=0.7)
        canvas.text((x0 - 6, y + 3.6), tick_text(value), size=size, anchor="end")


def tick_text(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")
