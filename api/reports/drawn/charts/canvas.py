"""A sheet of SVG: few shapes, plain attributes, the same text in the page and in the PDF."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import chain
from typing import Literal

FONT = "Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"

INK = "#1c2733"
MUTED = "#5a6875"
HAIRLINE = "#d5dce2"
TRACE = "#1d4e7a"
BAND = "#e6f0ee"
BAND_EDGE = "#3f7f74"
OUT = "#a8281f"
DOUBT = "#b97a1a"
UNSEEN = "#8a96a3"
STOP = "#5b4a8a"
OTHER = "#7d8a97"

FULL = 760.0
"""Width of a chart across the sheet [user units]; 174 mm on A4, so 10.5 units print as 6.8 pt."""
HALF = 372.0

_TRAILING_ZEROS = re.compile(r"\.?0+(?=[ L]|\Z)")
_NEGATIVE_ZERO = re.compile(r"-0(?=[ L]|\Z)")
Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]


def number(value: float) -> str:
    """A coordinate with at most two decimals, without trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


class Canvas:
    """Collects shapes; `svg()` gives one self-contained element.

    name : unique within the page; ids of patterns and clips start with it.
    width, height : user units; text of size 11 is the small print of the report.
    alt : what the picture says, for those who cannot see it.
    """

    def __init__(self, name: str, *, width: float, height: float, alt: str) -> None:
        self.name = name
        self.width = width
        self.height = height
        self._alt = alt
        self._definitions: list[str] = []
        self._shapes: list[str] = []

    def rect(
        self,
        x: float,
        y: float,
        *,
        width: float,
        height: float,
        fill: str,
        stroke: str = "none",
        stroke_width: float = 1.0,
        radius: float = 0.0,
        opacity: float = 1.0,
        clip: str | None = None,
    ) -> None:
        self._add(
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(max(width, 0))}" '
            f'height="{number(max(height, 0))}" fill="{fill}"'
            + _stroke(stroke, stroke_width)
            + (f' rx="{number(radius)}"' if radius else "")
            + _opacity(opacity)
            + _clip(clip)
            + "/>"
        )

    def line(
        self,
        start: Point,
        end: Point,
        *,
        stroke: str,
        width: float = 1.0,
        dash: str | None = None,
        cap: str | None = None,
    ) -> None:
        self._add(
            f'<line x1="{number(start[0])}" y1="{number(start[1])}" x2="{number(end[0])}" '
            f'y2="{number(end[1])}"'
            + _stroke(stroke, width)
            + (f' stroke-dasharray="{dash}"' if dash else "")
            + (f' stroke-linecap="{cap}"' if cap else "")
            + "/>"
        )

    def path(
        self,
        data: str,
        *,
        fill: str = "none",
        stroke: str = "none",
        width: float = 1.0,
        opacity: float = 1.0,
        clip: str | None = None,
        dash: str | None = None,
    ) -> None:
        self._add(
            f'<path d="{data}" fill="{fill}"'
            + _stroke(stroke, width)
            + (' stroke-linejoin="round" stroke-linecap="round"' if stroke != "none" else "")
            + (f' stroke-dasharray="{dash}"' if dash else "")
            + _opacity(opacity)
            + _clip(clip)
            + "/>"
        )

    def circle(
        self,
        centre: Point,
        radius: float,
        *,
        fill: str,
        stroke: str = "none",
        width: float = 1.0,
        opacity: float = 1.0,
        clip: str | None = None,
    ) -> None:
        self._add(
            f'<circle cx="{number(centre[0])}" cy="{number(centre[1])}" r="{number(radius)}" '
            f'fill="{fill}"' + _stroke(stroke, width) + _opacity(opacity) + _clip(clip) + "/>"
        )

    def text(
        self,
        at: Point,
        text: str,
        *,
        size: float = 11.0,
        fill: str = MUTED,
        anchor: Anchor = "start",
    ) -> None:
        self._add(
            f'<text x="{number(at[0])}" y="{number(at[1])}" font-size="{number(size)}" '
            f'fill="{fill}" text-anchor="{anchor}">{escape(text, quote=False)}</text>'
        )

    def hatch(self, key: str, *, stroke: str, step: float = 5.0, rising: bool = True) -> str:
        """A fill of slanting lines, told apart from others in grey print by its direction."""
        id_ = f"{self.name}-{key}"
        s = number(step)
        ends = f"M0 {s}L{s} 0" if rising else f"M0 0L{s} {s}"
        self._define(
            f'<pattern id="{id_}" width="{s}" height="{s}" patternUnits="userSpaceOnUse">'
            f'<path d="{ends}" stroke="{stroke}" stroke-width="0.9" fill="none"/></pattern>'
        )
        return f"url(#{id_})"

    def clip_rect(self, key: str, x: float, y: float, *, width: float, height: float) -> str:
        """Name of a clip; what lies outside it is not drawn."""
        id_ = f"{self.name}-{key}"
        self._define(
            f'<clipPath id="{id_}"><rect x="{number(x)}" y="{number(y)}" '
            f'width="{number(max(width, 0))}" height="{number(max(height, 0))}"/></clipPath>'
        )
        return f"url(#{id_})"

    def svg(self) -> str:
        definitions = f"<defs>{''.join(self._definitions)}</defs>" if self._definitions else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(self.width)} '
            f'{number(self.height)}" width="{number(self.width)}" height="{number(self.height)}" '
            f'role="img" aria-label="{escape(self._alt)}" font-family="{FONT}">'
            f"{definitions}{''.join(self._shapes)}</svg>"
        )

    def _add(self, shape: str) -> None:
        self._shapes.append(shape)

    def _define(self, definition: str) -> None:
        if definition not in self._definitions:
            self._definitions.append(definition)


def polyline(points: Iterable[Point], *, close: bool = False) -> str:
    """Path data through the points; empty for none."""
    flat = tuple(chain.from_iterable(points))
    if not flat:
        return ""
    # As `number` writes each, but all at once: a way has tens of thousands of points.
    text = "L%.2f %.2f" * (len(flat) // 2) % flat
    text = _NEGATIVE_ZERO.sub("0", _TRAILING_ZEROS.sub("", text))
    return f"M{text[1:]}{'Z' if close else ''}"


def text_width(text: str, *, size: float = 11.0) -> float:
    """Rough width [user units]: a Han character is an em wide, others a bit over half."""
    return sum(size if ord(c) > 0x2E7F else 0.56 * size for c in text)


def fitted(text: str, *, width: float, size: float = 11.0) -> str:
    """`text`, or its beginning with an ellipsis where it is wider than `width`."""
    if text_width(text, size=size) <= width:
        return text
    kept = text
    while kept and text_width(kept + "…", size=size) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def legend(canvas: Canvas, at: Point, entries: Sequence[tuple[str, str, str]]) -> float:
    """Swatches with words in a row: (fill, stroke, words). Returns the x after the last."""
    x, y = at
    for fill, stroke, words in entries:
        canvas.rect(x, y - 8, width=14, height=9, fill=fill, stroke=stroke, stroke_width=0.8)
        canvas.text((x + 18, y), words, size=10.5)
        x += 18 + text_width(words, size=10.5) + 16
    return x


def _stroke(stroke: str, width: float) -> str:
    return "" if stroke == "none" else f' stroke="{stroke}" stroke-width="{number(width)}"'


def _opacity(opacity: float) -> str:
    return "" if opacity == 1.0 else f' opacity="{number(opacity)}"'


def _clip(clip: str | None) -> str:
    return "" if clip is None else f' clip-path="{clip}"'
