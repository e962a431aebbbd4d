"""The box cut open: heat exchange as line thickness, its interval against the limit."""

from collections.abc import Sequence
from dataclasses import dataclass

from coldwitness.api.reports.drawn.charts import axes, canvas
from coldwitness.api.reports.drawn.charts.canvas import Canvas
from coldwitness.api.reports.made.wording import Lang, role_words, say

_BOX_WIDTH = 356.0


@dataclass(frozen=True)
class Exchange:
    """How strongly the drug space follows a zone. Rates [1/h]; None: not estimated.

    zone : coolant or goods.  status : isolated, missing, indeterminate, not_applicable.
    why : the reason of the status in words, where there is one.
    declared : the manifest says the separating part is there (None: says nothing).
    """

    zone: str
    status: str
    status_words: str
    rate_per_h: float | None
    interval: tuple[float, float] | None
    limit_per_h: float | None
    why: str
    declared: bool | None


def box_svg(
    exchanges: Sequence[Exchange],
    *,
    name: str,
    alt: str,
    lang: Lang,
    width: float = canvas.FULL,
    height: float = 240.0,
) -> str:
    """The box with its zones, and each exchange's interval against its limit beside it, or under it
    where the sheet is narrow. height : of the box."""
    beside = width > _BOX_WIDTH * 2
    under = 0.0 if beside else height
    sheet = Canvas(name, width=width, height=height + under, alt=alt)
    sheet.rect(8, 8, width=340, height=height - 16, fill="#f4f6f8", stroke=canvas.INK, radius=10)
    sheet.rect(20, 20, width=316, height=height - 40, fill="#ffffff", stroke=canvas.OTHER, radius=5)
    places = {"coolant": (32.0, 70.0), "goods": (234.0, 70.0)}
    sheet.rect(135, 88, width=86, height=74, fill=canvas.BAND, stroke=canvas.BAND_EDGE, radius=4)
    sheet.text((178, 121), role_words("drug", lang), size=12.5, fill=canvas.INK, anchor="middle")
    sheet.text((178, 139), say("drug_space", lang), size=10, anchor="middle")
    for exchange in exchanges:
        _draw_zone(sheet, exchange, places[exchange.zone], lang)
    row = (height - 30) / max(len(exchanges), 1)
    greatest = max(
        [0.1]
        + [e.limit_per_h for e in exchanges if e.limit_per_h is not None]
        + [e.interval[1] for e in exchanges if e.interval is not None]
    )
    for i, exchange in enumerate(exchanges):
        corner = (_BOX_WIDTH + 16 if beside else 12.0, 24 + under + i * row)
        _draw_interval(sheet, exchange, corner, greatest=greatest, width=width, lang=lang)
    return sheet.svg()


def _draw_zone(sheet: Canvas, exchange: Exchange, at: tuple[float, float], lang: Lang) -> None:
    """Zone, separating part (solid declared, dashed unsaid, none absent) and the exchange."""
    x, y = at
    absent = exchange.status == "not_applicable"
    fill = {"coolant": "#dcebf6", "goods": "#f3e9da"}[exchange.zone]
    sheet.rect(
        x,
        y,
        width=92,
        height=110,
        fill="#ffffff" if absent else fill,
        stroke=canvas.HAIRLINE if absent else canvas.OTHER,
        radius=4,
    )
    sheet.text(
        (x + 46, y + 50),
        role_words(exchange.zone, lang),
        size=12.5,
        anchor="middle",
        fill=canvas.UNSEEN if absent else canvas.INK,
    )
    inner = x + 92 if exchange.zone == "coolant" else x
    drug = 135.0 if exchange.zone == "coolant" else 221.0
    if absent:
        return
    middle = (inner + drug) / 2
    if exchange.rate_per_h is not None:
        limit = exchange.limit_per_h or max(exchange.rate_per_h, 0.1)
        thick = min(max(7.0 * exchange.rate_per_h / limit, 1.0), 18.0)
        colour = canvas.OUT if exchange.status == "missing" else canvas.TRACE
        sheet.line((min(inner, drug), 125), (max(inner, drug), 125), stroke=colour, width=thick)
    if exchange.declared is not False:
        dash = None if exchange.declared else "4 3"
        sheet.line((middle, 76), (middle, 174), stroke=canvas.INK, width=2.4, dash=dash)
    words = {True: "declared_yes", False: "declared_no", None: "declared_unsaid"}
    sheet.text((x + 46, y + 68), say(words[exchange.declared], lang), size=9.5, anchor="middle")


def _draw_interval(
    sheet: Canvas,
    exchange: Exchange,
    corner: tuple[float, float],
    *,
    greatest: float,
    width: float,
    lang: Lang,
) -> None:
    (left, y), right = corner, width - 12.0
    sheet.text((left, y + 4), say(f"exchange_{exchange.zone}", lang), size=12, fill=canvas.INK)
    sheet.text((right, y + 4), exchange.status_words, size=12, fill=canvas.INK, anchor="end")
    if exchange.interval is None or exchange.rate_per_h is None:
        if exchange.status != "not_applicable":
            limit = "" if exchange.limit_per_h is None else f"{exchange.limit_per_h:g} /h"
            words = say("not_estimated", lang)
            sheet.text((left, y + 28), words, size=11)
            if limit:
                sheet.text((left, y + 46), f"{say('limit', lang)} {limit}", size=11)
        return
    base = y + 52
    scale = (right - left) / (greatest * 1.12)
    step = axes.nice_step(greatest / 6)
    sheet.line((left, base), (right, base), stroke=canvas.OTHER)
    tick = 0.0
    while left + tick * scale <= right + 0.1:
        sheet.line(
            (left + tick * scale, base), (left + tick * scale, base + 4), stroke=canvas.MUTED
        )
        sheet.text((left + tick * scale, base + 16), axes.tick_text(tick), size=10, anchor="middle")
        tick += step
    sheet.text((right, base + 30), "/h", size=10.5, anchor="end")
    if exchange.limit_per_h is not None:
        x = left + exchange.limit_per_h * scale
        sheet.rect(x, base - 32, width=right - x, height=32, fill="#f3d9d5", opacity=0.6)
        sheet.line((x, base - 34), (x, base + 4), stroke=canvas.OUT, width=1.6, dash="5 3")
        words = f"{say('limit', lang)} {exchange.limit_per_h:g}"
        sheet.text((x - 4, base - 25), words, size=10, anchor="end", fill=canvas.OUT)
    low, high = (left + bound * scale for bound in exchange.interval)
    y = base - 13
    sheet.line((low, y), (high, y), stroke=canvas.TRACE, width=2.6)
    for x in (low, high):
        sheet.line((x, y - 6), (x, y + 6), stroke=canvas.TRACE, width=2)
    sheet.circle((left + exchange.rate_per_h * scale, y), 4.6, fill=canvas.TRACE)
