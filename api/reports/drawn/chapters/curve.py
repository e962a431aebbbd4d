"""The curve of the probe that matters most: on the first page, and its episodes enlarged."""

from dataclasses import replace

from coldwitness.api.reports.drawn.chapters.evidence import probe_title
from coldwitness.api.reports.drawn.charts import canvas
from coldwitness.api.reports.drawn.charts.marks import Mark
from coldwitness.api.reports.drawn.charts.temperature import TemperatureChart, temperature_svg
from coldwitness.api.reports.drawn.document import Block, Figure, Paragraph
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.instants import epoch_s
from coldwitness.api.reports.made.model import Episode
from coldwitness.api.reports.made.wording import celsius, finding_words, tell
from coldwitness.domain.coverage import CoveredProbe

ZOOMS = 4
"""Episodes drawn enlarged: the gravest ones; the table has all."""
_HEIGHT = 215.0
_QUIET_HEIGHT = 170.0
"""Where nothing lay out of range."""
_MAGNIFIES = 0.5
"""An episode is drawn again only if it and its surroundings take less of the drawn time than
this: drawn as wide as the sheet it is then at least twice as large as on the first page."""


def chart_of(view: View, probe: CoveredProbe, *, start_s: float, end_s: float) -> TemperatureChart:
    line = view.line(probe).within(start_s, end_s)
    terms = view.report.terms
    known = terms.start is not None and terms.end is not None
    episodes = [
        Mark(epoch_s(e.start), epoch_s(e.end), certain=e.certainty == "certain", number=e.number)
        for e in view.report.episodes
        if is_of(e, probe) and e.subtype in {"above_range", "below_range", "frozen"}
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


def main_figure(view: View, probe: CoveredProbe) -> Figure:
    start, end = view.drawn
    title = probe_title(view, probe.name)
    metrics = view.report.result.metrics
    low, high = celsius(metrics.min_c), celsius(metrics.max_c)
    alt = view.say("temperature.main_alt", title=title, low=low, high=high)
    chart = chart_of(view, probe, start_s=start, end_s=end)
    height = _HEIGHT if view.report.episodes else _QUIET_HEIGHT
    svg = temperature_svg(chart, name="main", alt=alt, lang=view.lang, height=height)
    narrow = temperature_svg(
        chart, name="main-narrow", alt=alt, lang=view.lang, width=canvas.HALF, height=_HEIGHT
    )
    worst = view.say("temperature.worst") if sum(p.judged for p in view.report.probes) > 1 else ""
    caption = view.say("temperature.main_figure", title=title, worst=worst)
    return Figure((svg,), caption, alt, narrow=(narrow,))


def enlarged(view: View) -> list[Block]:
    """The gravest episodes, each with as much time around as it lasted, across the sheet."""
    drawable = [e for e in view.report.episodes if e.subtype in {"above_range", "below_range"}]
    drawable.sort(key=lambda e: (e.certainty != "certain", -(e.degree_minutes or 0.0), e.number))
    chosen = sorted(drawable[:ZOOMS], key=lambda e: e.number)
    blocks: list[Block] = [figure for e in chosen if (figure := _zoom(view, e)) is not None]
    if blocks and len(drawable) > ZOOMS:
        said = view.say("temperature.gravest", most=ZOOMS, count=len(drawable))
        blocks.append(Paragraph(said, small=True))
    return blocks


def _zoom(view: View, episode: Episode) -> Figure | None:
    probe = next((p for p in view.report.probes if p.judged and is_of(episode, p)), None)
    if probe is None:
        return None
    start, end = epoch_s(episode.start), epoch_s(episode.end)
    air = max((end - start) * 0.5, 120.0)
    first, last = max(start - air, view.drawn[0]), min(end + air, view.drawn[1])
    if last - first > _MAGNIFIES * (view.drawn[1] - view.drawn[0]):
        return None
    chart = replace(
        chart_of(view, probe, start_s=first, end_s=last),
        lid_open=(),
        stops=(),
        closest_c=episode.limit_c,
    )
    words = view.say("temperature.episode", numbers=episode.number)
    title = tell(finding_words("cold_chain_break", episode.subtype), view.lang)
    drawn = [
        temperature_svg(
            chart,
            name=f"zoom{episode.number}{name}",
            alt=f"{title} {episode.number}",
            lang=view.lang,
            width=width,
            height=170.0,
            lanes=False,
        )
        for name, width in (("", canvas.FULL), ("-narrow", canvas.HALF))
    ]
    return Figure((drawn[0],), words, words, narrow=(drawn[1],))


def is_of(episode: Episode, probe: CoveredProbe) -> bool:
    """Whether the episode is of this series of its probe."""
    return episode.probe in {probe.probe, None} and (
        episode.logger is None or episode.logger in probe.loggers
    )
