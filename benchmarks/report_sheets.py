"""The sheets of every recorded delivery's report: how many, how full, no heading torn off.

    python -m benchmarks.report_sheets

Prints a row a report that falls short and the counts; ends with 1 where any does. The short form is
tests/reports/test_sheets.py.
"""

import io
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from pypdf import PdfReader

from coldwitness.api.reports.drawn.layout import lay_out
from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin, Report
from coldwitness.api.reports.made.wording import LANGUAGES, Lang
from tests.unchanged.recorded import judged

MOST = 5
"""Sheets of a usual breach."""
MOST_CLEAN = 3
"""Sheets of a delivery of drugs alone against which nothing was found."""
LEAST_USED = 0.2
"""Of the height between head and foot, also on the last sheet."""
_FOOT_PT, _HEAD_PT = 40.0, 795.0

Line = tuple[float, str]


def sheets_of(pdf: bytes) -> list[list[Line]]:
    """Of each sheet its pieces of text with their height above the foot [pt], top first."""
    found = []
    for sheet in PdfReader(io.BytesIO(pdf)).pages:
        pieces: list[Line] = []

        def note(
            text: str,
            cm: list[float],
            tm: list[float],
            _f: object,
            _s: object,
            to: list[Line] = pieces,
        ) -> None:
            if text.strip():
                to.append((tm[4] * cm[1] + tm[5] * cm[3] + cm[5], text.strip()))

        sheet.extract_text(visitor_text=note)
        found.append(sorted((p for p in pieces if _FOOT_PT < p[0] < _HEAD_PT), reverse=True))
    return found


def headings_of(report: Report, lang: Lang) -> frozenset[str]:
    """What stands over something: the titles of chapters and of their parts."""
    chapters = lay_out(report, lang).chapters
    parts = (getattr(block, "text", "") for chapter in chapters for block in chapter.blocks)
    short = {text for text in parts if 0 < len(text) < 40}
    return frozenset({chapter.title for chapter in chapters} | short)


def most_sheets(report: Report) -> int:
    """What a reader can be asked to turn: of a clean delivery of drugs alone fewer."""
    verdict = report.decision.verdict
    goods = report.result.isolation.goods.status != "not_applicable"
    clean = verdict in ("compliant", "asserted") and not goods
    return MOST_CLEAN if clean else MOST


def shortcomings(report: Report, lang: Lang, sheets: Sequence[Sequence[Line]]) -> Iterator[str]:
    """What is wrong with the sheets of a report, a sentence each; nothing where all is well."""
    most = most_sheets(report)
    if len(sheets) > most:
        yield f"{len(sheets)} sheets, at most {most}"
    headings = headings_of(report, lang)
    for number, sheet in enumerate(sheets, start=1):
        used = (sheet[0][0] - sheet[-1][0]) / (_HEAD_PT - _FOOT_PT)
        if used < LEAST_USED:
            yield f"sheet {number} of {len(sheets)} used to {used:.0%}"
        if sheet[-1][1] in headings:
            yield f"sheet {number}: heading {sheet[-1][1]!r} torn from its text"


def main() -> int:
    """0 where no report of the recorded fleet falls short."""
    origin = Origin(software="coldwitness", readings_from=("telemetry.ndjson.gz",))
    wrong, counted = 0, Counter[str]()
    for group in judged().groups:
        for name in group.case.tracks.shipments:
            report = report_of_judged(group, name, origin=origin)
            for lang in LANGUAGES:
                told = list(shortcomings(report, lang, sheets_of(render_pdf(report, lang=lang))))
                counted[f"{lang} {report.decision.verdict}"] += 1
                wrong += bool(told)
                for line in told:
                    print(f"{name} {lang} {report.decision.verdict}: {line}", flush=True)
    print(", ".join(f"{key} {count}" for key, count in sorted(counted.items())))
    print(f"{wrong} of {sum(counted.values())} fall short")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
