"""Numbers, temperatures and durations have one form, wherever they are said."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from coldwitness.api.pages.shown import label_range, length
from coldwitness.api.reports.made.wording import duration as in_a_report
from coldwitness.domain.result import Limits
from coldwitness.judging.words.figures import decimal, duration, number
from tests.unchanged.recorded import recorded_results

OTHERWISE = re.compile(
    r"\d ?分钟|\d\.\d+ (?:小时|分|秒|h|min|s)\b|\d%|每小时|per hour"
    r"|(?<![\d.])\d+ °C|\d[–⋯]\d[\d.]* (?:°C|/h)"
    r"|\d (?:天|小时|分|秒) [一-龥]"
)
"""What no text says: minutes and hours with decimals, a temperature without one, a share without
its space, a rate in words, a span without spaces, a space between a duration and the next word."""


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0.4, "0 秒", "0 s"),
        (59.6, "1 分", "1 min"),
        (1764.0, "29 分 24 秒", "29 min 24 s"),
        (3600.0, "1 小时", "1 h"),
        (3605.0, "1 小时 00 分 05 秒", "1 h 00 min 05 s"),
        (3905.0, "1 小时 05 分 05 秒", "1 h 05 min 05 s"),
        (172_799.0, "47 小时 59 分 59 秒", "47 h 59 min 59 s"),
        (172_800.0, "2 天", "2 d"),
        (400 * 86_400.0 + 7200.0, "400 天 02 小时", "400 d 02 h"),
        (None, "时长未知", "unknown length"),
    ],
)
def test_a_duration_in_a_result_reads_as_one_in_a_report_and_on_a_page(
    seconds: float | None, zh: str, en: str
) -> None:
    assert (duration(seconds).zh, duration(seconds).en) == (zh, en)
    shown = "—" if seconds is None else zh
    assert in_a_report(seconds, "zh") == shown
    assert length(seconds, "zh") == shown
    assert length(float("nan"), "en") == "—"


@pytest.mark.parametrize("said", ["最长 41 分 没有信号", "每 1 小时 05 分 才记录一次"])
def test_a_space_after_a_duration_is_another_form(said: str) -> None:
    assert OTHERWISE.search(said)
    assert not OTHERWISE.search(said.replace("分 ", "分"))


@pytest.mark.parametrize(
    ("celsius", "said"), [(8.0, "8.0"), (8.04, "8.04"), (-0.5, "−0.5"), (-0.001, "0.0")]
)
def test_a_temperature_has_one_decimal_at_least_and_two_at_most(celsius: float, said: str) -> None:
    assert decimal(celsius) == said
    assert decimal(0.0625, places=6) == "0.0625"
    assert label_range(Limits(low=2.0, high=8.0)) == "2.0 – 8.0 °C"
    assert number(-0.25) == "−0.25"


def texts(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Every text in two languages of a result, with where it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("zh", "en") and isinstance(inner, str):
                yield f"{at}.{key}", inner
            else:
                yield from texts(inner, f"{at}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, at)


def test_no_recorded_result_says_a_figure_in_another_form() -> None:
    said = {pair for result in recorded_results().values() for pair in texts(result)}
    assert len(said) > 300
    assert sorted(pair for pair in said if OTHERWISE.search(pair[1])) == []


ABBREVIATIONS = {"GSP", "C", "h", "min", "km", "m", "GCJ", "BD", "WGS"}


def test_no_chinese_text_of_a_recorded_result_has_an_untranslated_word() -> None:
    """Roles, sites, signs by their Chinese names; what stands in quotes is the manifest's own."""
    said = {
        text
        for result in recorded_results().values()
        for at, text in texts(result)
        if at.endswith(".zh")
    }
    foreign = {
        word
        for text in said
        for word in re.findall(r"[A-Za-z][A-Za-z_]+", re.sub("“[^”]*”|ZB-[0-9-]+", "", text))
    }
    assert foreign - ABBREVIATIONS == {"items"}, "the place in a manifest: items[0]"
