"""Looking one by one, and stopping as soon as enough was seen: an interval that holds at every
step at once, so that whoever stops when it pleases is not misled.

The sample is simple and looked at in the order of its tickets. For each number of all in the frame
that could be concerned, the prior's probability is set against the posterior's; by Ville's
inequality the ratio for the true number reaches 1 / risk with a probability of at most the risk,
whenever one stops. Numbers whose ratio did are out.

Source: I. Waudby-Smith and A. Ramdas, Confidence sequences for sampling without replacement,
NeurIPS 2020 (arXiv:2006.04347), section 2: the prior-posterior ratio with a beta-binomial prior,
here the uniform one (a = b = 1).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from coldwitness.domain.errors import BadInput

Stop = Literal["at_most_tolerated", "more_than_tolerated"]


class Sequential(Struct, frozen=True, kw_only=True):
    """Of all in the frame. low, high : share, at every step with at least 1 - risk. stop : what may
    be said by now of the tolerated share, null: look on."""

    frame: int
    looked_at: int
    found: int
    low: float
    high: float
    risk: float
    tolerated: float | None
    stop: Stop | None


def sequential(
    count: int, looked: Sequence[bool], *, risk: float, tolerated: float | None = None
) -> Sequential:
    """What was seen so far says of all. count : of the frame. looked : in the order of the tickets,
    whether it was found. Raises BadInput for a risk that is none, or more looks than there are."""
    if not 0 < risk < 1:
        raise BadInput(f"risk: expected a number between 0 and 1, got {risk}")
    if len(looked) > count:
        raise BadInput(f"looked: expected at most {count}, got {len(looked)}")
    low, high = 0, count
    found = 0
    possible = np.arange(count + 1)
    for step, hit in enumerate(looked, start=1):
        found += hit
        fits = log_ratio(count, possible, looked_at=step, found=found) < -np.log(risk)
        kept = possible[fits]
        # Every step's interval holds together with all before: so does what they have in common.
        least, most = max(low, int(kept.min())), min(high, int(kept.max()))
        # They part with the risk's probability alone; then the newest speaks for itself.
        low, high = (least, most) if least <= most else (int(kept.min()), int(kept.max()))
    stop: Stop | None = None
    if tolerated is not None and looked:
        if high <= tolerated * count:
            stop = "at_most_tolerated"
        elif low > tolerated * count:
            stop = "more_than_tolerated"
    return Sequential(
        frame=count,
        looked_at=len(looked),
        found=found,
        low=low / count,
        high=high / count,
        risk=risk,
        tolerated=tolerated,
        stop=stop,
    )


def log_ratio(
    count: int, concerned: NDArray[np.int64], *, looked_at: int, found: int
) -> NDArray[np.float64]:
    """(n,) logarithm of prior over posterior probability; inf where what was seen rules it out.

    concerned : (n,) how many of all could be. count : of the frame. looked_at, found : so far.
    """
    left, hits, misses = count - looked_at, found, looked_at - found
    more = concerned - hits
    possible = (more >= 0) & (more <= left)
    more = np.where(possible, more, 0)
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, count + 3)))))
    posterior = (
        logs[left]
        - logs[more]
        - logs[left - more]
        + logs[more + hits]
        + logs[left - more + misses]
        - logs[count + 1]
        + logs[looked_at + 1]
        - logs[hits]
        - logs[misses]
    )
    return np.where(possible, -np.log(count + 1.0) - posterior, np.inf)
