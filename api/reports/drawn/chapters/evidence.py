"""How far the evidence reaches: ribbons, coverage of each probe, gaps."""

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
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.instants import china_time
from coldwitness.api.reports.made.wording import (
    celsius,
    duration,
    percent,
    quantity,
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
    zh = view.lang == "zh"
    shown = probes[first : first + most]
    start, end = view.window
    alt = "各测点监测情况条带" if zh else "ribbons of what each probe recorded"
    svg = ribbons_svg(
        [Ribbon(probe_title(view, p.name), p.spans) for p in shown],
        start_s=start,
        end_s=end,
        stops=view.stops,
        lid_open=view.lid_open,
        name=name,
        alt=alt,
        lang=view.lang,
    )
    caption = "评判时段内各测点的监测情况" if zh else "What each probe recorded in the judged time"
    if first == 0 and len(probes) > most == FIRST_PAGE:
        caption += (
            f"（另有 {len(probes) - most} 个测点，见“证据覆盖”）"
            if zh
            else f" ({len(probes) - most} further probes: see “Evidence coverage”)"
        )
    return Figure((svg,), caption, alt)


def coverage(view: View) -> Chapter:
    report, zh = view.report, view.lang == "zh"
    blocks: list[Block] = []
    if len(report.probes) > FIRST_PAGE:
        blocks += [
            ribbons_figure(view, name=f"ribbons{i}", first=i, most=RIBBONS)
            for i in range(0, len(report.probes), RIBBONS)
        ]
    blocks.append(_probe_table(view))
    blocks.append(Subheading("未监测时段" if zh else "Unseen time"))
    if report.worst_probe is not None:
        title = probe_title(view, report.worst_probe)
        slew = quantity(report.terms.slew_max_c_per_min, "°C/min")
        origin = say(report.terms.slew_source, view.lang)
        blocks.append(
            Paragraph(
                f"测点“{title}”。可能温度按两端读数和最快变温 {slew}（{origin}）给出。"
                if zh
                else f"Probe “{title}”. Possible temperatures follow from the readings at both "
                f"ends and the fastest change {slew} ({origin}).",
                small=True,
            )
        )
    blocks.append(_gap_table(view))
    return Chapter("coverage", "证据覆盖" if zh else "Evidence coverage", tuple(blocks))


def _probe_table(view: View) -> Table:
    zh = view.lang == "zh"
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
                Cell(f"{celsius(probe.min_c)}", note=f"{celsius(probe.max_c)}"),
            )
        )
    return Table(
        columns=(
            Column("测点" if zh else "Probe", 1.5),
            Column("读数" if zh else "Readings", 0.8, "right"),
            Column("首条" if zh else "First", 1.25),
            Column("末条" if zh else "Last", 1.25),
            Column("覆盖" if zh else "Coverage", 0.85, "right"),
            Column("最长未监测" if zh else "Longest unseen", 1.3, "right"),
            Column("最低 / 最高" if zh else "Least / most", 1.0, "right"),
        ),
        rows=tuple(rows),
        empty="评判时段内没有任何测点的读数。"
        if zh
        else "No probe gave a reading in the judged time.",
    )


def _gaps_of_worst(view: View) -> list[CoverageGap]:
    shown = next(probe.name for probe in view.report.probes if probe.worst)
    return [gap for gap in view.report.gaps if gap.probe == shown]


def _gap_table(view: View) -> Table:
    zh = view.lang == "zh"
    rows = tuple(
        (
            Cell(str(number)),
            Cell(china_time(gap.start)),
            Cell(china_time(gap.end)),
            Cell(duration(gap.length_s, view.lang)),
            Cell(
                "—"
                if gap.lowest_c is None
                else f"{celsius(gap.lowest_c)} – {celsius(gap.highest_c)}"
            ),
            Cell(
                say("yes" if gap.could_leave_range else "no", view.lang),
                tone="insufficient_evidence" if gap.could_leave_range else "",
            ),
        )
        for number, gap in enumerate(_gaps_of_worst(view), start=1)
    )
    return Table(
        columns=(
            Column("#", 0.4, "right"),
            Column("自" if zh else "From", 1.3),
            Column("至" if zh else "To", 1.3),
            Column("时长" if zh else "Length", 1.2, "right"),
            Column("其间可能温度" if zh else "Possible meanwhile", 1.6, "right"),
            Column("可能越限" if zh else "Could leave range", 1.0),
        ),
        rows=rows,
        empty="没有超过允许间隔的未监测时段。" if zh else "No step was longer than permitted.",
    )
