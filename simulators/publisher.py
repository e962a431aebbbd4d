"""Publish a fleet over MQTT, QoS 1, in accelerated time, and say what rate was reached."""

import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.simulators.fleet import Fleet

_STALL_S = 30.0
"""Without any PUBACK for this long the broker counts as gone."""
_PROGRESS_EVERY_S = 0.2
_CONNECT_S = 10.0


@dataclass(frozen=True)
class Published:
    """messages : sent and acknowledged. seconds : wall time. behind_s : how late the last
    message was against the wanted pace. simulated_s : the boxes' own time that was played."""

    messages: int
    readings: int
    seconds: float
    behind_s: float
    simulated_s: float = 0.0

    @property
    def messages_per_s(self) -> float:
        return self.messages / self.seconds if self.seconds > 0 else 0.0

    @property
    def speedup(self) -> float:
        """Simulated seconds per second, as reached."""
        return self.simulated_s / self.seconds if self.seconds > 0 else 0.0


@dataclass
class _Window:
    """Counts what is on its way; at most `limit` messages wait for their PUBACK."""

    limit: int
    free: threading.Semaphore = field(init=False)
    acknowledged: int = 0
    last_ack: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.free = threading.Semaphore(self.limit)

    def acknowledge(self) -> None:
        with self.lock:
            self.acknowledged += 1
            self.last_ack = time.monotonic()
        self.free.release()


def publish(
    fleet: Fleet,
    *,
    host: str,
    port: int,
    speedup: float | None = None,
    duration_s: float | None = None,
    connections: int = 2,
    username: str | None = None,
    password: str | None = None,
    max_in_flight: int = 500,
    client_id: str = "coldwitness-simulator",
    progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> Published:
    """Send all messages of `fleet` in the order of their publish times; returns when the
    broker has acknowledged every one, or when `stop` is set.

    speedup : simulated seconds per second; or duration_s : the whole within about this time;
    neither: as fast as the broker takes them. A box always uses the same connection, so its
    messages arrive in order. progress(sent, total) is called a few times a second.
    Raises Unavailable if the broker cannot be reached, refuses, or stops acknowledging.
    """
    if speedup is not None and not speedup > 0:
        raise BadInput(f"speedup: expected more than 0, got {speedup:g}")
    window = _Window(limit=max_in_flight)
    clients: list[mqtt.Client] = []
    stop = stop or threading.Event()
    try:
        for number in range(connections):
            name = f"{client_id}-{number}"
            in_flight = max(20, max_in_flight // connections)
            client = _client(name, window, in_flight, username=username, password=password)
            _connect(client, host=host, port=port)
            clients.append(client)
        return _play(
            fleet,
            clients,
            window,
            factor=speedup,
            duration_s=duration_s,
            progress=progress,
            stop=stop,
        )
    finally:
        for client in clients:
            client.disconnect()
            client.loop_stop()


def _client(
    name: str, window: _Window, in_flight: int, *, username: str | None, password: str | None
) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)
    if username is not None:
        client.username_pw_set(username, password)
    client.max_inflight_messages_set(in_flight)
    client.reconnect_delay_set(min_delay=1, max_delay=5)

    def on_publish(_c: object, _u: object, _m: object, _r: object, _p: object) -> None:
        window.acknowledge()

    client.on_publish = on_publish
    return client


def _connect(client: mqtt.Client, *, host: str, port: int) -> None:
    """Connect and start the client's thread once the broker has said yes."""
    answered = threading.Event()
    refusals: list[str] = []

    def on_connect(_c: object, _u: object, _f: object, reason: ReasonCode, _p: object) -> None:
        if reason.is_failure:
            refusals.append(str(reason))
        answered.set()

    client.on_connect = on_connect
    try:
        client.connect(host, port, keepalive=60)
    except OSError as error:
        text = error.strerror or str(error)
        raise Unavailable(f"broker {host}:{port}: cannot be reached: {text}") from error
    client.loop_start()
    if not answered.wait(_CONNECT_S) or refusals:
        client.disconnect()
        client.loop_stop()
        raise Unavailable(f"broker {host}:{port}: {refusals[0] if refusals else 'no answer'}")


def _play(
    fleet: Fleet,
    clients: list[mqtt.Client],
    window: _Window,
    *,
    factor: float | None,
    duration_s: float | None,
    progress: Callable[[int, int], None] | None,
    stop: threading.Event,
) -> Published:
    total, sent, behind_s = fleet.message_count, 0, 0.0
    begun, first_ms, last_ms = time.monotonic(), None, 0
    next_progress = begun
    if factor is None and duration_s:
        factor = _span_s(fleet) / duration_s
    for publish_ms, topic, payload in fleet.messages():
        first_ms = publish_ms if first_ms is None else first_ms
        if factor is not None:
            due = begun + (publish_ms - first_ms) / 1000.0 / factor
            wait_s = due - time.monotonic()
            behind_s = max(0.0, -wait_s)
            if wait_s > 0:
                stop.wait(wait_s)
        if stop.is_set():
            break
        _reserve(window, stop)
        client = clients[zlib.crc32(topic.rpartition("/")[0].encode()) % len(clients)]
        client.publish(topic, payload, qos=1)
        sent, last_ms = sent + 1, publish_ms
        if progress is not None and time.monotonic() >= next_progress:
            progress(sent, total)
            next_progress = time.monotonic() + _PROGRESS_EVERY_S
    while window.acknowledged < sent and not stop.is_set():
        _watch(window)
        time.sleep(0.002)
    if progress is not None:
        progress(sent, total)
    return Published(
        messages=window.acknowledged,
        readings=fleet.reading_count if sent == total else 0,
        seconds=time.monotonic() - begun,
        behind_s=behind_s,
        simulated_s=0.0 if first_ms is None else max(last_ms - first_ms, 0) / 1000.0,
    )


def _span_s(fleet: Fleet) -> float:
    """Simulated time from the first to the last message."""
    ends = [shipment.span_ms for shipment in fleet.shipments]
    return max((max(last for _, last in ends) - min(first for first, _ in ends)) / 1000.0, 1.0)


def _reserve(window: _Window, stop: threading.Event) -> None:
    """Wait for a place in the window."""
    while not window.free.acquire(timeout=0.5):
        if stop.is_set():
            return
        _watch(window)


def _watch(window: _Window) -> None:
    if time.monotonic() - window.last_ack > _STALL_S:
        raise Unavailable(f"broker: no acknowledgement for {_STALL_S:g} s")
