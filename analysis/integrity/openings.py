"""When the box was opened, as far as lid and drug tell, for the fit of the drug's curve.

An opening pushes the drug towards the outside, never away from it, and then fades by the lags of
the box. Left out are only the readings that it disturbs while the air is mixed; what follows is
asked of the fit, or a record could be drawn over wherever the lid was opened beside it. An opening
that the lid did not record, between two readings or without a sensor, is a sudden rise towards the
outside.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray, IntArray

BoolArray = NDArray[np.bool_]

AFTER_S = 150.0
"""Readings left out after an opening: the probe meets air that nothing else measures."""
RECORDED_MAX, UNRECORDED_MAX = 4, 3
"""So many openings of each kind are followed one by one; of a box that is opened more often nothing
is said."""
NOISES, RISE_MIN_C = 6.0, 0.3
"""Least rise over three steps, in the sensor's noise and in °C; half of it has to be more than
what went on before or after."""
SUDDEN = 2.0
"""How many times as steep as the readings before and after it a sudden rise is: an opening begins
at once and ends at once, a load that is warmed by something does neither."""
APART_S = 900.0
"""Falls as sudden as the rises, so long after the last rise, are no box that comes to itself again:
then the rises are no openings either."""
_BEFORE_LID_S, _AFTER_LID_S = 120.0, 240.0


@dataclass(frozen=True)
class Openings:
    """(b, l, k) `pulse`: 1 or -1, towards the outside, at the readings of each opening, the empty
    ones last. disturbed : (b, l) readings to be left out. count : (b,) openings; -1 where there are
    too many to say anything. recorded : (b,) those that the lid's sensor tells."""

    pulse: FloatArray
    disturbed: BoolArray
    count: IntArray
    recorded: IntArray


def openings_of(
    *,
    time_s: FloatArray,
    drug_c: FloatArray,
    outside_c: FloatArray,
    lid_open: BoolArray,
    there: BoolArray,
    noise_c: FloatArray,
) -> Openings:
    """The openings of some curves. time_s, drug_c, outside_c, lid_open : (b, l), of which those
    `there` are readings. noise_c : (b,), standard deviation of a reading.

    Our own: a rise is sudden where the drug moves over three steps towards the outside by more than
    NOISES noise_c and RISE_MIN_C, by half of this beyond the three steps before or after, and by
    SUDDEN times these.
    """
    toward = np.sign(outside_c - drug_c)
    lid = lid_open & there
    unrecorded = _unrecorded(
        time_s=time_s, drug_c=drug_c, toward=toward, lid=lid, there=there, noise_c=noise_c
    )
    kinds = [_one_by_one(lid, RECORDED_MAX), _one_by_one(unrecorded, UNRECORDED_MAX)]
    many = np.logical_or.reduce([more for _, more in kinds])
    each = np.concatenate([which for which, _ in kinds], axis=-1)
    empty = ~each.any(axis=1)
    each = np.take_along_axis(each, np.argsort(empty, axis=1, kind="stable")[:, None], axis=-1)
    count = (~empty).sum(axis=1)
    recorded = kinds[0][0].any(axis=1).sum(axis=1)
    opened = lid | unrecorded
    last_s = np.maximum.accumulate(np.where(opened, time_s, -np.inf), axis=1)
    disturbed: BoolArray = time_s - last_s <= AFTER_S
    disturbed[:, :-1] |= opened[:, 1:]
    way = np.where(toward == 0.0, 1.0, toward)
    return Openings(each * way[..., None], disturbed, np.where(many, -1, count), recorded)


def _one_by_one(opened: BoolArray, most: int) -> tuple[BoolArray, BoolArray]:
    """(b, l, k) each run of `opened`, up to `most`, and (b,) where there are more."""
    begins = opened.copy()
    begins[:, 1:] &= ~opened[:, :-1]
    number = np.cumsum(begins, axis=1)
    runs = int(number.max(initial=0))
    each = opened[..., None] & (number[..., None] == np.arange(1, min(runs, most) + 1))
    return each, np.asarray(number.max(axis=1, initial=0) > most)


def _unrecorded(
    *,
    time_s: FloatArray,
    drug_c: FloatArray,
    toward: FloatArray,
    lid: BoolArray,
    there: BoolArray,
    noise_c: FloatArray,
) -> BoolArray:
    """(b, l) the three readings of each sudden rise that no recorded opening explains."""
    found = np.zeros(drug_c.shape, dtype=np.bool_)
    size = drug_c.shape[1]
    held_c = np.pad(drug_c, ((0, 0), (5, 4)), mode="edge")
    before_c, rise_c, after_c = (
        held_c[:, at + 3 : at + 3 + size] - held_c[:, at : at + size] for at in (0, 3, 6)
    )
    limit_c = np.maximum(NOISES * noise_c, RISE_MIN_C)[:, None]
    last_s = np.maximum.accumulate(np.where(lid, time_s, -np.inf), axis=1)
    next_s = np.minimum.accumulate(np.where(lid, time_s, np.inf)[:, ::-1], axis=1)[:, ::-1]
    alone = there & (time_s - last_s > _AFTER_LID_S) & (next_s - time_s > _BEFORE_LID_S)

    def sudden(way: FloatArray) -> BoolArray:
        beside_c = np.maximum(np.maximum(way * before_c, way * after_c), 0.0)
        least_c = np.maximum(np.maximum(limit_c, SUDDEN * beside_c), beside_c + limit_c / 2.0)
        beyond_c = np.where(alone, way * rise_c - least_c, -1.0)
        peak: BoolArray = beyond_c > 0.0
        for apart in (1, 2, 3):
            peak[:, apart:] &= beyond_c[:, apart:] > beyond_c[:, :-apart]
            peak[:, :-apart] &= beyond_c[:, :-apart] >= beyond_c[:, apart:]
        return peak

    rises = sudden(toward)
    rose = (toward * rise_c > limit_c) | lid
    rose_s = np.maximum.accumulate(np.where(rose, time_s, -np.inf), axis=1)
    falls = sudden(-toward) & (time_s - rose_s > APART_S)
    rises &= (falls.sum(axis=1) < rises.sum(axis=1))[:, None]
    found |= rises
    found[:, 1:] |= rises[:, :-1]
    found[:, :-1] |= rises[:, 1:]
    return found & there
