"""When custody began and ended, by its events and by the manifest."""

from collections.abc import Sequence

import numpy as np

from coldwitness.analysis.terms import WindowSource as Source
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reading import ENDING_EVENTS, Event
from coldwitness.domain.tracks import FloatArray
from coldwitness.judging.term_columns import floats, seconds


class Ends:
    """One end of the custody window of every shipment."""

    def __init__(self, by_event: FloatArray, by_manifest: FloatArray) -> None:
        self.time_s = np.where(np.isnan(by_event), by_manifest, by_event)
        self.source = np.where(
            ~np.isnan(by_event),
            Source.EVENT,
            np.where(np.isnan(by_manifest), Source.READINGS, Source.MANIFEST),
        ).astype(np.int8)
        self.mismatch_s = np.nan_to_num(np.abs(by_event - by_manifest))


def custody_ends(
    given: Sequence[Manifest], sorted_events: Sequence[Sequence[Event]]
) -> tuple[Ends, Ends]:
    """`packed` opens the window; the first ending event after it closes it, `returned` after
    `refused` being one ending at the later."""
    packed = [_packed_ms(events) for events in sorted_events]
    ended = [
        _ended_ms([event for event in events if start is None or event.time_ms >= start])
        for events, start in zip(sorted_events, packed, strict=True)
    ]
    return (
        Ends(
            floats(map(seconds, packed)),
            floats(seconds(manifest.dispatched_ms) for manifest in given),
        ),
        Ends(
            floats(map(seconds, ended)),
            floats(seconds(manifest.delivered_ms) for manifest in given),
        ),
    )


def _packed_ms(events: Sequence[Event]) -> int | None:
    return next((event.time_ms for event in events if event.event == "packed"), None)


def _ended_ms(events: Sequence[Event]) -> int | None:
    endings = [event for event in events if event.event in ENDING_EVENTS]
    if [event.event for event in endings[:2]] == ["refused", "returned"]:
        return endings[1].time_ms
    return endings[0].time_ms if endings else None
