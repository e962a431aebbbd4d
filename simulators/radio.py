"""From readings to messages: when each is sent, what is lost, kept back, shuffled, repeated."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray
from coldwitness.simulators.journey import Trip
from coldwitness.simulators.recorder import Record
from coldwitness.simulators.scenario import Scenario, draw


@dataclass(frozen=True)
class Sending:
    """Readings `rows` of a record sent as one message at sent_s (the world's time)."""

    sent_s: float
    rows: tuple[int, ...]


def transmit(
    scenario: Scenario, trip: Trip, record: Record, rng: np.random.Generator
) -> list[Sending]:
    """Sendings by time; what the radio did is added to the record's faults."""
    radio, n = scenario.radio, len(record)
    low, high = radio.delay_s if isinstance(radio.delay_s, tuple) else (radio.delay_s,) * 2
    sent_s = record.true_s + rng.uniform(low, high, n)
    lost = rng.random(n) < draw(rng, radio.loss)
    alone = np.ones(n, dtype=np.bool_)
    sendings: list[Sending] = []
    for silence in radio.silences:
        start_s = trip.left_s + draw(rng, silence.at) * (trip.arrived_s - trip.left_s)
        end_s = start_s + 60.0 * draw(rng, silence.minutes)
        hidden = (record.true_s >= start_s) & (record.true_s < end_s)
        record.faults.append({"kind": silence.fate, "start_s": start_s, "end_s": end_s})
        if silence.fate == "lost":
            lost |= hidden
        elif silence.fate == "no_position":
            record.fix &= ~hidden
        elif silence.fate == "backlog":
            alone &= ~hidden
            _backlog(sendings, hidden & ~lost, end_s, rng)
        else:
            sent_s = _scattered(sent_s, hidden, end_s, rng)
    if lost.any():
        record.faults.append({"kind": "lost", "readings": int(lost.sum())})
    again = rng.random(n) < draw(rng, radio.repeats)
    if (told := int((again & alone & ~lost).sum())) > 0:
        record.faults.append({"kind": "repeated", "messages": told})
    for row in np.flatnonzero(alone & ~lost):
        sendings.append(Sending(float(sent_s[row]), (int(row),)))
        if again[row]:
            sendings.append(Sending(float(sent_s[row]) + rng.uniform(1.0, 40.0), (int(row),)))
    return sorted(sendings, key=lambda sending: (sending.sent_s, sending.rows))


def _backlog(
    sendings: list[Sending], rows: NDArray[np.bool_], end_s: float, rng: np.random.Generator
) -> None:
    """Everything kept, as one array in shuffled order, soon after the radio is back."""
    kept = np.flatnonzero(rows)
    if kept.size:
        order = rng.permutation(kept)
        sendings.append(Sending(end_s + rng.uniform(2.0, 20.0), tuple(int(row) for row in order)))


def _scattered(
    sent_s: FloatArray, rows: NDArray[np.bool_], end_s: float, rng: np.random.Generator
) -> FloatArray:
    """Kept readings come one by one over some minutes, in any order, among the fresh ones."""
    late = end_s + rng.uniform(2.0, 240.0, int(rows.sum()))
    out = sent_s.copy()
    out[rows] = late
    return out
