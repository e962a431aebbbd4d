"""Watches the streams of challenged probes, and decides what came of it."""

import secrets
from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.integrity.probe_step import ProbeStep, probe_step
from coldwitness.analysis.record.disturbed import CLOCK_S, LONGEST_S
from coldwitness.domain.probe_challenges import (
    ChallengeAction,
    ChallengeDecision,
    ProbeChallenge,
)
from coldwitness.domain.tracks import FloatArray
from coldwitness.judging.clock import Clock, system_clock
from coldwitness.judging.live import LiveJudge
from coldwitness.storage.looks import Looks
from coldwitness.storage.ports import Register, TelemetryStore

POLL_S = 1.0
DELAY_LEAST_S = 20
DELAY_MOST_S = 90
WATCH_S = 240
LATE_S = 60
"""So long after it was watched its last readings may still come."""
SHOWN_BEFORE_S = 900.0


@dataclass(frozen=True)
class WatchedProbe:
    """What was heard around a challenge, by our clock: (n,) UTC epoch s and °C."""

    time_s: FloatArray
    value_c: FloatArray


NOT_HEARD = WatchedProbe(np.empty(0), np.empty(0))


def new_challenge(
    shipment: str, probe: str, *, action: ChallengeAction | None, by: str, now_ms: int
) -> ProbeChallenge:
    """One that comes after a delay nobody knows. action : None: drawn too."""
    delay_ms = 1000 * (DELAY_LEAST_S + secrets.randbelow(DELAY_MOST_S - DELAY_LEAST_S + 1))
    drawn: ChallengeAction = "warm" if secrets.randbelow(2) else "cool"
    return ProbeChallenge(
        id=f"pc_{secrets.token_hex(12)}",
        shipment=shipment,
        probe=probe,
        action=drawn if action is None else action,
        started_ms=now_ms,
        ordered_ms=now_ms + delay_ms,
        until_ms=now_ms + delay_ms + WATCH_S * 1000,
        by=by,
    )


def watched(store: TelemetryStore, register: Register, challenge: ProbeChallenge) -> WatchedProbe:
    """The probe's readings from a quarter of an hour before the order until a disturbance is over
    at the latest, of the logger that sent most of them."""
    shipment = challenge.shipment
    table = store.readings([shipment], register.custody.stays([shipment]))
    column = table.temperature_c.get(challenge.probe, np.empty(0))
    if not column.size:
        return NOT_HEARD
    from_ms = challenge.ordered_ms - SHOWN_BEFORE_S * 1000
    to_ms = challenge.ordered_ms + LONGEST_S * 1000
    # A clock that is off is corrected below: rows are looked for a little wider.
    near = (table.time_ms >= from_ms - 3_600_000) & (table.time_ms <= to_ms + 3_600_000)
    rows = np.flatnonzero(near & ~np.isnan(column))
    if not rows.size:
        return NOT_HEARD
    loggers, counts = np.unique(table.logger[rows], return_counts=True)
    rows = rows[table.logger[rows] == loggers[np.argmax(counts)]]
    lag_ms = (table.received_ms[rows] - table.time_ms[rows])[table.received_ms[rows] >= 0]
    off_ms = int(lag_ms[np.argmin(np.abs(lag_ms))]) if lag_ms.size else 0
    time_ms = table.time_ms[rows] + (off_ms if abs(off_ms) > CLOCK_S * 1000 else 0)
    order = np.argsort(time_ms, kind="stable")
    order = order[(time_ms[order] >= from_ms) & (time_ms[order] <= to_ms)]
    return WatchedProbe(time_ms[order] / 1000.0, column[rows][order])


def step_of(challenge: ProbeChallenge, heard: WatchedProbe) -> ProbeStep:
    """What the readings say until now."""
    return probe_step(
        heard.time_s,
        value_c=heard.value_c,
        ordered_s=challenge.ordered_ms / 1000.0,
        until_s=challenge.until_ms / 1000.0,
        upwards=challenge.action == "warm",
    )


def decision_of(
    challenge: ProbeChallenge, step: ProbeStep, *, now_ms: int
) -> ChallengeDecision | None:
    """None: it is still watched, or readings may still come, or the probe is not back yet."""
    last_ms = challenge.ordered_ms + round(LONGEST_S * 1000)
    over = now_ms >= last_ms + LATE_S * 1000
    seen = now_ms >= challenge.until_ms + LATE_S * 1000
    settled = step.outcome == "not_alive" or (step.outcome == "alive" and step.back_s is not None)
    if not over and not (seen and settled):
        return None
    to_ms: int | None = last_ms
    if step.outcome == "not_alive":
        to_ms = None
    elif step.back_s is not None:
        to_ms = min(round(step.back_s * 1000), last_ms)
    return ChallengeDecision(
        outcome=step.outcome,
        decided_ms=now_ms,
        step_c=None if step.step_c is None else round(step.step_c, 2),
        stepped_ms=None if step.stepped_s is None else round(step.stepped_s * 1000),
        disturbed_to_ms=to_ms,
        readings=step.readings,
    )


class ChallengeWatch(Looks):
    """Decides challenges when their time has come, and has their shipments judged by it."""

    def __init__(
        self,
        store: TelemetryStore,
        register: Register,
        judge: LiveJudge,
        clock: Clock = system_clock,
    ) -> None:
        """judge : of the same process; challenges of what others judge are theirs to decide."""
        super().__init__(name="challenges", every_s=POLL_S, away="challenges wait for a store")
        self._store = store
        self._register = register
        self._judge = judge
        self._clock = clock

    def look(self) -> None:
        """Decide what can be decided now. Raises Unavailable."""
        now_ms = self._clock()
        for challenge in self._register.challenges.running():
            if now_ms < challenge.until_ms or not self._judge.has(challenge.shipment):
                continue
            step = step_of(challenge, watched(self._store, self._register, challenge))
            decision = decision_of(challenge, step, now_ms=now_ms)
            if decision is not None:
                self._register.challenges.decide(challenge, decision)
                self._judge.touch([challenge.shipment], reason="probe challenge")
