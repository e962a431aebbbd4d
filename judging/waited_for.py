"""Shipments that another process judges, waited for by one that cannot answer before."""

import time
from collections.abc import Sequence

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.share_ports import Waiting

JUDGED_WITHIN_S = 10.0
"""Longer than another process needs to take over the shares of one that was lost."""
LOOK_EVERY_S = 0.1


def wait_until_judged(
    waiting: Waiting,
    shipments: Sequence[str],
    *,
    reason: str,
    within_s: float = JUDGED_WITHIN_S,
) -> None:
    """Have these judged by whoever judges them, and return when it did. Raises Unavailable where
    nobody does in time; they stay left to be judged."""
    waiting.leave(shipments, reason=reason, again=False)
    end_s = time.monotonic() + within_s
    while still := waiting.still_left(shipments):
        if time.monotonic() > end_s:
            raise Unavailable(
                f"{len(still)} shipments were not judged within {within_s:.0f} s by the processes"
                " that judge (`coldwitness judge`)"
            )
        time.sleep(LOOK_EVERY_S)
