"""Figures of the page about the judgements, drawn from the tables of docs/scoreboard.md.

`python -m docs.site.figures` writes them anew; `make scoreboard` does so too. They are kept as
files, so that the page shows them in the repository as well; a test compares them with the tables.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCOREBOARD = ROOT / "docs" / "scoreboard.md"
FOLDER = ROOT / "docs" / "images"

WIDTH_PX = 820
LABELS_PX = 385
ROW_PX = 24
BAR_PX = 16
LEGEND_PX = 34
SHOWN_SHARE = 0.07
"""Of a bar, from which on a number fits into it."""
FONT = (
    'font-family="system-ui, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Noto Sans SC, '
    'sans-serif"'
)


@dataclass(frozen=True)
class Series:
    """One colour of a bar. key : the column of the table; None: what is left of the class."""

    key: str | None
    title: str
    colour: str
    ink: str = "#ffffff"


BREACH = Series("breach", "疑似违反 breach", "#9c1c1f")
ACCUSED = Series("accused", "疑似违反或可疑 accused", "#9c1c1f")
SUSPECTED = Series("suspected", "可疑 suspected", "#c98a2b", "#18302f")
INSUFFICIENT = Series("insufficient", "证据不足 insufficient", "#8a949e", "#18302f")
NOTHING = Series(None, "未发现问题 nothing found", "#a9d3b9", "#18302f")

Row = Mapping[str, str]


def figures(scoreboard: str) -> Mapping[str, str]:
    """File name -> SVG, of each figure."""
    size = shipments_a_class(scoreboard)

    def stacked(title: str, series: Sequence[Series]) -> str:
        return stacked_bars(table_under(scoreboard, title), series, size=size)

    return {
        "scoreboard-accusations.svg": beside_each_other(table_under(scoreboard, "In short")[0]),
        "scoreboard-violations.svg": stacked(
            "Violations", (BREACH, SUSPECTED, INSUFFICIENT, NOTHING)
        ),
        "scoreboard-lacking.svg": stacked("Evidence lacking", (ACCUSED, INSUFFICIENT, NOTHING)),
        "scoreboard-forged.svg": stacked("Forged records", (ACCUSED, INSUFFICIENT, NOTHING)),
    }


def table_under(page: str, title: str) -> list[Row]:
    """The first table below a heading, a row as column -> cell. Raises ValueError."""
    part = page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    if len(lines) < 3:
        raise ValueError(f"scoreboard: {title}: expected a table")
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return [dict(zip(head, row, strict=True)) for row in rows]


def shipments_a_class(page: str) -> int:
    """How many shipments each class has. Raises ValueError."""
    told = re.search(r"^(\d+) classes, (\d+) shipments", page, re.MULTILINE)
    if told is None or int(told[2]) % int(told[1]):
        raise ValueError("scoreboard: expected classes of one size")
    return int(told[2]) // int(told[1])


def stacked_bars(rows: Sequence[Row], series: Sequence[Series], *, size: int) -> str:
    """One bar a class, its shipments by what was said of them."""
    parts = [_legend(series)]
    full_px = WIDTH_PX - LABELS_PX - 10
    for at, row in enumerate(rows):
        top = LEGEND_PX + at * ROW_PX
        label = f"{row['class']}: {next(cell for name, cell in row.items() if 'what' in name)}"
        parts.append(_text(LABELS_PX - 10, top + 12, label, anchor="end"))
        left = float(LABELS_PX)
        counted = sum(int(row[one.key]) for one in series if one.key is not None)
        for one in series:
            count = int(row[one.key]) if one.key is not None else size - counted
            wide = full_px * count / size
            if count:
                parts.append(
                    f'<rect x="{left:.1f}" y="{top}" width="{wide:.1f}" height="{BAR_PX}" '
                    f'fill="{one.colour}"/>'
                )
            if count >= SHOWN_SHARE * size:
                parts.append(
                    _text(left + wide / 2, top + 12, str(count), anchor="middle", ink=one.ink)
                )
            left += wide
    return _svg(parts, LEGEND_PX + len(rows) * ROW_PX)


def beside_each_other(row: Row) -> str:
    """False accusations per 1,000 clean shipments, ours and the plain monitor's, with their upper
    bounds."""
    full_px = WIDTH_PX - LABELS_PX - 120
    parts = [
        _text(10, 16, "每 1,000 份正常运单中被误判的 · falsely accused per 1,000 clean shipments")
    ]
    for at, (name, title, colour) in enumerate(
        (
            ("ColdWitness", "冷证 ColdWitness", "#0f4c4c"),
            ("plain monitor", "阈值加停留点 plain monitor", "#8a949e"),
        )
    ):
        told = re.match(r"([\d.]+) \(([\d.]+)\)", row[name])
        if told is None:
            raise ValueError(f"scoreboard: In short: {name}: expected a rate and its bound")
        rate, bound = float(told[1]), float(told[2])
        top = LEGEND_PX + at * ROW_PX
        wide = full_px * rate / 300
        reach = full_px * bound / 300
        parts.append(_text(LABELS_PX - 10, top + 12, title, anchor="end"))
        parts.append(
            f'<rect x="{LABELS_PX}" y="{top}" width="{wide:.1f}" height="{BAR_PX}" '
            f'fill="{colour}"/>'
        )
        parts.append(_text(LABELS_PX + reach + 8, top + 12, f"{told[1]} (≤ {told[2]})"))
    return _svg(parts, LEGEND_PX + 2 * ROW_PX)


def _legend(series: Sequence[Series]) -> str:
    parts = []
    left = 10
    for one in series:
        parts.append(f'<rect x="{left}" y="5" width="12" height="12" fill="{one.colour}"/>')
        parts.append(_text(left + 18, 16, one.title))
        left += 40 + sum(14 if character > "\u2e80" else 7 for character in one.title)
    return "".join(parts)


def _text(
    left: float, top: float, text: str, *, anchor: str = "start", ink: str = "#18302f"
) -> str:
    return (
        f'<text x="{left:.1f}" y="{top}" text-anchor="{anchor}" fill="{ink}">{escape(text)}</text>'
    )


def _svg(parts: Sequence[str], height_px: int) -> str:
    inner = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height_px}" '
        f'width="{WIDTH_PX}" height="{height_px}" font-size="12.5" {FONT}>\n'
        f'<rect width="{WIDTH_PX}" height="{height_px}" fill="#ffffff"/>\n{inner}\n</svg>\n'
    )


def main() -> None:
    for name, drawn in figures(SCOREBOARD.read_text(encoding="utf-8")).items():
        (FOLDER / name).write_text(drawn, encoding="utf-8")
        print(FOLDER / name)


if __name__ == "__main__":
    main()
