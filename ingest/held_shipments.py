"""Shipments whose readings wait in the journal for their sender's quota, seen from outside of the
worker that holds them: who asks for one has it stored, who makes the stores again leaves it out."""

import time
from contextlib import suppress
from pathlib import Path

from coldwitness.domain.errors import Unavailable
from coldwitness.ingest.decoded_rows import DecodedRows
from coldwitness.ingest.progress import Progress, workers_followed

WITHIN_S = 3.0
"""How long whoever asks waits. A worker looks every quarter of a second, unless it is busy."""
_LOOK_S = 0.05


def brought_in(directory: Path, shipment: str, *, within_s: float = WITHIN_S) -> bool:
    """Have the workers of this journal store what is held of a shipment. False if nothing is.
    Raises Unavailable where it is held still after so long; it is stored when they run again."""
    left = [worker for worker in workers_followed(directory) if _want(directory, worker, shipment)]
    if not left:
        return False
    end_s = time.monotonic() + within_s
    while left := [worker for worker in left if _holds(directory, worker, shipment)]:
        if time.monotonic() >= end_s:
            raise Unavailable(
                f"shipment {shipment}: its readings waited for their sender's quota and are being"
                f" stored by {', '.join(left)}"
            )
        time.sleep(_LOOK_S)
    return True


def leave_held(decoded: DecodedRows, directory: Path) -> None:
    """Take the readings out that the workers of this journal hold now; they store them later."""
    names = {one.shipment for one in decoded.readings if one.shipment is not None}
    held: set[str] = set()
    for worker in workers_followed(directory):
        with Progress(directory, worker) as progress:
            held |= progress.held_rows(names).keys()
    if held:
        readings = enumerate(decoded.readings)
        decoded.keep_readings([at for at, one in readings if one.shipment not in held])


def _want(directory: Path, worker: str, shipment: str) -> bool:
    with suppress(Unavailable), Progress(directory, worker) as progress:
        return progress.want(shipment)
    return False


def _holds(directory: Path, worker: str, shipment: str) -> bool:
    with suppress(Unavailable), Progress(directory, worker) as progress:
        return bool(progress.held_rows([shipment]))
    return False
