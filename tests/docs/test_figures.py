"""The figures of docs/judgements.md are drawn from the scoreboard as it stands."""

import re
from pathlib import Path

import pytest

from docs.site.figures import (
    FOLDER,
    INSUFFICIENT,
    NOTHING,
    SCOREBOARD,
    figures,
    stacked_bars,
    table_under,
)

TEXT = SCOREBOARD.read_text(encoding="utf-8")


def test_each_figure_is_that_of_the_scoreboards_tables() -> None:
    """Else: `python -m docs.site.figures`."""
    drawn = figures(TEXT)
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("scoreboard-*.svg")}
    assert kept == drawn
    page = (FOLDER.parent / "judgements.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(images/([^)]+)\)", page)) == set(drawn)


def test_a_number_of_the_table_that_changes_changes_its_bar() -> None:
    (row,) = (row for row in table_under(TEXT, "Violations") if row["class"] == "warm_break")
    found = f"| {row['breach']} | {row['suspected']} |"
    at = TEXT.index("| warm_break |")
    changed = TEXT[:at] + TEXT[at:].replace(found, "| 50 | 0 |", 1)
    before, after = figures(TEXT), figures(changed)
    assert {name for name in before if before[name] != after[name]} == {"scoreboard-violations.svg"}
    assert ">50</text>" in after["scoreboard-violations.svg"]


def test_a_bar_is_as_long_as_its_share() -> None:
    drawn = stacked_bars(
        [{"class": "half", "what is true": "x", "insufficient": "50"}],
        (INSUFFICIENT, NOTHING),
        size=100,
    )
    widths = [float(one) for one in re.findall(r'width="([\d.]+)" height="16"', drawn)]
    assert len(widths) == 2
    assert widths[0] == pytest.approx(widths[1])


def test_a_table_that_is_gone_is_told() -> None:
    with pytest.raises(ValueError, match="No such"):
        table_under(TEXT, "No such")


def test_the_figures_ask_nothing_of_others() -> None:
    for path in Path(FOLDER).glob("*.svg"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text
