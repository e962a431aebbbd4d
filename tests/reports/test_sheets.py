"""The sheets of a PDF: as many as a reader can be asked to turn, none nearly empty, no heading
parted from what it stands over; and what the first of them says."""

import io
from functools import lru_cache

import msgspec
import pytest
from pypdf import PdfReader

from benchmarks.report_sheets import MOST, Line, most_sheets, sheets_of, shortcomings
from coldwitness.api.reports.drawn.chapters.decision import measured_facts, qr_text
from coldwitness.api.reports.drawn.html import render_html
from coldwitness.api.reports.drawn.layout import lay_out
from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.issue import issue_of
from coldwitness.api.reports.made.model import Issue, Origin
from coldwitness.api.reports.made.seal import sealed
from coldwitness.api.reports.made.twin import read_json, render_json
from coldwitness.api.reports.made.wording import LANGUAGES, Lang
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.config.settings import ReportSettings, Settings
from coldwitness.domain.errors import BadInput
from tests.reports.fleet import STORIES, report_of
from tests.reports.packages import rulebook
from tests.reports.shipments import warm_and_stopped


@lru_cache
def sheets(story: str, lang: Lang = "zh") -> list[list[Line]]:
    return sheets_of(render_pdf(report_of(story), lang=lang))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("story", STORIES)
def test_no_sheet_too_many_none_nearly_empty_and_no_heading_torn_from_what_it_stands_over(
    story: str, lang: Lang
) -> None:
    """Of all recorded deliveries: python -m benchmarks.report_sheets."""
    report = report_of(story)
    assert list(shortcomings(report, lang, sheets(story, lang))) == []
    assert most_sheets(report_of("clean")) == 3


def test_what_falls_short_is_told() -> None:
    """The measure itself can fail."""
    report = report_of("clean")
    full = [(790.0, "药品"), (60.0, "说明")]
    torn = [(790.0, "药品"), (60.0, "方法与局限")]
    told = list(shortcomings(report, "zh", [full, full, torn, [(790.0, "说明")]]))
    assert told == [
        "4 sheets, at most 3",
        "sheet 3: heading '方法与局限' torn from its text",
        "sheet 4 of 4 used to 0%",
    ]


def test_numbers_that_had_no_part_in_the_judgement_are_not_printed() -> None:
    words = "".join(text for sheet in sheets("clean") for _, text in sheet)
    told = {number.name: number.title.zh for number in report_of("clean").rules.numbers}
    for name in ("above_single_tolerance_s", "above_tolerated_up_to_c", "fleet_least_trips"):
        assert told[name] not in words
    assert told["goods_coupling_max_per_h"] not in words
    assert told["out_of_range_tolerance_s"] in words
    assert told["coolant_coupling_max_per_h"] in words


def test_what_isolation_cannot_tell_says_why() -> None:
    report = report_of("clean")
    coolant = report.result.isolation.coolant
    thinned = msgspec.structs.replace(coolant, interval_95=(0.0, 0.5), reason="record_thinned")
    isolation = msgspec.structs.replace(report.result.isolation, coolant=thinned)
    page = render_html(
        msgspec.structs.replace(
            report, result=msgspec.structs.replace(report.result, isolation=isolation)
        ),
        lang="zh",
    )
    assert "蓄冷剂：无法判定，热交换速率在上限之内，但缺少部分读数" in page


def test_a_drive_of_many_short_stays_takes_no_more_sheets_than_a_usual_breach() -> None:
    report = warm_and_stopped().report()
    assert len(report.route.stops) > 30
    assert len(PdfReader(io.BytesIO(render_pdf(report, lang="zh"))).pages) <= MOST


def test_the_first_page_says_what_a_hearing_asks() -> None:
    issue = Issue(number="淄临药监核〔2026〕17号", issued="2026-06-20", office="临淄区市场监管局")
    report = sealed(msgspec.structs.replace(warm_and_stopped().report(), issue=issue))
    first = PdfReader(io.BytesIO(render_pdf(report, lang="zh"))).pages[0].extract_text()
    words = "".join(first.split())
    for said in (
        "编号淄临药监核〔2026〕17号",
        "出具日期2026-06-20",
        "出具单位临淄区市场监管局",
        "ZB-20261121-0042",
        "门冬胰岛素注射液",
        "B2609017",
        "临淄康民大药房连锁有限公司",
        "齐鲁同城冷链配送",
        "2.0–8.0°C",
        "测点“药品”",
    ):
        assert said in words, said


def test_number_date_and_office_are_sealed_with_the_rest() -> None:
    plain = report_of("clean")
    issued = sealed(msgspec.structs.replace(plain, issue=Issue(number="1")))
    data = render_json(issued)
    assert verify_any(data, rulebook=rulebook()).holds
    assert read_json(data) == issued
    other = data.replace(b'"number":"1"', b'"number":"2"')
    codes = {problem.code for problem in verify_any(other, rulebook=rulebook()).problems}
    assert codes == {"digest_mismatch"}
    assert b'"issue"' not in render_json(plain)


def test_the_office_of_the_settings_stands_where_none_is_named() -> None:
    settings = Settings(report=ReportSettings(office="甲局"))
    assert issue_of(settings) == Issue(office="甲局")
    assert issue_of(settings, office="乙局", number="7") == Issue(office="乙局", number="7")
    assert issue_of(Settings()) is None
    with pytest.raises(BadInput, match="number"):
        issue_of(settings, number="x" * 121)


def test_several_clues_stand_worst_first_and_one_alone_is_not_said_twice() -> None:
    (verdict, *_) = lay_out(warm_and_stopped().report(), "zh").chapters[0].blocks
    reasons = getattr(verdict, "reasons", ())
    assert len(reasons) == 2
    assert "高于" in reasons[0]
    (alone, *_) = lay_out(report_of("warm_break"), "zh").chapters[0].blocks
    assert getattr(alone, "reasons", None) == ()


def test_the_qr_code_is_the_address_with_the_digest() -> None:
    address = "https://office.example/v1/shipments/ZB-20261121-0042/report.html"
    origin = Origin(software="coldwitness test", readings_from=("store",), address=address)
    report = warm_and_stopped().report(origin=origin)
    assert report.seal is not None
    assert qr_text(View(report, "zh")) == f"{address}#sha256={report.seal.sha256}"
    page = render_html(report, lang="zh")
    for to in (
        "https://office.example/v1/shipments/ZB-20261121-0042/report.pdf?lang=zh",
        "https://office.example/shipments/ZB-20261121-0042?lang=zh",
        "https://office.example/?lang=zh",
    ):
        assert f'href="{to}"' in page


def test_an_episode_is_enlarged_only_where_that_magnifies_it() -> None:
    drawn = {
        story: render_html(report_of(story), lang="zh").count('aria-label="高于上限')
        for story in ("clean", "warm_break")
    }
    assert drawn["clean"] == 0
    page = render_html(warm_and_stopped().report(), lang="zh")
    assert page.count('aria-label="高于上限 1"') == 2, "once for a desk and once for a phone"


def test_a_page_is_told_that_it_cannot_be_verified_and_which_file_can() -> None:
    page = render_html(report_of("clean"), lang="zh").encode()
    (problem,) = verify_any(page, rulebook=rulebook()).problems
    assert problem.code == "page_not_verifiable"
    assert "JSON、PDF 或证据包" in problem.text("zh")


@pytest.mark.parametrize(
    ("known_s", "bounds", "value", "note"),
    [
        (600.0, (300.0, 900.0), "10 分", "最少 5 分，最多 15 分"),
        (600.0, (600.0, 900.0), "10 分", "最少 10 分，最多 15 分"),
        (0.0, (600.0, 900.0), "至少 10 分", "最少 10 分，最多 15 分"),
        (540.0, (600.0, 600.0), "至少 10 分", "最少、最多均为 10 分；其中有连续读数的时间内 9 分"),
    ],
)
def test_no_time_is_printed_outside_its_own_bounds(
    known_s: float, bounds: tuple[float, float], value: str, note: str
) -> None:
    report = report_of("clean")
    metrics = msgspec.structs.replace(
        report.result.metrics, seconds_above=known_s, seconds_above_bounds=bounds
    )
    result = msgspec.structs.replace(report.result, metrics=metrics)
    view = View(msgspec.structs.replace(report, result=result), "zh")
    ((said, under),) = [(f[1], f[2]) for f in measured_facts(view) if f[0] == "高于上限"]
    assert said == value
    assert under.startswith(note)
