"""What the workers of a journal did not store because it was beyond a bound: whoever makes the
stores again, or compares them with the journal, leaves out the same."""

from collections.abc import Collection, Mapping
from pathlib import Path

from coldwitness.ingest.decoded_rows import DecodedRows
from coldwitness.ingest.progress import Progress, ReceivedKey, workers_followed
from coldwitness.ingest.received_bounds import key_of


class LeftOut:
    """As the workers left it when this was made.

    rows : of each worker, the rows that will be asked about.
    """

    def __init__(self, directory: Path, rows: Mapping[str, Collection[int]]) -> None:
        self._full: dict[tuple[str, ReceivedKey], int] = {}
        self._events: set[tuple[str, int, str]] = set()
        for worker in set(workers_followed(directory)) & rows.keys():
            with Progress(directory, worker) as progress:
                for one in progress.full():
                    self._full[worker, one.key] = one.last_row
                for row, shipment in progress.left_events(rows[worker]):
                    self._events.add((worker, row, shipment))

    def take_out(self, decoded: DecodedRows) -> None:
        """Take out of these rows what was left out of the stores."""
        if self._full:
            readings = zip(decoded.readings, decoded.readings_rows, strict=True)
            decoded.keep_readings(
                [
                    place
                    for place, (one, row) in enumerate(readings)
                    if not self._is_beyond(row.worker, row.row, key_of(one))
                ]
            )
        if self._full or self._events:
            events = zip(decoded.events, decoded.events_rows, strict=True)
            decoded.keep_events(
                [
                    place
                    for place, (one, row) in enumerate(events)
                    if not self._is_beyond(row.worker, row.row, key_of(one))
                    and (row.worker, row.row, one.shipment or "") not in self._events
                ]
            )

    def _is_beyond(self, worker: str, row: int, key: ReceivedKey | None) -> bool:
        last_row = None if key is None else self._full.get((worker, key))
        return last_row is not None and row > last_row
