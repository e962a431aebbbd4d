"""Missing numbers of a logger's count that hide nothing: no time to leave the range in."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.bounds import highest_between, steepest
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import probes_of
from coldwitness.analysis.record.sequence import SequenceBreaks, owner_of
from coldwitness.domain.tracks import FloatArray, IntArray


def harmless(case: Case, breaks: SequenceBreaks) -> NDArray[np.bool_]:
    """(b,) True where the time between the two readings, as far as it is judged, is no longer than
    the permitted interval, and no drug probe of the logger could have left the range in it.

    At the window's edge one reading stands inside, and one cone opens from it. A probe that this
    logger has and that was silent at both readings was unseen for longer than the break: not
    harmless. A logger without a drug probe has no range to leave.
    """
    tracks, window, numbers = case.tracks, case.window, case.numbers
    owner = owner_of(breaks.row, first=tracks.first)
    begin_s = np.maximum(tracks.time_s[breaks.before], window.start_s[owner])
    length_s = np.minimum(tracks.time_s[breaks.row], window.end_s[owner]) - begin_s
    fine = length_s <= numbers.recording_interval_s
    width = len(tracks.loggers) + 1
    key = tracks.shipment * width + tracks.logger + 1
    slew = case.terms.slew_max_c_per_min[owner] / 60
    for name in probes_of(tracks, "drug"):
        column = tracks.temperature_c[name]
        has = np.isin(key[breaks.row], np.unique(key[~np.isnan(column)]))
        left_c, right_c = (
            np.where(window.rows[row], column[row], np.nan) for row in (breaks.before, breaks.row)
        )
        high_c = _furthest(left_c, right_c, length_s=length_s, slew=slew)
        low_c = -_furthest(-left_c, -right_c, length_s=length_s, slew=slew)
        fine &= ~has | _inside(case, name, owner, low_c=low_c, high_c=high_c)
    return fine


def _furthest(
    left_c: FloatArray, right_c: FloatArray, *, length_s: FloatArray, slew: FloatArray
) -> FloatArray:
    """Highest value that the readings at both sides, or the one there is, and the slew limit [°C/s]
    allow; NaN where there is none."""
    raised = steepest(start=left_c, end=right_c, length=length_s, slew=slew)
    between = highest_between(start=left_c, end=right_c, length=length_s, slew=raised)
    return np.where(np.isnan(between), np.fmax(left_c, right_c) + slew * length_s, between)


def _inside(
    case: Case, name: str, owner: IntArray, *, low_c: FloatArray, high_c: FloatArray
) -> NDArray[np.bool_]:
    """Whether shipments (b,) kept the limits of the drug probe `name`; False too where nothing is
    known."""
    its = case.probe_limits(name)
    inside: NDArray[np.bool_] = (high_c <= its.high_c[owner]) & (low_c >= its.low_c[owner])
    return inside & (~its.freeze_sensitive[owner] | (low_c > case.numbers.freezing_c))
