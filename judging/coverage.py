"""What was seen of a shipment, as the result tells it: probes, the drug's gaps, positions."""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from coldwitness.analysis.judge import Judgement
from coldwitness.analysis.record.recorded import SeenProbes
from coldwitness.analysis.record.time_states import TimeState
from coldwitness.domain.instants import rfc3339_column
from coldwitness.domain.tracks import FloatArray, IntArray

STATE_WORDS = [state.name.lower() for state in sorted(TimeState)]


def coverage_told(judgement: Judgement, loggers: tuple[str, ...]) -> list[dict[str, Any]]:
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
        {
            "probes": probes[i],
            "gaps": gaps[i],
            "positions": {"fixes": fixes, "gaps": unplaced[i]},
        }
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


def _probes(
    judgement: Judgement, names: list[str], loggers: tuple[str, ...]
) -> list[dict[str, Any]]:
    seen = judgement.seen
    probes, states, holes = seen.probes, seen.states, seen.holes
    count = len(probes)
    worst = np.zeros(count, dtype=np.bool_)
    worst[seen.worst] = True
    lasting_s = states.end_s - states.start_s
    spans = _by(
        states.series,
        [
            {"start": start, "end": end, "state": STATE_WORDS[state]}
            for start, end, state in zip(
                rfc3339_column(states.start_s),
                rfc3339_column(states.end_s),
                states.state.tolist(),
                strict=True,
            )
        ],
        count,
    )
    length_s = np.zeros((count, len(TimeState)))
    np.add.at(length_s, (states.series, states.state), lasting_s)
    longest_s = np.zeros(count)
    np.maximum.at(longest_s, holes.series, holes.end_s - holes.start_s)
    columns = {
        "judged": probes.judged.tolist(),
        "worst": worst.tolist(),
        "readings": probes.readings.tolist(),
        "first": rfc3339_column(probes.first_s),
        "last": rfc3339_column(probes.last_s),
        "min_c": _numbers(probes.min_c),
        "max_c": _numbers(probes.max_c),
        "mean_c": _numbers(probes.mean_c),
        "spans": spans,
        "recorded_s": _numbers(length_s.sum(axis=1) - length_s[:, TimeState.UNSEEN], digits=3),
        "out_s": _numbers(length_s[:, TimeState.OUT], digits=3),
        "doubtful_s": _numbers(length_s[:, TimeState.DOUBTFUL], digits=3),
        "unseen_s": _numbers(length_s[:, TimeState.UNSEEN], digits=3),
        "longest_unseen_s": _numbers(longest_s, digits=3),
    }
    kinds = probes.probe.tolist()
    return [
        {
            "name": names[j],
            "probe": kinds[j],
            "loggers": loggers_of(probes, j, loggers),
            **dict(zip(columns, row, strict=True)),
        }
        for j, row in enumerate(zip(*columns.values(), strict=True))
    ]


def _told(judgement: Judgement) -> IntArray:
    """The holes that are told as gaps: those of the drug; of the others the spans say enough."""
    holes = judgement.seen.holes
    return np.flatnonzero(judgement.seen.probes.judged[holes.series])


def _gaps(judgement: Judgement, names: list[str]) -> list[dict[str, Any]]:
    holes, at = judgement.seen.holes, _told(judgement)
    columns = {
        "probe": [names[j] for j in holes.series[at].tolist()],
        "start": rfc3339_column(holes.start_s[at]),
        "end": rfc3339_column(holes.end_s[at]),
        "length_s": _numbers((holes.end_s - holes.start_s)[at], digits=3),
        "start_c": _numbers(holes.start_c[at]),
        "end_c": _numbers(holes.end_c[at]),
        "lowest_c": _numbers(holes.lowest_c[at]),
        "lowest_at": rfc3339_column(holes.lowest_s[at]),
        "highest_c": _numbers(holes.highest_c[at]),
        "highest_at": rfc3339_column(holes.highest_s[at]),
        "could_leave_range": holes.could_leave[at].tolist(),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _position_gaps(judgement: Judgement) -> list[dict[str, Any]]:
    gaps = judgement.stops.gaps
    columns = {
        "start": rfc3339_column(gaps.start_s),
        "end": rfc3339_column(gaps.end_s),
        "length_s": _numbers(gaps.length_s, digits=3),
        "hidden_stop_max_s": _numbers(gaps.hidden_stop_max_s, digits=3),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _by(owner: IntArray, told: list[dict[str, Any]], owners: int) -> list[list[dict[str, Any]]]:
    """What is told of each owner; `owner` does not fall."""
    first = np.searchsorted(owner, np.arange(owners + 1)).tolist()
    return [told[a:b] for a, b in pairwise(first)]


def _numbers(column: FloatArray, *, digits: int = 6) -> list[float | None]:
    """JSON numbers, None for what is not finite; -0.0 becomes 0.0."""
    rounded = (round(value, digits) + 0.0 for value in column.tolist())
    return [value if math.isfinite(value) else None for value in rounded]
