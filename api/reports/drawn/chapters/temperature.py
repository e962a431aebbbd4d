"""Temperature: the main chart, other probes, time at temperature, numbers, episodes, zooms."""

from coldwitness.api.reports.drawn.chapters.curve import enlarged
from coldwitness.api.reports.drawn.chapters.evidence import probe_title
from coldwitness.api.reports.drawn.charts import canvas
from coldwitness.api.reports.drawn.charts.distribution import distribution_svg
from coldwitness.api.reports.drawn.charts.multiples import Small, multiples_svg
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
from coldwitness.api.reports.drawn.most_rows import left_out, weightiest
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.instants import china_time
from coldwitness.api.reports.made.model import Episode
from coldwitness.api.reports.made.wording import (
    celsius,
    duration,
    finding_words,
    quantity,
    say_or_key,
    tell,
    unit_words,
)
from coldwitness.domain.coverage import CoveredProbe
from coldwitness.domain.text import Text

PLOTS = 12
"""Small multiples in one figure: what fits on half a sheet."""


def temperature(view: View) -> Chapter:
    blocks: list[Block] = []
    if view.worst is None:
        blocks.append(Paragraph(view.say("temperature.nothing_to_draw")))
    others = [p for p in view.report.probes if p is not view.worst and p.readings]
    if others:
        blocks += [
            _others(view, others[i : i + PLOTS], first=i) for i in range(0, len(others), PLOTS)
        ]
    if view.report.decision.verdict not in {"compliant", "asserted"}:
        blocks += _distribution(view)
    if view.report.episodes:
        blocks += [Subheading(view.say("temperature.statistics")), _statistics(view)]
    else:
        blocks.append(Paragraph(f"{_no_episode(view)}{_kinetic(view)}"))
    return Chapter("temperature", view.say("temperature.title"), tuple(blocks))


def episodes(view: View) -> Chapter | None:
    """None where there is none: the chapter on the temperature says so."""
    if not view.report.episodes:
        return None
    blocks: list[Block] = [_table(view), *left_out(view, view.report.episodes)]
    zooms = enlarged(view)
    if zooms:
        blocks.append(Subheading(view.say("temperature.enlarged")))
        blocks += zooms
    return Chapter("episodes", view.say("temperature.episodes_title"), tuple(blocks))


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
    svg, narrow = (
        multiples_svg(
            plots, start_s=start, end_s=end, name=f"others{first}{name}", alt=alt, width=width
        )
        for name, width in (("", canvas.FULL), ("-narrow", canvas.HALF))
    )
    return Figure((svg,), caption, alt, narrow=(narrow,))


def _distribution(view: View) -> list[Block]:
    found = view.report.distribution
    if found is None:
        return []
    terms = view.report.terms
    alt = view.say("temperature.distribution_alt")
    svg, narrow = (
        distribution_svg(
            found,
            low_c=terms.low_c,
            high_c=terms.high_c,
            name=f"distribution{name}",
            alt=alt,
            lang=view.lang,
            width=width,
        )
        for name, width in (("", canvas.FULL), ("-narrow", canvas.HALF))
    )
    title = probe_title(view, found.probe)
    caption = view.say("temperature.distribution", title=title)
    return [Figure((svg,), caption, alt, narrow=(narrow,))]


def _kinetic(view: View) -> str:
    """The mean kinetic temperature in a sentence; nothing where it is not known."""
    mkt_c = view.report.result.metrics.mkt_c
    return "" if mkt_c is None else view.say("temperature.kinetic", mkt=celsius(mkt_c))


def _statistics(view: View) -> Facts:
    metrics = view.report.result.metrics
    return Facts(
        pairs=(
            (
                view.say("temperature.mean_kinetic_temperature"),
                celsius(metrics.mkt_c),
                view.say("temperature.mkt_excuses_nothing"),
            ),
            (
                view.say("temperature.degree_minutes_above"),
                quantity(metrics.degree_minutes_above, unit_words("°C·min", view.lang), places=1),
                "",
            ),
            (
                view.say("temperature.degree_minutes_below"),
                quantity(metrics.degree_minutes_below, unit_words("°C·min", view.lang), places=1),
                "",
            ),
        )
    )


def _table(view: View) -> Table:
    lang = view.lang
    rows = []
    settled: dict[Text, int] = {}  # what would settle it, by the episode that said it first
    for e in weightiest(view.report.episodes, _weight):
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
                    note="" if certain else _settles(view, e, settled),
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
            Column(unit_words("°C·min", view.lang), 0.8, "right"),
            Column(view.say("temperature.certainty"), 1.9),
        ),
        rows=tuple(rows),
    )


def _weight(episode: Episode) -> tuple[float, ...]:
    return episode.certainty == "certain", episode.degree_minutes or 0.0, episode.duration_s


def _settles(view: View, episode: Episode, settled: dict[Text, int]) -> str:
    """What would settle it, in full once; from then on the number of the episode that said it."""
    if episode.would_settle is None:
        return ""
    first = settled.setdefault(episode.would_settle, episode.number)
    if first == episode.number:
        return tell(episode.would_settle, view.lang)
    return view.say("temperature.settled_as", number=first)


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


def _title(episode: Episode, view: View) -> str:
    return tell(finding_words("cold_chain_break", episode.subtype), view.lang)
