"""The drug temperature series of each shipment: one a logger and probe.

Two loggers in a box are two series, and each has to be in range and complete: the worst
decides. Loggers that follow each other (one ends before the next has run for longer than a
permitted recording interval) are one series, so a logger replaced on the way leaves no hole.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sequence import by_logger, owner_of, sequence_breaks
from config.rules import Numbers
from config.terms import Terms
from domain.reading import split_probe
from domain.tracks import FloatArray, IntArray, Tracks


@dataclass(frozen=True)
class Series:
    """Readings of the drug inside the judged windows; series j owns rows first[j]:first[j+1].

    shipment : (m,) index into Tracks.shipments. probe : (m,) index into `probes`.
    accuracy_c : (m,) stated uncertainty, NaN: by the pack.
    time_s : (k,) not decreasing within a series. low_c, high_c : (k,) the value; they differ,
        lowest and highest, only where one logger gave two values for one instant.
    allowed_s : longest step within which nothing is missing, (k,) for the step that ends at
        each row, or one number where it is the same for all.
    missing : (k,) True where the logger's count shows a missing reading since the row before;
        None where there is none anywhere.
    row : (k,) row of Tracks, None where series rows are the rows of Tracks.
    """

    probes: tuple[str, ...]
    first: IntArray
    shipment: IntArray
    probe: IntArray
    accuracy_c: FloatArray
    time_s: FloatArray
    low_c: FloatArray
    high_c: FloatArray
    allowed_s: FloatArray | float
    missing: NDArray[np.bool_] | None
    row: IntArray | None

    def __len__(self) -> int:
        return int(self.shipment.size)

    @property
    def owner(self) -> IntArray:
        """(k,) the series of each row."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))


def drug_probes(tracks: Tracks) -> tuple[str, ...]:
    """Names of the drug probes, by number."""
    named = [(split, name) for name in tracks.temperature_c if (split := split_probe(name))]
    return tuple(name for (role, _), name in sorted(named) if role == "drug")


def stated_logger(tracks: Tracks, terms: Terms) -> IntArray:
    """(s,) number of the logger that the manifest describes, -1: whichever is there."""
    number = {name: i for i, name in enumerate(tracks.loggers)}
    return np.array([number.get(name, -1) for name in terms.logger_id], dtype=np.int64)


def drug_series(
    tracks: Tracks,
    rows: NDArray[np.bool_],
    numbers: Numbers,
    *,
    accuracy_c: FloatArray,
    interval_s: FloatArray,
    stated: IntArray,
) -> Series:
    """The drug's series among the `rows` (n,) of tracks that are judged.

    accuracy_c, interval_s : (s,) what the manifest says of its logger, NaN where nothing.
    stated : (s,) number of that logger, as `stated_logger` gives it. Other loggers in the box
        are taken by the pack's numbers, unless the stated one gave nothing at all.
    """
    probes = drug_probes(tracks)
    row, probe = _rows_with_value(tracks, rows, probes)
    missing = _missing(tracks, row)
    if row is None:
        time_s, logger, value = tracks.time_s, tracks.logger, tracks.temperature_c[probes[0]]
    else:
        time_s, logger = tracks.time_s[row], tracks.logger[row]
        value = _values(tracks, probes, row, probe)
    starts, shipment = _starts(tracks.first, row, probe, logger)
    described = _described(shipment, logger[starts], stated)
    permitted = numbers.recording_interval_s
    own_s = np.fmin(numbers.interval_slack * interval_s[shipment], permitted)
    allowed = np.where(described, own_s, permitted)
    accuracy = np.where(described, accuracy_c[shipment], np.nan)
    counts = np.diff(np.append(starts, time_s.size))
    uniform = allowed.size == 0 or bool((allowed == allowed[0]).all())
    allowed_row: FloatArray | float = (
        (float(allowed[0]) if allowed.size else permitted)
        if uniform
        else np.repeat(allowed, counts)
    )
    series_probe = np.zeros(starts.size, dtype=np.int64) if probe is None else probe[starts]
    if _follow_each_other(shipment, series_probe):
        chain = _chains(shipment, series_probe, time_s, starts, handover_s=permitted)
        if chain.max() + 1 < starts.size:
            order = np.lexsort((logger, time_s, np.repeat(chain, counts)))
            members = np.argsort(chain, kind="stable")
            accuracy = _widest(accuracy[members], chain[members], numbers)
            lead = members[np.flatnonzero(np.diff(chain[members], prepend=-1))]
            shipment, series_probe = shipment[lead], series_probe[lead]
            time_s, value, logger = time_s[order], value[order], logger[order]
            missing = None if missing is None else missing[order]
            row = order if row is None else row[order]
            if not isinstance(allowed_row, float):
                allowed_row = allowed_row[order]
            starts = np.flatnonzero(np.diff(np.repeat(chain, counts)[order], prepend=-1))
    low = high = value
    tied = np.zeros(0, dtype=np.bool_)
    if tracks.conflict.any():
        tied = np.diff(time_s, prepend=-np.inf) == 0
        tied[1:] &= logger[1:] == logger[:-1]
        tied[starts] = False
    if tied.any():
        kept = np.flatnonzero(~tied)
        low, high = np.minimum.reduceat(value, kept), np.maximum.reduceat(value, kept)
        starts = np.searchsorted(kept, starts)
        row = kept if row is None else row[kept]
        time_s = time_s[kept]
        missing = None if missing is None else missing[kept]
        if not isinstance(allowed_row, float):
            allowed_row = allowed_row[kept]
    return Series(
        probes=probes,
        first=np.append(starts, time_s.size).astype(np.int64),
        shipment=shipment,
        probe=series_probe,
        accuracy_c=accuracy,
        time_s=time_s,
        low_c=low,
        high_c=high,
        allowed_s=allowed_row,
        missing=missing,
        row=row,
    )


def _rows_with_value(
    tracks: Tracks, rows: NDArray[np.bool_], probes: tuple[str, ...]
) -> tuple[IntArray | None, IntArray | None]:
    """Rows of the series in order of shipment, probe, logger, time, and the probe of each;
    None, None where these are the rows of Tracks as they stand."""
    if not probes:
        return np.zeros(0, dtype=np.int64), None
    everywhere = bool(rows.all())
    chosen = []
    for name in probes:
        absent = np.isnan(tracks.temperature_c[name])
        whole = everywhere and not absent.any()
        chosen.append(None if whole else np.flatnonzero(rows & ~absent))
    if len(probes) == 1 and by_logger(tracks.first, tracks.logger) is None:
        return chosen[0], None
    parts = [np.arange(rows.size) if one is None else one for one in chosen]
    row = np.concatenate(parts)
    probe = np.repeat(np.arange(len(parts)), [part.size for part in parts])
    order = np.lexsort((row, tracks.logger[row], probe, owner_of(tracks.first, row)))
    return row[order], probe[order]


def _values(
    tracks: Tracks, probes: tuple[str, ...], row: IntArray, probe: IntArray | None
) -> FloatArray:
    if probe is None:
        return tracks.temperature_c[probes[0]][row] if probes else np.zeros(0)
    value = np.empty(row.size)
    for number, name in enumerate(probes):
        mine = probe == number
        value[mine] = tracks.temperature_c[name][row[mine]]
    return value


def _starts(
    first: IntArray, row: IntArray | None, probe: IntArray | None, logger: IntArray
) -> tuple[IntArray, IntArray]:
    """First row of each series and its shipment."""
    if logger.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    change = np.flatnonzero(logger[1:] != logger[:-1]) + 1
    if probe is not None:
        change = np.union1d(change, np.flatnonzero(probe[1:] != probe[:-1]) + 1)
    if row is None:
        starts = np.union1d(change, first[:-1][np.diff(first) > 0])
        return starts, owner_of(first, starts)
    owner = owner_of(first, row)
    starts = np.union1d(change, np.flatnonzero(np.diff(owner, prepend=-1)))
    return starts, owner[starts]


def _missing(tracks: Tracks, row: IntArray | None) -> NDArray[np.bool_] | None:
    """True where the logger's count shows a missing reading since the row before it in `row`."""
    breaks = sequence_breaks(tracks.first, tracks.logger, tracks.seq, tracks.time_s)
    short = breaks.row[breaks.missing > 0]
    if short.size == 0:
        return None
    mark = np.zeros(tracks.time_s.size, dtype=np.int64)
    mark[short] = 1
    if row is None:
        return mark.astype(np.bool_)
    order = by_logger(tracks.first, tracks.logger)
    through = np.empty_like(mark)
    through[slice(None) if order is None else order] = np.cumsum(
        mark if order is None else mark[order]
    )
    owner = owner_of(tracks.first, row)
    missing = np.zeros(row.size, dtype=np.bool_)
    missing[1:] = through[row[1:]] > through[row[:-1]]
    missing[1:] &= (owner[1:] == owner[:-1]) & (tracks.logger[row[1:]] == tracks.logger[row[:-1]])
    return missing


def _described(shipment: IntArray, logger: IntArray, stated: IntArray) -> NDArray[np.bool_]:
    """True for the series that the manifest's words about its logger hold for."""
    named = stated[shipment]
    mine = logger == named
    there = np.zeros(stated.size, dtype=np.bool_)
    there[shipment[mine]] = True
    described: NDArray[np.bool_] = mine | (named < 0) | ~there[shipment]
    return described


def _follow_each_other(shipment: IntArray, probe: IntArray) -> bool:
    """Whether any shipment has two series of one probe, which may be one after the other."""
    return bool(((shipment[1:] == shipment[:-1]) & (probe[1:] == probe[:-1])).any())


def _chains(
    shipment: IntArray,
    probe: IntArray,
    time_s: FloatArray,
    starts: IntArray,
    *,
    handover_s: float,
) -> IntArray:
    """(m,) number of the chain each series belongs to, in order of shipment and probe.

    A series continues the chain that ended last before it began, or ended no more than
    `handover_s` after that; loggers that run side by side for longer are chains of their own.
    Only shipments with several loggers are walked through.
    """
    ends = np.append(starts[1:], time_s.size) - 1
    begun, ended = time_s[starts], time_s[ends]
    group = shipment * (int(probe.max()) + 1) + probe
    chain = np.zeros(starts.size, dtype=np.int64)
    count = 0
    current, open_chains = -1, list[tuple[float, int]]()
    for j in np.lexsort((begun, group)):
        if group[j] != current:
            current, open_chains = int(group[j]), []
        fitting = [
            (end, number)
            for end, number in open_chains
            if begun[j] >= end - handover_s and ended[j] > end
        ]
        if fitting:
            taken = max(fitting)
            open_chains.remove(taken)
            number = taken[1]
        else:
            number, count = count, count + 1
        open_chains.append((float(ended[j]), number))
        chain[j] = number
    return chain


def _widest(accuracy_c: FloatArray, chain: IntArray, numbers: Numbers) -> FloatArray:
    """Uncertainty of each chain: its loggers' widest; a logger that states none counts with
    the pack's wider number as soon as another in the chain states one."""
    starts = np.flatnonzero(np.diff(chain, prepend=-1))
    unstated = np.isnan(accuracy_c)
    default_c = max(numbers.accuracy_above_zero_c, numbers.accuracy_below_zero_c)
    widest: FloatArray = np.maximum.reduceat(np.where(unstated, default_c, accuracy_c), starts)
    return np.where(np.logical_and.reduceat(unstated, starts), np.nan, widest)
