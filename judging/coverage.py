"""What was seen of a shipment, as the result tells it: probes, the drug's gaps, positions."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar, get_args

import numpy as np

from coldwitness.analysis.judge import Judgement
from coldwitness.analysis.record.recorded import SeenProbes
from coldwitness.analysis.record.time_states import TimeState
from coldwitness.domain.coverage import (
    Coverage,
    CoverageGap,
    CoveredPositions,
    CoveredProbe,
    CoveredSpan,
    PositionGap,
    StateWord,
)
from coldwitness.domain.instants import rfc3339_column
from coldwitness.domain.tracks import FloatArray, IntArray

Told = TypeVar("Told")

STATE_WORDS: tuple[StateWord, ...] = get_args(StateWord)
"""By code of TimeState."""


def coverage_told(judgement: Judgement, loggers: tuple[str, ...]) -> list[Coverage]:
    """`coverage` of each shipment's result. loggers : the names of Tracks."""
    shipments = len(judgement.shipments)
    seen = judgement.seen
    names = probe_names(seen.probes, loggers)
    probes = _by(seen.probes.shipment, _probes(judgement, names, loggers), shipments)
    holes = seen.holes
    gaps = _by(
        seen.probes.shipment[holes.series[_told(judgement)]], _gaps(judgement, names), shipments
    )
    stops = judgement.stops
    unplaced = _by(stops.gaps.shipment, _position_gaps(judgement), shipments)
    return [
        Coverage(
            probes=probes[i],
            gaps=gaps[i],
            positions=CoveredPositions(fixes=fixes, gaps=unplaced[i]),
        )
        for i, fixes in enumerate(stops.fixes.tolist())
    ]


def probe_names(probes: SeenProbes, loggers: tuple[str, ...]) -> list[str]:
    """Name of each series: its probe, with its loggers where the shipment has several series of
    it: `drug`, or `drug (LG-1, LG-2)` beside `drug (LG-3)`."""
    same = np.zeros(len(probes) + 1, dtype=np.bool_)
    same[1:-1] = (probes.shipment[1:] == probes.shipment[:-1]) & (
        probes.probe[1:] == probes.probe[:-1]
    )
    alone = ~(same[:-1] | same[1:])
    return [
        name if single else f"{name} ({', '.join(loggers_of(probes, j, loggers))})"
        for j, (name, single) in enumerate(zip(probes.probe.tolist(), alone.tolist(), strict=True))
    ]


def loggers_of(probes: SeenProbes, series: int, loggers: tuple[str, ...]) -> list[str]:
    """The loggers of a series in the order in which they came; "?" for one without a name."""
    first = int(probes.logger[series])
    if first < -1:
        return []
    return [loggers[k] if k >= 0 else "?" for k in (first, *probes.others.get(series, ()))]


def _probes(judgement: Judgement, names: list[str], loggers: tuple[str, ...]) -> list[CoveredProbe]:
    seen = judgement.seen
    probes, states, holes = seen.probes, seen.states, seen.holes
    count = len(probes)
    worst = np.zeros(count, dtype=np.bool_)
    worst[seen.worst] = True
    spans = _by(
        states.series,
        [
            CoveredSpan(start, end, STATE_WORDS[state])
            for start, end, state in zip(
                _instants(states.start_s),
                _instants(states.end_s),
                states.state.tolist(),
                strict=True,
            )
        ],
        count,
    )
    length_s = np.zeros((count, len(TimeState)))
    np.add.at(length_s, (states.series, states.state), states.end_s - states.start_s)
    longest_s = np.zeros(count)
    np.maximum.at(longest_s, holes.series, holes.end_s - holes.start_s)
    first, last = rfc3339_column(probes.first_s), rfc3339_column(probes.last_s)
    min_c, max_c, mean_c = (_numbers(of) for of in (probes.min_c, probes.max_c, probes.mean_c))
    recorded_s = _lengths(length_s.sum(axis=1) - length_s[:, TimeState.UNSEEN])
    out_s = _lengths(length_s[:, TimeState.OUT])
    doubtful_s = _lengths(length_s[:, TimeState.DOUBTFUL])
    unseen_s = _lengths(length_s[:, TimeState.UNSEEN])
    longest_unseen_s = _lengths(longest_s)
    return [
        CoveredProbe(
            name=names[j],
            probe=str(probes.probe[j]),
            loggers=tuple(loggers_of(probes, j, loggers)),
            judged=bool(probes.judged[j]),
            worst=bool(worst[j]),
            readings=int(probes.readings[j]),
            first=first[j],
            last=last[j],
            min_c=min_c[j],
            max_c=max_c[j],
            mean_c=mean_c[j],
            spans=spans[j],
            recorded_s=recorded_s[j],
            out_s=out_s[j],
            doubtful_s=doubtful_s[j],
            unseen_s=unseen_s[j],
            longest_unseen_s=longest_unseen_s[j],
        )
        for j in range(count)
    ]


def _told(judgement: Judgement) -> IntArray:
    """The holes that are told as gaps: those of the drug; of the others the spans say enough."""
    holes = judgement.seen.holes
    return np.flatnonzero(judgement.seen.probes.judged[holes.series])


def _gaps(judgement: Judgement, names: list[str]) -> list[CoverageGap]:
    holes, at = judgement.seen.holes, _told(judgement)
    start, end = _instants(holes.start_s[at]), _instants(holes.end_s[at])
    length_s = _lengths((holes.end_s - holes.start_s)[at])
    start_c, end_c = _numbers(holes.start_c[at]), _numbers(holes.end_c[at])
    lowest_c, lowest_at = _numbers(holes.lowest_c[at]), rfc3339_column(holes.lowest_s[at])
    highest_c, highest_at = _numbers(holes.highest_c[at]), rfc3339_column(holes.highest_s[at])
    return [
        CoverageGap(
            probe=names[series],
            start=start[k],
            end=end[k],
            length_s=length_s[k],
            start_c=start_c[k],
            end_c=end_c[k],
            lowest_c=lowest_c[k],
            lowest_at=lowest_at[k],
            highest_c=highest_c[k],
            highest_at=highest_at[k],
            could_leave_range=leaves,
        )
        for k, (series, leaves) in enumerate(
            zip(holes.series[at].tolist(), holes.could_leave[at].tolist(), strict=True)
        )
    ]


def _position_gaps(judgement: Judgement) -> list[PositionGap]:
    gaps = judgement.stops.gaps
    return [
        PositionGap(start=start, end=end, length_s=length_s, hidden_stop_max_s=hidden_s)
        for start, end, length_s, hidden_s in zip(
            _instants(gaps.start_s),
            _instants(gaps.end_s),
            _lengths(gaps.length_s),
            _lengths(gaps.hidden_stop_max_s),
            strict=True,
        )
    ]


def _by(owner: IntArray, told: Sequence[Told], owners: int) -> list[tuple[Told, ...]]:
    """What is told of each owner; `owner` does not fall."""
    first = np.searchsorted(owner, np.arange(owners + 1)).tolist()
    return [tuple(told[a:b]) for a, b in pairwise(first)]


def _instants(time_s: FloatArray) -> list[str]:
    """Of times that are all known, as the ends of a stretch are."""
    return [text for text in rfc3339_column(time_s) if text is not None]


def _lengths(column: FloatArray) -> list[float]:
    """(n,) finite seconds as JSON numbers; -0.0 becomes 0.0."""
    return [round(value, 3) + 0.0 for value in column.tolist()]


def _numbers(column: FloatArray) -> list[float | None]:
    """JSON numbers, None for what is not finite; -0.0 becomes 0.0."""
    rounded = (round(value, 6) + 0.0 for value in column.tolist())
    return [value if math.isfinite(value) else None for value in rounded]
