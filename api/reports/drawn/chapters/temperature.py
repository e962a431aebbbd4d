"""Temperature: the main chart, other probes, time at temperature, numbers, episodes, zooms."""

from dataclasses import replace

from coldwitness.api.reports.drawn.chapters.decision import least_most
from coldwitness.api.reports.drawn.chapters.evidence import probe_title
from coldwitness.api.reports.drawn.charts import canvas
from coldwitness.api.reports.drawn.charts.distribution import distribution_svg
from coldwitness.api.reports.drawn.charts.multiples import Small, multiples_svg
from coldwitness.api.reports.drawn.charts.temperature import Mark, TemperatureChart, temperature_svg
from coldwitness.api.reports.drawn.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Facts,
    Figure,
    Paragraph,
    Subheading,
    Table,
)
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.instants import china_time, epoch_s
from coldwitness.api.reports.made.model import Episode
from coldwitness.api.reports.made.wording import (
    celsius,
    duration,
    finding_words,
    quantity,
    say_or_key,
    tell,
)
from coldwitness.domain.coverage import CoveredProbe

PLOTS = 12
"""Small multiples in one figure: what fits on half a sheet."""
ZOOMS = 6
"""Episodes drawn enlarged: the gravest ones; the table has all."""


def temperature(view: View) -> Chapter:
    zh = view.lang == "zh"
    blocks: list[Block] = []
    if view.worst is None:
        blocks.append(
            Paragraph("没有药品温度读数，无法作图。" if zh else "No drug temperature to draw.")
        )
    else:
        blocks.append(_main_figure(view, view.worst))
    others = [p for p in view.report.probes if p is not view.worst and p.readings]
    if others:
        blocks += [
            _others(view, others[i : i + PLOTS], first=i) for i in range(0, len(others), PLOTS)
        ]
    if view.report.distribution is not None:
        blocks += _distribution(view)
    blocks += [Subheading("统计" if zh else "Statistics"), _statistics(view)]
    return Chapter("temperature", "温度" if zh else "Temperature", tuple(blocks), new_page=True)


def episodes(view: View) -> Chapter:
    zh = view.lang == "zh"
    blocks: list[Block] = [_table(view)]
    zooms = _zooms(view)
    if zooms:
        blocks.append(Subheading("局部放大" if zh else "Enlarged"))
        blocks += zooms
    return Chapter("episodes", "超限时段" if zh else "Episodes out of range", tuple(blocks))


def _chart(view: View, probe: CoveredProbe, *, start_s: float, end_s: float) -> TemperatureChart:
    line = view.line(probe).within(start_s, end_s)
    terms = view.report.terms
    known = terms.start is not None and terms.end is not None
    episodes = [
        Mark(epoch_s(e.start), epoch_s(e.end), certain=e.certainty == "certain", number=e.number)
        for e in view.report.episodes
        if _is_of(e, probe) and e.subtype in {"above_range", "below_range", "frozen"}
    ]
    return TemperatureChart(
        line=line,
        accuracy_c=view.accuracy_c(line.value),
        low_c=terms.low_c,
        high_c=terms.high_c,
        start_s=start_s,
        end_s=end_s,
        window=view.window if known else None,
        possible=tuple(
            corners
            for corners in view.possible(probe)
            if max(t for t, _ in corners) > start_s and min(t for t, _ in corners) < end_s
        ),
        unseen=tuple(m for m in view.unseen(probe) if m.end_s > start_s and m.start_s < end_s),
        episodes=tuple(m for m in episodes if m.end_s > start_s and m.start_s < end_s),
        lid_open=view.lid_open,
        stops=view.stops,
    )


def _main_figure(view: View, probe: CoveredProbe) -> Figure:
    zh = view.lang == "zh"
    start, end = view.drawn
    title = probe_title(view, probe.name)
    metrics = view.report.result.metrics
    low, high = celsius(metrics.min_c), celsius(metrics.max_c)
    alt = (
        f"测点 {title} 的温度曲线，{low} 至 {high}"
        if zh
        else f"temperature of {title}, {low} to {high}"
    )
    svg = temperature_svg(
        _chart(view, probe, start_s=start, end_s=end), name="main", alt=alt, lang=view.lang
    )
    worst = "（最差测点）" if sum(p.judged for p in view.report.probes) > 1 else ""
    caption = (
        f"测点“{title}”{worst}。绿色带为标示范围；蓝线为测量值，浅蓝为测量误差；斜线区为未监测时段，"
        "灰色菱形为其间可能的温度；编号见“超限时段”。时间为北京时间（UTC+8）。"
        if zh
        else f"Probe “{title}”. Green band: label range; blue line: measured, pale blue: sensor "
        "uncertainty; hatched: unseen time, grey shape: temperatures possible in it; numbers: see "
        "“Episodes out of range”. China time (UTC+8)."
    )
    return Figure((svg,), caption, alt)


def _others(view: View, probes: list[CoveredProbe], *, first: int) -> Figure:
    zh = view.lang == "zh"
    start, end = view.drawn
    terms = view.report.terms
    plots = [
        Small(
            probe_title(view, probe.name),
            view.line(probe),
            view.unseen(probe),
            low_c=terms.low_c if probe.judged else None,
            high_c=terms.high_c if probe.judged else None,
        )
        for probe in probes
    ]
    alt = "其他测点的温度曲线" if zh else "temperatures of the other probes"
    caption = (
        "其他测点，各图纵轴（°C）不同，时间轴相同"
        if zh
        else "The other probes; °C axes differ, the time axis is the same"
    )
    svg = multiples_svg(plots, start_s=start, end_s=end, name=f"others{first}", alt=alt)
    return Figure((svg,), caption, alt)


def _distribution(view: View) -> list[Block]:
    zh = view.lang == "zh"
    found = view.report.distribution
    if found is None:
        return []
    terms = view.report.terms
    alt = "各温度下的累计时间" if zh else "time at temperature"
    svg = distribution_svg(
        found,
        low_c=terms.low_c,
        high_c=terms.high_c,
        name="distribution",
        alt=alt,
        lang=view.lang,
    )
    title = probe_title(view, found.probe)
    caption = (
        f"测点“{title}”在各温度下的累计分钟数；未监测时间单列，不计入任何温度"
        if zh
        else f"Minutes probe “{title}” spent at each temperature; unseen time stands apart and "
        "counts for none"
    )
    return [Figure((svg,), caption, alt)]


def _statistics(view: View) -> Facts:
    metrics, zh, lang = view.report.result.metrics, view.lang == "zh", view.lang
    return Facts(
        pairs=(
            ("最低" if zh else "Least", celsius(metrics.min_c), ""),
            ("最高" if zh else "Most", celsius(metrics.max_c), ""),
            (
                "时间加权平均" if zh else "Time-weighted mean",
                celsius(metrics.mean_c),
                "",
            ),
            (
                "平均动力学温度" if zh else "Mean kinetic temperature",
                celsius(metrics.mkt_c),
                "仅供参考，不抵消超限" if zh else "for information, excuses nothing",
            ),
            (
                "高于上限" if zh else "Above range",
                duration(metrics.seconds_above, lang),
                least_most(metrics.seconds_above_bounds, view),
            ),
            (
                "低于下限" if zh else "Below range",
                duration(metrics.seconds_below, lang),
                least_most(metrics.seconds_below_bounds, view),
            ),
            (
                "超上限度分" if zh else "Degree-minutes above",
                quantity(metrics.degree_minutes_above, "°C·min", places=1),
                "",
            ),
            (
                "超下限度分" if zh else "Degree-minutes below",
                quantity(metrics.degree_minutes_below, "°C·min", places=1),
                "",
            ),
        )
    )


def _table(view: View) -> Table:
    zh, lang = view.lang == "zh", view.lang
    rows = []
    for e in view.report.episodes:
        certain = e.certainty == "certain"
        rows.append(
            (
                Cell(str(e.number)),
                Cell(
                    _title(e, view),
                    note=probe_title(view, e.probe) if e.probe else "",
                    tone="breach" if certain else "insufficient_evidence",
                ),
                Cell(china_time(e.start), note=china_time(e.end)),
                Cell(duration(e.duration_s, lang)),
                Cell(celsius(e.peak_c), note=_limit(e, zh=zh)),
                Cell(quantity(e.degree_minutes, "", places=1)),
                Cell(
                    say_or_key(e.certainty, lang),
                    note=tell(e.would_settle, lang) if e.would_settle and not certain else "",
                ),
            )
        )
    return Table(
        columns=(
            Column("#", 0.4, "right"),
            Column("种类" if zh else "Kind", 1.4),
            Column("自 / 至" if zh else "From / to", 1.5),
            Column("时长" if zh else "Length", 1.2, "right"),
            Column("极值 / 限值" if zh else "Peak / limit", 1.1, "right"),
            Column("°C·min", 0.8, "right"),
            Column("把握" if zh else "Certainty", 1.9),
        ),
        rows=tuple(rows),
        empty=_no_episode(view),
    )


def _no_episode(view: View) -> str:
    """That nothing was found says little where nothing was measured; then that is said."""
    zh, terms = view.lang == "zh", view.report.terms
    if view.report.worst_probe is None:
        return "没有药品温度读数，无法判断。" if zh else "No drug temperature: it cannot be told."
    if terms.low_c is None and terms.high_c is None:
        return "温度限值未知，无法判断。" if zh else "No limits are known: it cannot be told."
    return (
        "记录所及范围内没有超限时段。"
        if zh
        else "No time out of range as far as the record reaches."
    )


def _limit(episode: Episode, *, zh: bool) -> str:
    if episode.limit_c is None:
        return ""
    return f"{'限值' if zh else 'limit'} {celsius(episode.limit_c)}"


def _zooms(view: View) -> list[Block]:
    """The gravest episodes, two side by side, each with as much time around as it lasted."""
    zh = view.lang == "zh"
    drawable = [e for e in view.report.episodes if e.subtype in {"above_range", "below_range"}]
    drawable.sort(key=lambda e: (e.certainty != "certain", -(e.degree_minutes or 0.0), e.number))
    chosen = sorted(drawable[:ZOOMS], key=lambda e: e.number)
    figures = [(e, svg) for e in chosen if (svg := _zoom(view, e)) is not None]
    blocks: list[Block] = []
    for i in range(0, len(figures), 2):
        pair = figures[i : i + 2]
        numbers = (
            "、".join(f"{e.number}" for e, _ in pair)
            if zh
            else ", ".join(str(e.number) for e, _ in pair)
        )
        words = f"时段 {numbers}" if zh else f"Episode {numbers}"
        blocks.append(Figure(tuple(svg for _, svg in pair), words, words, half=True))
    if len(drawable) > ZOOMS:
        blocks.append(
            Paragraph(
                f"只放大最重的 {ZOOMS} 段，共 {len(drawable)} 段，全部见上表。"
                if zh
                else f"The gravest {ZOOMS} of {len(drawable)} are enlarged; the table has all.",
                small=True,
            )
        )
    return blocks


def _zoom(view: View, episode: Episode) -> str | None:
    probe = next((p for p in view.report.probes if p.judged and _is_of(episode, p)), None)
    if probe is None:
        return None
    start, end = epoch_s(episode.start), epoch_s(episode.end)
    air = max((end - start) * 0.8, 180.0)
    chart = _chart(view, probe, start_s=start - air, end_s=end + air)
    return temperature_svg(
        replace(chart, lid_open=(), stops=()),
        name=f"zoom{episode.number}",
        alt=f"{_title(episode, view)} {episode.number}",
        lang=view.lang,
        width=canvas.HALF,
        height=200.0,
        lanes=False,
    )


def _title(episode: Episode, view: View) -> str:
    return tell(finding_words("cold_chain_break", episode.subtype), view.lang)


def _is_of(episode: Episode, probe: CoveredProbe) -> bool:
    """Whether the episode is of this series of its probe."""
    return episode.probe in {probe.probe, None} and (
        episode.logger is None or episode.logger in probe.loggers
    )
