"""A sensor that stops moving though it moves all the rest of the time."""

import numpy as np

from analysis.findings import FindingTable, finding_table
from analysis.series import Series
from domain.words import Certainty, FindingType, Severity

SECONDS_MIN = 1800.0
STEPS_MIN = 20
"""A stretch of equal readings is looked at from half an hour and this many steps."""
RESTLESS = 0.5
"""Share of the other steps at which the reading changes: below it the sensor's noise does not
show on its grid, and an even temperature (a melting coolant) gives equal readings honestly."""
CHANCE = 1e-6
"""A stretch is told if a sensor that restless gave it by chance less often than this."""


def stuck_findings(series: Series) -> FindingTable:
    """Longest stretches of equal readings of each series that its own restlessness excludes.

    A curve that never moves at all is not told here: whether its sensor has noise cannot be
    seen in it.
    """
    owner = series.owner
    equal = np.zeros(series.time_s.size, dtype=np.bool_)
    equal[1:] = (series.low_c[1:] == series.low_c[:-1]) & (owner[1:] == owner[:-1])
    edge = np.diff(np.concatenate([[0], equal.astype(np.int8), [0]]))
    begin, end = np.flatnonzero(edge == 1) - 1, np.flatnonzero(edge == -1) - 1
    j, steps = owner[begin], end - begin
    length_s = series.time_s[end] - series.time_s[begin]
    rows = np.diff(series.first)
    moves = rows - 1 - np.bincount(owner[equal], minlength=len(series))
    others = rows[j] - 1 - steps
    share = moves[j] / np.maximum(others, 1)
    with np.errstate(divide="ignore"):
        chance = steps * np.log1p(-np.minimum(share, 1.0))
    stuck = np.flatnonzero(
        (length_s >= SECONDS_MIN)
        & (steps >= STEPS_MIN)
        & (others >= STEPS_MIN)
        & (share >= RESTLESS)
        & (chance < np.log(CHANCE))
    )
    names = np.array([*series.probes, ""])
    return finding_table(
        shipment=series.shipment[j[stuck]],
        type=FindingType.STUCK,
        start_s=series.time_s[begin[stuck]],
        end_s=series.time_s[end[stuck]],
        certainty=Certainty.PROBABLE,
        severity=Severity.MINOR,
        probe=names[series.probe[j[stuck]]],
        measures={
            "logger_number": series.logger[j[stuck]].astype(np.float64),
            "readings": (steps[stuck] + 1).astype(np.float64),
            "value_c": series.low_c[begin[stuck]],
            "restless_share": share[stuck],
        },
    )
