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
    blocks: list[Block] = []
    if view.worst is None:
        blocks.append(Paragraph(view.say("temperature.nothing_to_draw")))
    else:
        blocks.append(_main_figure(view, view.worst))
    others = [p for p in view.report.probes if p is not view.worst and p.readings]
    if others:
        blocks += [
            _others(view, others[i : i + PLOTS], first=i) for i in range(0, len(others), PLOTS)
        ]
    if view.report.distribution is not None:
        blocks += _distribution(view)
    blocks += [Subheading(view.say("temperature.statistics")), _statistics(view)]
    return Chapter("temperature", view.say("temperature.title"), tuple(blocks), new_page=True)


def episodes(view: View) -> Chapter:
    blocks: list[Block] = [_table(view)]
    zooms = _zooms(view)
    if zooms:
        blocks.append(Subheading(view.say("temperature.enlarged")))
        blocks += zooms
    return Chapter("episodes", view.say("temperature.episodes_title"), tuple(blocks))


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
    start, end = view.drawn
    title = probe_title(view, probe.name)
    metrics = view.report.result.metrics
    low, high = celsius(metrics.min_c), celsius(metrics.max_c)
    alt = view.say("temperature.main_alt", title=title, low=low, high=high)
    svg = temperature_svg(
        _chart(view, probe, start_s=start, end_s=end), name="main", alt=alt, lang=view.lang
    )
    worst = view.say("temperature.worst") if sum(p.judged for p in view.report.probes) > 1 else ""
    caption = view.say("temperature.main_figure", title=title, worst=worst)
    return Figure((svg,), caption, alt)


def _others(view: View, probes: list[CoveredProbe], *, first: int) -> Figure:
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
    alt = view.say("temperature.others_alt")
    caption = view.say("temperature.others_caption")
    svg = multiples_svg(plots, start_s=start, end_s=end, name=f"others{first}", alt=alt)
    return Figure((svg,), caption, alt)


def _distribution(view: View) -> list[Block]:
    found = view.report.distribution
    if found is None:
        return []
    terms = view.report.terms
    alt = view.say("temperature.distribution_alt")
    svg = distribution_svg(
        found,
        low_c=terms.low_c,
        high_c=terms.high_c,
        name="distribution",
        alt=alt,
        lang=view.lang,
    )
    title = probe_title(view, found.probe)
    caption = view.say("temperature.distribution", title=title)
    return [Figure((svg,), caption, alt)]


def _statistics(view: View) -> Facts:
    metrics, lang = view.report.result.metrics, view.lang
    return Facts(
        pairs=(
            (view.say("temperature.least"), celsius(metrics.min_c), ""),
            (view.say("temperature.most"), celsius(metrics.max_c), ""),
            (
                view.say("temperature.time_weighted_mean"),
                celsius(metrics.mean_c),
                "",
            ),
            (
                view.say("temperature.mean_kinetic_temperature"),
                celsius(metrics.mkt_c),
                view.say("temperature.mkt_excuses_nothing"),
            ),
            (
                view.say("above_range"),
                duration(metrics.seconds_above, lang),
                least_most(metrics.seconds_above_bounds, view),
            ),
            (
                view.say("below_range"),
                duration(metrics.seconds_below, lang),
                least_most(metrics.seconds_below_bounds, view),
            ),
            (
                view.say("temperature.degree_minutes_above"),
                quantity(metrics.degree_minutes_above, "°C·min", places=1),
                "",
            ),
            (
                view.say("temperature.degree_minutes_below"),
                quantity(metrics.degree_minutes_below, "°C·min", places=1),
                "",
            ),
        )
    )


def _table(view: View) -> Table:
    lang = view.lang
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
                Cell(celsius(e.peak_c), note=_limit(view, e)),
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
            Column(view.say("temperature.kind"), 1.4),
            Column(view.say("from_to"), 1.5),
            Column(view.say("length"), 1.2, "right"),
            Column(view.say("temperature.peak_limit"), 1.1, "right"),
            Column("°C·min", 0.8, "right"),
            Column(view.say("temperature.certainty"), 1.9),
        ),
        rows=tuple(rows),
        empty=_no_episode(view),
    )


def _no_episode(view: View) -> str:
    """That nothing was found says little where nothing was measured; then that is said."""
    terms = view.report.terms
    if view.report.worst_probe is None:
        return view.say("temperature.episodes_no_probe")
    if terms.low_c is None and terms.high_c is None:
        return view.say("temperature.episodes_no_limits")
    return view.say("temperature.no_episode")


def _limit(view: View, episode: Episode) -> str:
    if episode.limit_c is None:
        return ""
    return f"{view.say('temperature.limit')} {celsius(episode.limit_c)}"


def _zooms(view: View) -> list[Block]:
    """The gravest episodes, two side by side, each with as much time around as it lasted."""
    drawable = [e for e in view.report.episodes if e.subtype in {"above_range", "below_range"}]
    drawable.sort(key=lambda e: (e.certainty != "certain", -(e.degree_minutes or 0.0), e.number))
    chosen = sorted(drawable[:ZOOMS], key=lambda e: e.number)
    figures = [(e, svg) for e in chosen if (svg := _zoom(view, e)) is not None]
    blocks: list[Block] = []
    for i in range(0, len(figures), 2):
        pair = figures[i : i + 2]
        numbers = view.say("and").join(str(e.number) for e, _ in pair)
        words = view.say("temperature.episode", numbers=numbers)
        blocks.append(Figure(tuple(svg for _, svg in pair), words, words, half=True))
    if len(drawable) > ZOOMS:
        blocks.append(
            Paragraph(
                view.say("temperature.gravest", most=ZOOMS, count=len(drawable)),
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
