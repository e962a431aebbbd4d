"""Extreme shipments laid out: in a real browser nothing overlaps, nothing is cut off; and the
PDF is whole, with its fonts inside and its text as text."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from playwright.sync_api import Page
from pypdf import PdfReader

from coldwitness.api.reports.drawn.document import Block, Paragraph, Table
from coldwitness.api.reports.drawn.html import render_html
from coldwitness.api.reports.drawn.layout import lay_out
from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.wording import role_words
from tests.browser import chromium
from tests.reports.extremes import EXTREMES, LONG_ZH
from tests.reports.fleet import report_of
from tests.reports.shipments import warm_and_stopped

_MEASURE = """() => {
  const cut = [], over = [], outside = [];
  for (const cell of document.querySelectorAll('td, th, dd, .verdict p, figcaption'))
    if (cell.scrollWidth > cell.clientWidth + 2) cut.push(cell.textContent.slice(0, 60));
  for (const svg of document.querySelectorAll('.drawing svg')) {
    const frame = svg.getBoundingClientRect(), boxes = [];
    const scale = frame.width / svg.viewBox.baseVal.width;
    for (const text of svg.querySelectorAll('text')) {
      const box = text.getBoundingClientRect(), slack = 1.5 * scale;
      if (box.left < frame.left - slack || box.right > frame.right + slack
          || box.top < frame.top - slack || box.bottom > frame.bottom + slack)
        outside.push(text.textContent);
      boxes.push([text.textContent, box]);
    }
    for (let i = 0; i < boxes.length; i++) for (let j = 0; j < i; j++) {
      const [a, b] = [boxes[i][1], boxes[j][1]];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // Line boxes are taller than the ink in them: only a third of a line is an overlap.
      if (wide > 1.5 && tall > 0.34 * Math.min(a.height, b.height))
        over.push(svg.getAttribute('aria-label') + ': ' + boxes[i][0] + ' | ' + boxes[j][0]);
    }
  }
  return {cut, over, outside, wide: document.documentElement.scrollWidth - innerWidth};
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1010, "height": 1200})


@lru_cache
def report(name: str) -> Report:
    return warm_and_stopped().report() if name == "golden" else EXTREMES[name]()


CASES = ("golden", *EXTREMES)


@pytest.mark.parametrize(
    ("name", "lang"),
    [
        *((name, "zh") for name in CASES),
        ("golden", "en"),
        *(pytest.param(name, "en", marks=pytest.mark.soak) for name in EXTREMES),
    ],
)
def test_nothing_overlaps_or_is_cut_off(page: Page, tmp_path: Path, name: str, lang: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_html(report(name), lang="en" if lang == "en" else "zh"), "utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    measured: dict[str, Any] = page.evaluate(_MEASURE)
    assert measured["cut"] == []
    assert measured["outside"] == []
    assert measured["over"] == []
    assert measured["wide"] <= 0
    assert {url.split(":", 1)[0] for url in asked} <= {"file"}


def test_the_measure_itself_finds_overlap_and_cut_text(page: Page) -> None:
    page.set_content(
        "<table><tr><td><div style='width:30px;overflow:hidden;white-space:nowrap'>x</div></td>"
        "</tr></table><div class=drawing><svg viewBox='0 0 100 40' width=100 height=40>"
        "<text x=5 y=20>first</text><text x=8 y=21>second</text><text x=90 y=20>beyond</text>"
        "</svg></div><dl><dd style='width:20px;overflow:hidden;white-space:nowrap'>"
        "too long</dd></dl>"
    )
    measured: dict[str, Any] = page.evaluate(_MEASURE)
    assert measured["cut"] == ["too long"]
    assert measured["outside"] == ["beyond"]
    assert len(measured["over"]) == 1


_ON_A_PHONE = """() => {
  const beyond = [], tiny = [];
  for (const one of document.querySelectorAll('body *')) {
    const box = one.getBoundingClientRect();
    const name = one.tagName + " " + one.textContent.slice(0, 40);
    if (box.width > 0 && box.right > 361) beyond.push(name);
  }
  for (const svg of document.querySelectorAll('.drawing svg')) {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    for (const text of scale > 0 ? svg.querySelectorAll('text') : [])
      if (parseFloat(text.getAttribute('font-size')) * scale < 8) tiny.push(text.textContent);
  }
  return {beyond, tiny};
}"""


@pytest.mark.parametrize("name", ["golden", "warm_break", "missing_separator", "logger_silent"])
def test_on_a_phone_nothing_is_cut_and_charts_are_drawn_to_be_read(
    page: Page, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "report.html"
    made = report(name) if name in CASES else report_of(name)
    file.write_text(render_html(made, lang="zh"), "utf-8")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(file.as_uri())
    try:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate(_ON_A_PHONE) == {"beyond": [], "tiny": []}
    finally:
        page.set_viewport_size({"width": 1010, "height": 1200})


def text_of(pdf: bytes) -> str:
    return "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.parametrize("name", CASES)
def test_pdf_keeps_every_text_on_its_sheets(name: str) -> None:
    reader = PdfReader(io.BytesIO(render_pdf(report(name), lang="zh")))
    for sheet in reader.pages:
        width, height = float(sheet.mediabox.width), float(sheet.mediabox.height)
        places: list[tuple[float, float]] = []

        def note(text: str, _cm: Any, tm: Any, _font: Any, _size: Any) -> None:
            if text.strip():
                places.append((tm[4], tm[5]))  # noqa: B023 - used up before the next sheet

        sheet.extract_text(visitor_text=note)
        assert places
        assert all(0 <= x <= width for x, _ in places)
        assert height == pytest.approx(841.89, abs=0.1)


def test_same_report_gives_the_same_pdf_bytes() -> None:
    first = render_pdf(report("golden"), lang="zh")
    render_pdf(report("one_reading"), lang="en")
    assert render_pdf(report("golden"), lang="zh") == first


def test_pdf_is_archival_with_embedded_fonts_and_its_twin() -> None:
    data = render_pdf(report("golden"), lang="zh")
    reader = PdfReader(io.BytesIO(data))
    metadata = reader.xmp_metadata
    assert metadata is not None
    assert b"pdfaid" in data
    assert list(reader.attachments) == ["report.json"]
    for sheet in reader.pages:
        fonts = sheet["/Resources"].get("/Font") or {}
        for font in fonts.values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = inner["/FontDescriptor"].get_object()
            assert "/FontFile3" in descriptor or "/FontFile2" in descriptor


def test_golden_texts_and_numbers_stand_in_the_pdf() -> None:
    words = "".join(text_of(render_pdf(report("golden"), lang="zh")).split())
    for expected in (
        "疑似违反（待核查）",
        "最高9.69°C（确定）；另有1项线索。",
        "214条，有效覆盖94.2%，最长读数间隔13分",
        "11-2111:00:00",
        "最少21分50秒，最多29分24秒",
        "0.24–0.39",
        "条款待核",
        "本局设定，非法规",
        "未审核",
        "执法证号",
    ):
        assert expected in words


def test_page_and_pdf_print_the_same_numbers() -> None:
    made = report("golden")
    page_text = re.sub(
        r"<style>.*?</style>|<svg.*?</svg>", "", render_html(made, lang="zh"), flags=re.S
    )
    page_text = "".join(re.sub(r"<[^>]+>", " ", page_text).split())
    pdf_words = "".join(text_of(render_pdf(made, lang="zh")).split())
    for number in re.findall(r"\d+(?:\.\d+)?(?:°C|分|秒|%|km)", page_text):
        assert number in pdf_words


def test_names_of_sixty_characters_are_printed_whole() -> None:
    words = "".join(text_of(render_pdf(report("long_names"), lang="zh")).split())
    assert LONG_ZH in words
    assert "B" * 60 in words


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_probes_step_stands_with_the_instruments(lang: Literal["zh", "en"]) -> None:
    made = report("thirty_probes")
    (table, said) = _instruments(made, lang)
    assert isinstance(table, Table)
    assert isinstance(said, Paragraph)
    assert "0.01 °C" in said.text, "one step of all probes is said once"
    sensors = made.result.evidence.sensors
    assert isinstance(sensors, tuple)
    coarse = (msgspec.structs.replace(sensors[0], grid_c=0.5), *sensors[1:])
    evidence = msgspec.structs.replace(made.result.evidence, sensors=coarse)
    result = msgspec.structs.replace(made.result, evidence=evidence)
    blocks = _instruments(msgspec.structs.replace(made, result=result), lang)
    (_, steps) = [block for block in blocks if isinstance(block, Table)]
    told = {row[0].text: (row[3].text, row[4].text) for row in steps.rows}
    assert set(told) == {role_words(probe, lang) for probe in made.readings.temperature_c}
    assert set(told.values()) == {("0.01 °C", "0"), ("0.5 °C", "0")}


def _instruments(made: Report, lang: Literal["zh", "en"]) -> tuple[Block, ...]:
    chapters = {chapter.id: chapter for chapter in lay_out(made, lang).chapters}
    return chapters["instruments"].blocks


def test_a_number_and_its_unit_stay_on_one_line() -> None:
    text = text_of(render_pdf(report("golden"), lang="zh"))
    assert "9.69 °C" in text.replace("\u00a0", " ")
    torn = re.search(r"\d\.\d\s*\n\s*°C", text)
    assert not torn, "the charts' axes end in whole numbers, then the unit"


def test_one_reading_is_spoken_of_as_one() -> None:
    said = " ".join(sentence.en for sentence in report("one_reading").decision.sentences)
    assert "1 drug reading covers" in said


def test_two_hundred_episodes_all_stand_in_the_table() -> None:
    made = report("two_hundred_episodes")
    assert len(made.episodes) >= 200
    words = text_of(render_pdf(made, lang="zh"))
    for episode in made.episodes:
        assert words.count("高于上限") >= len(made.episodes)
        assert f"{episode.number}" in words


def named(name: str) -> Report:
    """The golden report of a drug with this name."""
    case = warm_and_stopped()
    items = (msgspec.structs.replace(case.result.items[0], name=name),)
    return replace(case, result=msgspec.structs.replace(case.result, items=items)).report()


@pytest.mark.parametrize("odd", ["\U0001f9ca", "\U0001f600", "\u202e", "\u200b", "\x07", "\ue000"])
def test_a_character_without_glyph_or_not_seen_is_printed_as_its_code(odd: str) -> None:
    made = named(f"胰岛素{odd}注射液")
    shown = f"胰岛素[U+{ord(odd):04X}]注射液"
    page = render_html(made, lang="zh")
    assert shown in page
    assert odd not in page
    assert "以其编码（如 [U+1F9CA]）印出" in page
    assert shown in "".join(text_of(render_pdf(made, lang="zh")).split())


def test_without_such_characters_nothing_is_said_of_codes() -> None:
    assert "U+" not in render_html(report("golden"), lang="zh")


def test_nothing_measured_is_said_and_not_passed_off_as_nothing_found() -> None:
    page = render_html(report("no_reading"), lang="zh")
    assert "没有药品温度读数，无法判断。" in page
    assert "没有定位，无法判断停留。" in page
    assert "没有超过允许间隔的未监测时段" not in page
    assert "记录所及范围内没有超限时段" not in page
