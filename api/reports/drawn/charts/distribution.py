"""Time at temperature, with unseen time as a bar of its own: it is not hidden in the rest."""

from coldwitness.api.reports.drawn.charts import axes, canvas
from coldwitness.api.reports.drawn.charts.canvas import Canvas
from coldwitness.api.reports.made.model import Distribution
from coldwitness.api.reports.made.wording import Lang, duration, say, unit_words


def distribution_svg(
    distribution: Distribution,
    *,
    low_c: float | None,
    high_c: float | None,
    name: str,
    alt: str,
    lang: Lang,
    width: float = canvas.FULL,
    height: float = 150.0,
) -> str:
    """Bars of minutes by temperature; those outside the limits dark, unseen time hatched."""
    sheet = Canvas(name, width=width, height=height, alt=alt)
    left, right, top, bottom = 52.0, width - 12.0, 16.0, height - 40.0
    unseen_width = 96.0
    bins = distribution.bins
    longest_s = max([b.seconds for b in bins] + [distribution.unseen_s, 60.0])
    step_min = axes.nice_step(longest_s / 60.0 / 4)
    scale = (bottom - top - 8) / longest_s
    tick = 0.0
    while tick * 60 <= longest_s * 1.02:
        y = bottom - tick * 60 * scale
        sheet.line((left, y), (right, y), stroke=canvas.HAIRLINE, width=0.7)
        sheet.text((left - 6, y + 3.6), axes.tick_text(tick), anchor="end", size=10)
        tick += step_min
    sheet.text((left - 6, top - 5), unit_words("min", lang), anchor="end", size=10)

    area = right - left - unseen_width - 24
    lowest = bins[0].low_c if bins else 0.0
    highest = bins[-1].high_c if bins else 1.0

    def x(temperature_c: float) -> float:
        return left + (temperature_c - lowest) / (highest - lowest) * area

    band_low = lowest if low_c is None else max(low_c, lowest)
    band_high = highest if high_c is None else min(high_c, highest)
    if (low_c is not None or high_c is not None) and band_high > band_low:
        sheet.rect(
            x(band_low),
            top,
            width=x(band_high) - x(band_low),
            height=bottom - top,
            fill=canvas.BAND,
        )
    for b in bins:
        outside = (high_c is not None and b.low_c >= high_c) or (
            low_c is not None and b.high_c <= low_c
        )
        tall = b.seconds * scale
        if b.seconds > 0:
            sheet.rect(
                x(b.low_c) + 0.8,
                bottom - max(tall, 0.8),
                width=x(b.high_c) - x(b.low_c) - 1.6,
                height=max(tall, 0.8),
                fill=canvas.OUT if outside else "#5f8fae",
            )
    for limit in (low_c, high_c):
        if limit is not None and lowest <= limit <= highest:
            sheet.line(
                (x(limit), top), (x(limit), bottom), stroke=canvas.BAND_EDGE, width=1.2, dash="6 3"
            )
    sheet.line((left, bottom), (left + area, bottom), stroke=canvas.OTHER)
    step_c = axes.nice_step((highest - lowest) / max(area / 48, 2.0))
    value = -(-lowest // step_c) * step_c
    while value <= highest + 1e-9:
        sheet.line((x(value), bottom), (x(value), bottom + 4), stroke=canvas.MUTED, width=0.8)
        sheet.text((x(value), bottom + 15), axes.tick_text(value), size=10, anchor="middle")
        value += step_c
    sheet.text((left + area / 2, bottom + 31), "°C", size=10.5, anchor="middle")

    x0 = right - unseen_width
    tall = distribution.unseen_s * scale
    sheet.rect(
        x0 + 26,
        bottom - tall,
        width=unseen_width - 52,
        height=tall,
        fill=sheet.hatch("unseen", stroke=canvas.UNSEEN, rising=False),
        stroke=canvas.UNSEEN,
    )
    sheet.line((x0, bottom), (right, bottom), stroke=canvas.OTHER)
    middle = (x0 + right) / 2
    sheet.text((middle, bottom + 15), say("span_unseen", lang), size=10.5, anchor="middle")
    sheet.text(
        (middle, bottom + 31), duration(distribution.unseen_s, lang), size=10.5, anchor="middle"
    )
    return sheet.svg()
