"""The page: self-contained, complete, the same from the twin, and careful with its words."""

import re

import pytest

from coldwitness.api.reports.drawn.html import render_html
from coldwitness.api.reports.made.twin import read_json, render_json
from coldwitness.api.reports.made.wording import LANGUAGES, Lang, site_words
from tests.forbidden_words import FORBIDDEN
from tests.reports.fleet import report_of
from tests.reports.shipments import Case, warm_and_stopped, without_readings

CASES = {
    "warm_and_stopped": warm_and_stopped(),
    "without_readings": without_readings(warm_and_stopped()),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_asks_for_nothing_outside_and_runs_nothing(case: Case, lang: Lang) -> None:
    page = render_html(case.report(), lang=lang)
    assert "<script" not in page
    assert not re.search(r"(src|href)=[\"'](?!#)", page)
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_twin_read_back_draws_the_same_page(case: Case, lang: Lang) -> None:
    report = case.report()
    twin = render_json(report)
    again = read_json(twin)
    assert render_json(again) == twin
    assert render_html(again, lang=lang) == render_html(report, lang=lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_word_judges_guilt_or_the_drug(case: Case, lang: Lang) -> None:
    page = render_html(case.report(), lang=lang)
    for word in FORBIDDEN:
        assert word not in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_people_named_in_events_do_not_appear(case: Case, lang: Lang) -> None:
    report = case.report()
    text = render_html(report, lang=lang) + render_json(report).decode()
    assert "张三" not in text
    assert "13800000000" not in text


def test_every_requirement_of_the_result_stands_in_the_table_worst_first() -> None:
    case = warm_and_stopped()
    page = render_html(case.report(), lang="zh")
    table = page[page.index('id="requirements"') : page.index("要求的依据")]
    sources = page[page.index("要求的依据") : page.index('id="coverage"')]
    places = {}
    for line in case.result.requirements:
        named = re.search(rf"[>、]{re.escape(line.id)}[、<]", table)
        assert named is not None, line.id
        assert re.search(rf"[：、；]{re.escape(line.id)}[、：]", sources), line.id
        places[line.id] = named.start()
    rank = {
        "breach": 0,
        "suspected": 1,
        "insufficient_evidence": 2,
        "to_check": 3,
        "asserted": 4,
        "compliant": 5,
    }
    in_order = sorted(case.result.requirements, key=lambda line: places[line.id])
    ranks = [rank[line.status] for line in in_order]
    assert ranks == sorted(ranks)


def test_article_that_nobody_has_seen_is_shown_as_to_be_confirmed() -> None:
    report = warm_and_stopped().report()
    for line in report.requirements:
        assert line.article_confirmed or "待核" in line.legal.zh
        assert line.article_confirmed or "to be confirmed" in line.legal.en


def test_bureau_settings_are_not_shown_as_law() -> None:
    page = render_html(warm_and_stopped().report(), lang="zh")
    assert re.search("本局设定，非法规：[^<]*暂存判定停留时间", page)


def test_numbers_of_the_golden_shipment_stand_on_the_page() -> None:
    page = render_html(warm_and_stopped().report(), lang="zh")
    for words in (
        "疑似违反（待核查）",
        "最高 9.69 °C（确定）；另有 1 项线索。",
        "214 条，有效覆盖 94.2 %，最长读数间隔 13 分",
        "11-21 11:00:00",
        "11-21 11:26:00",
        "最少 21 分 50 秒，最多 29 分 24 秒",
        "2026-11-21 09:30:00 — 13:15:00",
        "0.24 – 0.39",
        "29.3",
        "未审核",
    ):
        assert words in page


def test_a_place_that_an_event_names_by_a_common_word_is_said_in_the_readers() -> None:
    page = render_html(report_of("depot_storage"), lang="zh")
    assert "pharmacy" not in page
    assert "药店" in page
    assert site_words("depot-7", "zh") == "depot-7"
    assert site_words("depot", "zh") == "中转场所"
