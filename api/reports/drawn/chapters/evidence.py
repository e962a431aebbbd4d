"""How far the evidence reaches: ribbons, coverage of each probe, gaps."""

from collections.abc import Sequence

from coldwitness.api.reports.drawn.charts import canvas
from coldwitness.api.reports.drawn.charts.ribbon import Ribbon, ribbons_svg
from coldwitness.api.reports.drawn.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Figure,
    Paragraph,
    Subheading,
    Table,
)
from coldwitness.api.reports.drawn.most_rows import left_out, weightiest
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.instants import china_time
from coldwitness.api.reports.made.wording import (
    duration,
    percent,
    quantity,
    range_words,
    role_words,
    say,
)
from coldwitness.domain.coverage import CoverageGap


def probe_title(view: View, name: str) -> str:
    """`药品 2 (LG-7F01)` for the series `drug.2 (LG-7F01)`."""
    probe, space, loggers = name.partition(" ")
    return role_words(probe, view.lang) + (f" {loggers}" if space else "")


FIRST_PAGE = 8
RIBBONS = 24
"""Most ribbons on the first page and in one figure of the coverage chapter."""


def ribbons_figure(view: View, *, name: str, first: int = 0, most: int = FIRST_PAGE) -> Figure:
    """Ribbons of `most` probes from number `first` on."""
    probes = view.report.probes
    shown = probes[first : first + most]
    start, end = view.window
    alt = view.say("coverage.ribbons_alt")
    svg, narrow = (
        ribbons_svg(
            [Ribbon(probe_title(view, p.name), p.spans) for p in shown],
            start_s=start,
            end_s=end,
            stops=view.stops,
            lid_open=view.lid_open,
            name=f"{name}{kind}",
            alt=alt,
            lang=view.lang,
            width=width,
        )
        for kind, width in (("", canvas.FULL), ("-narrow", canvas.HALF))
    )
    caption = view.say("coverage.ribbons_caption")
    if first == 0 and len(probes) > most == FIRST_PAGE:
        caption += view.say("coverage.more_probes", more=len(probes) - most)
    return Figure((svg,), caption, alt, narrow=(narrow,))


def coverage(view: View) -> Chapter:
    report = view.report
    blocks: list[Block] = []
    if len(report.probes) > FIRST_PAGE:
        blocks += [
            ribbons_figure(view, name=f"ribbons{i}", first=i, most=RIBBONS)
            for i in range(0, len(report.probes), RIBBONS)
        ]
    blocks.append(_probe_table(view))
    gaps = _gaps_of_worst(view)
    told = [gap for gap in gaps if weighs(view, gap)]
    if told:
        blocks.append(Subheading(view.say("coverage.unseen_time")))
    if told and report.worst_probe is not None:
        title = probe_title(view, report.worst_probe)
        slew = quantity(report.terms.slew_max_c_per_min, "°C/min")
        origin = say(report.terms.slew_source, view.lang)
        blocks.append(
            Paragraph(
                view.say("coverage.possible", title=title, slew=slew, origin=origin),
                small=True,
            )
        )
    if told or len(told) == len(gaps):
        blocks += [_hole_table(view, told), *left_out(view, told)]
    if len(told) < len(gaps):
        most_s = max(gap.length_s for gap in gaps if not weighs(view, gap))
        said = view.say(
            "coverage.short_gaps" if told else "coverage.only_short_gaps",
            count=len(gaps) - len(told),
            most=duration(most_s, view.lang),
        )
        blocks.append(Paragraph(said, small=True))
    return Chapter("coverage", view.say("coverage.title"), tuple(blocks))


def _probe_table(view: View) -> Table:
    start, end = view.window
    rows = []
    for probe in view.report.probes:
        share = probe.recorded_s / (end - start) if end > start else None
        rows.append(
            (
                Cell(probe_title(view, probe.name)),
                Cell(quantity(probe.readings, "")),
                Cell(china_time(probe.first) if probe.first else "—"),
                Cell(china_time(probe.last) if probe.last else "—"),
                Cell(percent(share)),
                Cell(duration(probe.longest_unseen_s, view.lang)),
                Cell(range_words(probe.min_c, probe.max_c)),
            )
        )
    return Table(
        columns=(
            Column(view.say("coverage.probe"), 1.5),
            Column(view.say("coverage.readings"), 0.8, "right"),
            Column(view.say("coverage.first"), 1.25),
            Column(view.say("coverage.last"), 1.25),
            Column(view.say("coverage.coverage"), 0.85, "right"),
            Column(view.say("coverage.longest_unseen"), 1.3, "right"),
            Column(view.say("coverage.least_most"), 1.4, "right"),
        ),
        rows=tuple(rows),
        empty=view.say("coverage.no_probe"),
    )


def weighs(view: View, gap: CoverageGap) -> bool:
    """Whether a gap weighs on anything: longer than permitted, or one in which the range may have
    been left. The others are counted."""
    return gap.could_leave_range or gap.length_s > view.report.terms.recording_interval_s


def _gaps_of_worst(view: View) -> list[CoverageGap]:
    shown = next(probe.name for probe in view.report.probes if probe.worst)
    return [gap for gap in view.report.gaps if gap.probe == shown]


def _weight(numbered: tuple[int, CoverageGap]) -> tuple[float, ...]:
    gap = numbered[1]
    return gap.could_leave_range, gap.length_s


def _hole_table(view: View, gaps: Sequence[CoverageGap]) -> Table:
    rows = tuple(
        (
            Cell(str(number)),
            Cell(china_time(gap.start)),
            Cell(china_time(gap.end)),
            Cell(duration(gap.length_s, view.lang)),
            Cell("—" if gap.lowest_c is None else range_words(gap.lowest_c, gap.highest_c)),
            Cell(
                say("yes" if gap.could_leave_range else "no", view.lang),
                tone="insufficient_evidence" if gap.could_leave_range else "",
            ),
        )
        for number, gap in weightiest(list(enumerate(gaps, start=1)), _weight)
    )
    return Table(
        columns=(
            Column("#", 0.4, "right"),
            Column(view.say("from"), 1.3),
            Column(view.say("to"), 1.3),
            Column(view.say("length"), 1.2, "right"),
            Column(view.say("coverage.possible_meanwhile"), 1.6, "right"),
            Column(view.say("coverage.could_leave_range"), 1.0),
        ),
        rows=rows,
        empty=view.say("coverage.no_gap"),
    )
