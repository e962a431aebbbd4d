"""One simulated delivery, held as numbers and rendered to messages when asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from coldwitness.domain.instants import rfc3339
from coldwitness.simulators.journey import Trip
from coldwitness.simulators.positions import to_degrees
from coldwitness.simulators.radio import Sending
from coldwitness.simulators.recorder import Record
from coldwitness.simulators.scenario import Scenario
from coldwitness.simulators.truth import BoxRun, tell_truth

_ENCODE = msgspec.json.Encoder().encode

Message = tuple[int, str, bytes]
"""Simulated publish time [epoch ms], topic, payload."""


@dataclass(frozen=True)
class Shipment:
    """One simulated delivery. Messages are rendered when asked for, so that a large fleet is
    held as numbers, not as text."""

    id: str
    scenario: Scenario
    box: str
    courier: str
    manifest: dict[str, Any]
    start_ms: int
    _logger: str
    _origin: tuple[float, float]
    _trip: Trip
    _record: Record
    _sendings: list[Sending]
    _run: BoxRun
    _exchange_per_h: dict[str, float]

    @property
    def record(self) -> Record:
        """What the logger wrote down, by the world's time."""
        return self._record

    @property
    def trip(self) -> Trip:
        """The journey, by the world's time."""
        return self._trip

    @property
    def truth(self) -> dict[str, Any]:
        """What really happened; see truth.tell_truth."""
        return tell_truth(
            self.scenario,
            self._trip,
            self._run,
            self._record.faults,
            shipment=self.id,
            exchange_per_h=self._exchange_per_h,
            manifest=self.manifest,
            origin=self._origin,
            start_ms=self.start_ms,
        )

    @property
    def messages(self) -> list[Message]:
        """All messages by publish time."""
        return list(self.iter_messages())

    @cached_property
    def message_count(self) -> int:
        return len(self._sendings) + len(self._trip.custody) + len(self._trip.others)

    @cached_property
    def others(self) -> tuple[dict[str, object], ...]:
        """Manifests of the other shipments that the box carries and delivers on the way."""
        kept = (
            "seller",
            "courier",
            "delivery",
            "box",
            "items",
            "origin",
            "dispatched_at",
            "due_at",
        )
        return tuple(
            {
                **{key: self.manifest[key] for key in kept},
                "id": self._other_id(number),
                "destination": {"name": "同楼收货点", **self._place(drop.time_s), "radius_m": 100},
            }
            for number, drop in enumerate(self._trip.others)
        )

    def _other_id(self, number: int) -> str:
        return f"{self.id}-{number + 1}"

    @property
    def reading_count(self) -> int:
        """Readings sent, repetitions included."""
        return sum(len(sending.rows) for sending in self._sendings)

    @property
    def span_ms(self) -> tuple[int, int]:
        """Simulated publish times of the first and the last message."""
        times = [sending.sent_s for sending in self._sendings]
        times += [custody.time_s + 1.0 for custody in self._trip.custody]
        return (
            self.start_ms + round(1000 * min(times)),
            self.start_ms + round(1000 * max(times)),
        )

    def iter_messages(self) -> Iterator[Message]:
        """Messages by publish time, rendered one by one."""
        topic = f"coldchain/v1/{self.courier}/{self.box}"
        # The courier's app sends an event within seconds; events win a tie with a reading.
        todo: list[tuple[float, int, int]] = [
            (custody.time_s + 1.0, 0, number) for number, custody in enumerate(self._trip.custody)
        ]
        todo += [(sending.sent_s, 1, number) for number, sending in enumerate(self._sendings)]
        todo += [(drop.time_s + 1.0, -1, n) for n, drop in enumerate(self._trip.others)]
        for sent_s, kind, number in sorted(todo):
            publish_ms = self.start_ms + round(1000 * sent_s)
            if kind == -1:
                yield publish_ms, f"{topic}/events", _ENCODE(self._other_event(number))
                continue
            if kind == 0:
                yield publish_ms, f"{topic}/events", _ENCODE(self._event(number))
                continue
            rows = self._sendings[number].rows
            body = [self._reading(row) for row in rows]
            yield publish_ms, f"{topic}/readings", _ENCODE(body if len(body) > 1 else body[0])

    def _reading(self, row: int) -> dict[str, Any]:
        rec, scenario = self._record, self.scenario
        reading: dict[str, Any] = {}
        if scenario.logger.names_shipment:
            reading["shipment"] = self.id
        reading["logger"] = self._logger
        reading["seq"] = int(rec.seq[row])
        reading["time"] = rfc3339(self.start_ms + round(1000 * float(rec.device_s[row])))
        reading["temperature"] = {role: float(v[row]) for role, v in rec.probes.items()}
        reading["humidity"] = float(rec.humidity_pct[row])
        if rec.fix[row]:
            reading["position"] = {
                "lat": float(rec.lat_deg[row]),
                "lon": float(rec.lon_deg[row]),
                "accuracy_m": float(rec.accuracy_m[row]),
            }
            if scenario.logger.datum != "WGS84" and scenario.receiver.states_datum:
                reading["position"]["datum"] = scenario.logger.datum
        reading["lid_open"] = bool(rec.lid_open[row])
        reading["light_lux"] = float(rec.light_lux[row])
        if scenario.logger.motion:
            reading["moving"] = bool(rec.moving[row])
        reading["battery_v"] = float(rec.battery_v[row])
        return reading

    def _place(self, time_s: float) -> dict[str, float]:
        x, y = self._trip.position_m(np.array([time_s]))
        lat, lon = to_degrees(self._origin, x_m=x, y_m=y)
        return {"lat": round(float(lat[0]), 6), "lon": round(float(lon[0]), 6)}

    def _other_event(self, number: int) -> dict[str, object]:
        time_s = self._trip.others[number].time_s
        return {
            "shipment": self._other_id(number),
            "event": "delivered",
            "time": rfc3339(self.start_ms + round(1000 * time_s)),
            "position": self._place(time_s),
            "actor": "courier-app",
        }

    def _event(self, number: int) -> dict[str, Any]:
        custody = self._trip.custody[number]
        event: dict[str, Any] = {
            "shipment": self.id,
            "logger": self._logger,
            "event": custody.event,
            "time": rfc3339(self.start_ms + round(1000 * custody.time_s)),
            "position": self._place(custody.time_s),
            "actor": "courier-app",
        }
        if custody.site is not None:
            event["site"] = custody.site
        return event
