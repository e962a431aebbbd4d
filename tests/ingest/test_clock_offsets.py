"""How far a logger's clock is off, with an interval that holds the truth."""

from hypothesis import given
from hypothesis import strategies as st

from coldwitness.ingest.clock_offsets import REMEMBERED, ClockOffsets

NOW_MS = 1_717_300_000_000


@given(st.integers(-(10**7), 10**7), st.lists(st.integers(0, 3000), min_size=1, max_size=40))
def test_the_clock_offset_interval_starts_at_what_is_certain(ahead: int, delays: list[int]) -> None:
    offsets = ClockOffsets()
    for number, delay in enumerate(delays):
        true_ms = NOW_MS + number * 60_000
        offsets.observe("LG-1", device_ms=true_ms + ahead, received_ms=true_ms + delay)
    estimate = offsets.estimate("LG-1")
    assert estimate is not None
    assert estimate.low_ms <= ahead
    assert estimate.low_ms == ahead - min(delays[-REMEMBERED:])
    if min(delays[-REMEMBERED:]) <= 1000:
        assert ahead <= estimate.high_ms
    assert estimate.messages == len(delays)
