"""Series and their holes as they are told: one row a probe and logger, before anything is found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.bounds import when_highest
from coldwitness.analysis.record.probes import is_drug
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.steps import Holes, Side, Steps
from coldwitness.analysis.record.window import Window
from coldwitness.domain.columns import stack
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class SeenProbes:
    """(m,) series: a probe of a logger, or of loggers that followed each other.

    shipment : index into Tracks.shipments. probe : its name. judged : it measures the drug.
    logger : index into Tracks.loggers of the first, -1 unknown, -2 where the probe (the drug's)
        never gave a value in the window.
    others : series -> further loggers in the order in which they came, where there are any.
    readings : instants with a value. first_s, last_s, min_c, max_c, mean_c : NaN without one;
        mean_c over known time. seen_s : known time.
    """

    shipment: IntArray
    probe: NDArray[np.str_]
    judged: BoolArray
    logger: IntArray
    others: dict[int, tuple[int, ...]]
    readings: IntArray
    first_s: FloatArray
    last_s: FloatArray
    min_c: FloatArray
    max_c: FloatArray
    mean_c: FloatArray
    seen_s: FloatArray

    def __len__(self) -> int:
        return int(self.shipment.size)


@dataclass(frozen=True)
class SeenHoles:
    """(h,) unseen time by series, then time; both ends lie in the window.

    start_c, end_c : the readings at both ends (the middle of two that contradict each other), NaN
        at an edge of the window. lowest_c at lowest_s, highest_c at highest_s : how far the
        temperature can have gone; NaN where nothing bounds it. could_leave : the range can have
        been left; False for a probe that no range is asked of.
    """

    series: IntArray
    start_s: FloatArray
    end_s: FloatArray
    start_c: FloatArray
    end_c: FloatArray
    lowest_c: FloatArray
    lowest_s: FloatArray
    highest_c: FloatArray
    highest_s: FloatArray
    could_leave: BoolArray


@dataclass(frozen=True)
class Recorded:
    """Series and their holes, before anything was found about them."""

    probes: SeenProbes
    holes: SeenHoles


def recorded(tracks: Tracks, series: Series, steps: Steps, *, could_leave: BoolArray) -> Recorded:
    """What some series of `tracks` and their steps show. could_leave : (h,) of each hole."""
    first, last = series.first[:-1], series.first[1:] - 1
    names = np.array([*series.probes, ""])[series.probe]
    return Recorded(
        probes=SeenProbes(
            shipment=series.shipment,
            probe=names,
            judged=np.array([is_drug(name) for name in (*series.probes, "")])[series.probe],
            logger=series.logger,
            others=_followers(tracks, series),
            readings=steps.readings,
            first_s=series.time_s[first],
            last_s=series.time_s[last],
            min_c=steps.min_c,
            max_c=steps.max_c,
            mean_c=steps.mean_c,
            seen_s=steps.seen_s,
        ),
        holes=_seen_holes(steps.holes, could_leave),
    )


def _followers(tracks: Tracks, series: Series) -> dict[int, tuple[int, ...]]:
    """Series of several loggers -> those after the first, in the order in which they came."""
    found: dict[int, tuple[int, ...]] = {}
    if series.row is None:  # rows as they stand: another logger is another series
        return found
    logger = tracks.logger[series.row]
    change = np.flatnonzero(logger[1:] != logger[:-1]) + 1
    owner = np.searchsorted(series.first, change, "right") - 1
    inner = change > series.first[owner]
    for j, k in zip(owner[inner].tolist(), logger[change[inner]].tolist(), strict=True):
        if k != int(series.logger[j]) and k not in found.get(j, ()):
            found[j] = (*found.get(j, ()), k)
    return found


def _seen_holes(holes: Holes, could_leave: BoolArray) -> SeenHoles:
    length_s = holes.length_s
    before, after = holes.side == Side.BEFORE, holes.side == Side.AFTER
    up_s = when_highest(start=holes.high0_c, end=holes.high1_c, length=length_s, slew=holes.slew_up)
    down_s = when_highest(
        start=-holes.low0_c, end=-holes.low1_c, length=length_s, slew=holes.slew_down
    )
    edge_s = np.where(before, 0.0, length_s)
    up_s, down_s = (np.where(before | after, edge_s, at) for at in (up_s, down_s))
    return SeenHoles(
        series=holes.series,
        start_s=holes.start_s,
        end_s=holes.end_s,
        start_c=np.where(before, np.nan, (holes.low0_c + holes.high0_c) / 2),
        end_c=np.where(after, np.nan, (holes.low1_c + holes.high1_c) / 2),
        lowest_c=holes.lowest_c,
        lowest_s=holes.start_s + down_s,
        highest_c=holes.highest_c,
        highest_s=holes.start_s + up_s,
        could_leave=could_leave,
    )


def recorded_together(parts: Sequence[Recorded]) -> Recorded:
    """All parts one after the other."""
    parts = [part for part in parts if len(part.probes)] or parts[:1]
    if len(parts) == 1:
        return parts[0]
    before = np.cumsum([0, *(len(part.probes) for part in parts)]).tolist()
    counted = list(zip(parts, before, strict=False))
    others = {j + n: its for part, n in counted for j, its in part.probes.others.items()}
    series = np.concatenate([part.holes.series + n for part, n in counted])
    return Recorded(
        probes=stack(SeenProbes, [part.probes for part in parts], others=others),
        holes=stack(SeenHoles, [part.holes for part in parts], series=series),
    )


def nothing_recorded(shipment: IntArray, window: Window) -> Recorded:
    """Shipments of whose drug no value was recorded: the whole window is a hole.

    shipment : (k,) their numbers.
    """
    nothing = np.full(shipment.size, np.nan)
    start_s, end_s = window.start_s[shipment], window.end_s[shipment]
    lasting = np.flatnonzero(end_s > start_s)
    return Recorded(
        probes=SeenProbes(
            shipment=shipment,
            probe=np.full(shipment.size, "drug"),
            judged=np.ones(shipment.size, dtype=np.bool_),
            logger=np.full(shipment.size, -2, dtype=np.int64),
            others={},
            readings=np.zeros(shipment.size, dtype=np.int64),
            first_s=nothing,
            last_s=nothing,
            min_c=nothing,
            max_c=nothing,
            mean_c=nothing,
            seen_s=np.zeros(shipment.size),
        ),
        holes=SeenHoles(
            series=lasting,
            start_s=start_s[lasting],
            end_s=end_s[lasting],
            start_c=nothing[lasting],
            end_c=nothing[lasting],
            lowest_c=nothing[lasting],
            lowest_s=nothing[lasting],
            highest_c=nothing[lasting],
            highest_s=nothing[lasting],
            could_leave=np.ones(lasting.size, dtype=np.bool_),
        ),
    )
