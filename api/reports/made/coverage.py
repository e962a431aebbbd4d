"""What each probe saw of the custody window: seen, unseen, in range, out, doubtful.

Out-of-range and doubtful time is taken from the findings, so the picture cannot differ from
the verdict; unseen time follows from the steps between readings.
"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.sequence import sequence_breaks
from coldwitness.api.reports.drawn.charts.trace import cone
from coldwitness.api.reports.made.instants import epoch_s, instant
from coldwitness.api.reports.made.model import Bin, Distribution, Gap, Probe, Span, SpanState, Terms
from coldwitness.domain.measures import given
from coldwitness.domain.reading import ROLES, split_probe
from coldwitness.domain.result import Finding
from coldwitness.domain.tracks import FloatArray, Tracks

BIN_C = 0.5
_MOST_BINS = 120


class Seen:
    """The readings of one probe that lie in the judged time, and which steps are unknown.

    time_s, value_c : (n,) finite.  broken : (n,) True where the step from the reading before
    is unknown time; the first is True.  rows : (n,) their rows in the tracks.
    """

    def __init__(
        self,
        tracks: Tracks,
        strand: "Strand",
        terms: Terms,
        *,
        rows: NDArray[np.bool_],
        slack: float,
    ) -> None:
        column = tracks.temperature_c[strand.probe]
        mine = rows & ~np.isnan(column) & np.isin(tracks.logger, strand.loggers)
        self.rows = np.flatnonzero(mine)
        self.time_s: FloatArray = tracks.time_s[self.rows]
        self.value_c: FloatArray = column[self.rows]
        step_s = np.diff(self.time_s)
        broken = step_s > terms.recording_interval_s + 1e-6
        if terms.logger_interval_s is not None:
            broken |= step_s > slack * terms.logger_interval_s + 1e-6
        missing = np.cumsum(_sequence_missing(tracks))[self.rows]
        broken |= np.diff(missing) > 0
        self.broken: NDArray[np.bool_] = np.r_[np.ones(min(self.rows.size, 1), np.bool_), broken]

    def unseen(self, start_s: float, end_s: float) -> list[tuple[float, float]]:
        """Unknown stretches within start_s..end_s, both edges included."""
        if self.time_s.size == 0:
            return [(start_s, end_s)] if end_s > start_s else []
        stretches = [(start_s, float(self.time_s[0]))]
        stretches += [
            (float(self.time_s[at - 1]), float(self.time_s[at]))
            for at in np.flatnonzero(self.broken)[1:].tolist()
        ]
        stretches.append((float(self.time_s[-1]), end_s))
        return [(a, b) for a, b in stretches if b - a > 1e-3]


def _sequence_missing(tracks: Tracks) -> NDArray[np.int64]:
    """(n,) 1 where the logger's count shows that a reading before this row is missing."""
    missing = np.zeros(tracks.time_s.size, dtype=np.int64)
    breaks = sequence_breaks(
        tracks.first, logger=tracks.logger, seq=tracks.seq, time_s=tracks.time_s
    )
    missing[breaks.row[breaks.missing > 0]] = 1
    return missing


class Strand(msgspec.Struct, frozen=True):
    """One line of the charts: a probe of a logger, or of loggers that took turns."""

    name: str
    probe: str
    loggers: tuple[int, ...]


def strands_of(tracks: Tracks) -> tuple[Strand, ...]:
    """Probes in the order drug, coolant, ambient, goods, others; two loggers that measured at
    the same time are two strands, because their readings must not be joined into one line."""
    strands = []
    for probe in sorted(tracks.temperature_c, key=_probe_order):
        has = ~np.isnan(tracks.temperature_c[probe])
        chains: list[list[int]] = []
        ends: list[float] = []
        loggers = [int(k) for k in np.unique(tracks.logger[has])]
        time_s = {k: tracks.time_s[has & (tracks.logger == k)] for k in loggers}
        for logger in sorted(loggers, key=lambda k: float(time_s[k][0])):
            turn = next((i for i, end_s in enumerate(ends) if end_s < time_s[logger][0]), None)
            if turn is None:
                chains.append([logger])
                ends.append(float(time_s[logger][-1]))
            else:
                chains[turn].append(logger)
                ends[turn] = float(time_s[logger][-1])
        for chain in chains:
            names = ", ".join(tracks.loggers[k] if k >= 0 else "?" for k in chain)
            name = probe if len(chains) == 1 else f"{probe} ({names})"
            strands.append(Strand(name, probe, tuple(chain)))
    return tuple(strands)


def _probe_order(name: str) -> tuple[int, int, str]:
    split = split_probe(name)
    return (ROLES.index(split[0]), split[1], name) if split else (len(ROLES), 0, name)


def out_of_range(findings: Sequence[Finding]) -> list[Finding]:
    return [f for f in findings if f.subtype in {"above_range", "below_range"}]


def probe_record(
    tracks: Tracks,
    strand: Strand,
    terms: Terms,
    seen: Seen,
    findings: Sequence[Finding],
) -> Probe:
    """Spans and sums of one strand over the judged time."""
    role = split_probe(strand.probe)
    judged = role is not None and role[0] == "drug"
    start_s, end_s = window_of(terms, tracks)
    unseen = seen.unseen(start_s, end_s)
    breaks = [
        f
        for f in out_of_range(findings)
        if judged and given(f.measures.probe) in {strand.probe, None}
    ]
    limits = terms.low_c is not None or terms.high_c is not None
    spans = _spans(start_s, end_s, unseen, breaks, "in" if judged and limits else "recorded")
    length = dict.fromkeys(("in", "recorded", "out", "doubtful", "unseen"), 0.0)
    for span in spans:
        length[span.state] += epoch_s(span.end) - epoch_s(span.start)
    values = seen.value_c
    return Probe(
        name=strand.name,
        judged=judged,
        readings=int(np.unique(seen.time_s).size),
        first=instant(seen.time_s[0]) if values.size else None,
        last=instant(seen.time_s[-1]) if values.size else None,
        min_c=float(values.min()) if values.size else None,
        max_c=float(values.max()) if values.size else None,
        mean_c=round(float(values.mean()), 3) if values.size else None,
        spans=spans,
        recorded_s=round(end_s - start_s - length["unseen"], 3),
        out_s=round(length["out"], 3),
        doubtful_s=round(length["doubtful"], 3),
        unseen_s=round(length["unseen"], 3),
        longest_unseen_s=round(max((b - a for a, b in unseen), default=0.0), 3),
    )


def silent_probe(name: str, start_s: float, end_s: float) -> Probe:
    """A drug probe that never gave a value: all of the window is unseen, and is shown so."""
    length_s = round(end_s - start_s, 3)
    return Probe(
        name=name,
        judged=True,
        readings=0,
        first=None,
        last=None,
        min_c=None,
        max_c=None,
        mean_c=None,
        spans=(Span(start=instant(start_s), end=instant(end_s), state="unseen"),),
        recorded_s=0.0,
        out_s=0.0,
        doubtful_s=0.0,
        unseen_s=length_s,
        longest_unseen_s=length_s,
    )


def never_seen(start_s: float, end_s: float) -> tuple[Gap, ...]:
    """The whole window as one gap in which any temperature was possible."""
    if end_s <= start_s:
        return ()
    return (
        Gap(
            start=instant(start_s),
            end=instant(end_s),
            length_s=round(end_s - start_s, 3),
            lowest_c=None,
            highest_c=None,
            could_leave_range=True,
        ),
    )


def _spans(
    start_s: float,
    end_s: float,
    unseen: list[tuple[float, float]],
    breaks: Sequence[Finding],
    base: SpanState,
) -> tuple[Span, ...]:
    """The window cut into disjoint spans; unseen lies over out, out over doubtful, over base."""
    painted: list[tuple[int, SpanState, float, float]] = []
    for a, b in unseen:
        painted.append((3, "unseen", a, b))
    for finding in breaks:
        if finding.start is None or finding.end is None:
            continue
        certain = finding.certainty == "certain"
        a, b = epoch_s(finding.start), epoch_s(finding.end)
        painted.append((2 if certain else 1, "out" if certain else "doubtful", a, b))
    cuts = sorted(
        {start_s, end_s} | {min(max(t, start_s), end_s) for _, _, a, b in painted for t in (a, b)}
    )
    spans: list[Span] = []
    for a, b in pairwise(cuts):
        middle = (a + b) / 2
        covering = [p for p in painted if p[2] <= middle <= p[3]]
        state = max(covering)[1] if covering else base
        if spans and spans[-1].state == state:
            spans[-1] = Span(start=spans[-1].start, end=instant(b), state=state)
        else:
            spans.append(Span(start=instant(a), end=instant(b), state=state))
    return tuple(spans)


def window_of(terms: Terms, tracks: Tracks) -> tuple[float, float]:
    """The judged time; without any, from the first to the last reading; else no time at all."""
    if terms.start is not None and terms.end is not None:
        return epoch_s(terms.start), epoch_s(terms.end)
    if tracks.time_s.size:
        return float(tracks.time_s[0]), float(tracks.time_s[-1])
    return 0.0, 0.0


def gaps_of(seen: Seen, terms: Terms, start_s: float, end_s: float) -> tuple[Gap, ...]:
    """Unknown stretches with the temperatures that were possible in them."""
    value_at = dict(zip(seen.time_s.tolist(), seen.value_c.tolist(), strict=True))
    gaps = []
    for a, b in seen.unseen(start_s, end_s):
        left = (a, value_at[a]) if a in value_at else None
        right = (b, value_at[b]) if b in value_at else None
        corners = cone(
            start=left,
            end=right,
            edge_s=a if left is None else b,
            slew_c_per_s=terms.slew_max_c_per_min / 60.0,
        )
        lowest = min((c for _, c in corners), default=None)
        highest = max((c for _, c in corners), default=None)
        beyond = lowest is None or highest is None
        if lowest is not None and highest is not None:
            beyond = (terms.high_c is not None and highest > terms.high_c) or (
                terms.low_c is not None and lowest < terms.low_c
            )
        gaps.append(
            Gap(
                start=instant(a),
                end=instant(b),
                length_s=round(b - a, 3),
                lowest_c=None if lowest is None else round(lowest, 2),
                highest_c=None if highest is None else round(highest, 2),
                could_leave_range=beyond,
            )
        )
    return tuple(gaps)


def distribution_of(
    name: str,
    seen: Seen,
    *,
    start_s: float,
    end_s: float,
    low_c: float | None,
    high_c: float | None,
) -> Distribution:
    """Known time by temperature in bins of 0.5 °C (wider for very wide series); between two
    readings temperature is linear. Time spent exactly at a limit is inside, as everywhere:
    at the upper limit it falls into the bin below it. Unseen time stands apart."""
    known = ~seen.broken[1:]
    low = np.minimum(seen.value_c[:-1], seen.value_c[1:])[known]
    high = np.maximum(seen.value_c[:-1], seen.value_c[1:])[known]
    length_s = np.diff(seen.time_s)[known]
    unseen_s = round(end_s - start_s - float(length_s.sum()), 3)
    if not length_s.size:
        return Distribution(probe=name, bins=(), unseen_s=unseen_s)
    values = [float(low.min()), float(high.max()), *(v for v in (low_c, high_c) if v is not None)]
    bin_c = BIN_C
    while (max(values) - min(values)) / bin_c > _MOST_BINS:
        bin_c *= 2
    start_c = np.floor(min(values) / bin_c + 1e-9) * bin_c
    bins = max(int(np.ceil((max(values) - start_c) / bin_c + 1e-9)), 1)
    edges = start_c + bin_c * np.arange(bins + 1)
    if edges[-1] <= max(values):
        edges = np.append(edges, edges[-1] + bin_c)
    below = _seconds_below(edges, low, high, length_s)
    if high_c is not None:
        at_limit = float(length_s[(low == high_c) & (high == high_c)].sum())
        below[edges == high_c] += at_limit
    seconds = np.diff(below)
    return Distribution(
        probe=name,
        bins=tuple(
            Bin(low_c=float(a), high_c=float(b), seconds=round(max(float(s), 0.0), 3))
            for a, b, s in zip(edges[:-1], edges[1:], seconds, strict=True)
        ),
        unseen_s=unseen_s,
    )


def _seconds_below(
    edges: FloatArray, low: FloatArray, high: FloatArray, length_s: FloatArray
) -> FloatArray:
    """(e,) time with T < edge, over steps that run linearly from `low` to `high`."""
    span = np.where(high > low, high - low, 1.0)
    with np.errstate(over="ignore"):  # a rise of next to nothing: all of the step or none
        share = np.where(
            high > low,
            np.clip((edges[:, None] - low) / span, 0.0, 1.0),
            (edges[:, None] > low).astype(np.float64),
        )
    return np.asarray(share @ length_s, dtype=np.float64)
