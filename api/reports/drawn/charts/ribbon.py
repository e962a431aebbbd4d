"""One ribbon a probe over the custody window; four states told apart by fill and by hatching."""

from collections.abc import Sequence
from dataclasses import dataclass

from coldwitness.api.reports.drawn.charts import axes, canvas
from coldwitness.api.reports.drawn.charts.axes import TimeAxis
from coldwitness.api.reports.drawn.charts.canvas import Canvas
from coldwitness.api.reports.drawn.charts.marks import Mark, drawable
from coldwitness.api.reports.made.instants import epoch_s
from coldwitness.api.reports.made.wording import Lang, say
from coldwitness.domain.coverage import CoveredSpan

_ROW = 22.0
_LEFT = 84.0


@dataclass(frozen=True)
class Ribbon:
    name: str
    spans: tuple[CoveredSpan, ...]


def ribbons_svg(
    ribbons: Sequence[Ribbon],
    *,
    start_s: float,
    end_s: float,
    stops: Sequence[Mark],
    lid_open: Sequence[Mark],
    name: str,
    alt: str,
    lang: Lang,
    width: float = canvas.FULL,
) -> str:
    """Ribbons under each other, stops as brackets above, lid openings as ticks below."""
    head = 20.0 if stops else 6.0
    body = _ROW * max(len(ribbons), 1)
    feet = 16.0 if lid_open else 0.0
    narrow = width <= canvas.HALF
    legend_rows = 3 if narrow else 1
    sheet = Canvas(name, width=width, height=head + body + feet + 44 + 14 * legend_rows, alt=alt)
    time = TimeAxis(start_s, end_s, _LEFT, width - 12.0)
    fills = _fills(sheet)
    for i, ribbon in enumerate(ribbons):
        y = head + i * _ROW
        words = canvas.fitted(ribbon.name, width=_LEFT - 14, size=11)
        sheet.text((_LEFT - 8, y + 13), words, anchor="end", fill=canvas.INK)
        sheet.rect(time.x0, y + 2, width=time.x1 - time.x0, height=_ROW - 7, fill="#ffffff")
        for span in ribbon.spans:
            x0, x1 = (time.inside(time.x(epoch_s(t))) for t in (span.start, span.end))
            for fill in fills[span.state]:
                sheet.rect(x0, y + 2, width=max(x1 - x0, 1.2), height=_ROW - 7, fill=fill)
        sheet.rect(
            time.x0,
            y + 2,
            width=time.x1 - time.x0,
            height=_ROW - 7,
            fill="none",
            stroke=canvas.OTHER,
            stroke_width=0.7,
        )
    bottom = head + body - 2
    for mark in drawable(stops, time):
        x0, x1 = time.inside(time.x(mark.start_s)), time.inside(time.x(mark.end_s))
        sheet.path(
            f"M{canvas.number(x0)} {canvas.number(head - 1)}V{canvas.number(head - 6)}"
            f"H{canvas.number(max(x1, x0 + 2))}V{canvas.number(head - 1)}",
            stroke=canvas.STOP,
            width=1.6,
        )
        if mark.number is not None and x1 - x0 > 12:
            sheet.text(
                ((x0 + x1) / 2, head - 9),
                f"P{mark.number}",
                anchor="middle",
                size=9.5,
                fill=canvas.STOP,
            )
    for mark in drawable(lid_open, time):
        x0, x1 = time.inside(time.x(mark.start_s)), time.inside(time.x(mark.end_s))
        sheet.rect(x0, bottom + 1, width=max(x1 - x0, 2.0), height=8, fill=canvas.INK)
    if lid_open:
        sheet.text((_LEFT - 8, bottom + 9), say("lid_open_short", lang), anchor="end", size=10)
    most = 4 if narrow else 9
    axes.draw_time_axis(
        sheet, time, top=bottom + feet - 2, bottom=bottom + feet, most=most, size=10
    )
    at = (12.0 if narrow else _LEFT, bottom + feet + 47)
    _draw_legend(sheet, fills, at, lang, stops=bool(stops))
    return sheet.svg()


def _fills(sheet: Canvas) -> dict[str, tuple[str, ...]]:
    return {
        "in": ("#cfe3de",),
        "recorded": ("#d9e2ea",),
        "out": (canvas.OUT,),
        "doubtful": ("#f4e2c3", sheet.hatch("doubtful", stroke=canvas.DOUBT, step=4.5)),
        "unseen": ("#ffffff", sheet.hatch("unseen", stroke=canvas.UNSEEN, rising=False)),
    }


def _draw_legend(
    sheet: Canvas,
    fills: dict[str, tuple[str, ...]],
    at: tuple[float, float],
    lang: Lang,
    *,
    stops: bool,
) -> None:
    x, y = at
    for state in ("in", "recorded", "out", "doubtful", "unseen"):
        words = say(f"span_{state}", lang)
        if x + 21 + canvas.text_width(words, size=10.5) > sheet.width:
            x, y = at[0], y + 14
        for fill in fills[state]:
            sheet.rect(
                x, y - 9, width=16, height=10, fill=fill, stroke=canvas.OTHER, stroke_width=0.6
            )
        sheet.text((x + 21, y), words, size=10.5)
        x += 21 + canvas.text_width(words, size=10.5) + 18
    if stops:
        if x + 21 + canvas.text_width(say("stops", lang), size=10.5) > sheet.width:
            x, y = at[0], y + 14
        sheet.path(f"M{canvas.number(x)} {canvas.number(y)}v-6h16v6", stroke=canvas.STOP, width=1.6)
        sheet.text((x + 21, y), say("stops", lang), size=10.5)
