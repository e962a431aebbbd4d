"""Publishers for the tests: foreign clients (mosquitto_pub, plain paho), never our own."""

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


def reading(number: int, *, logger: str = "LG-1", **more: Any) -> bytes:
    """A native reading; `number` is its sequence and its minute."""
    fields: dict[str, Any] = {
        "shipment": "ZB-1",
        "logger": logger,
        "seq": number,
        "time": 1_717_243_200_000 + number * 60_000,
        "temperature": {"drug": 4.5, "ambient": 24.0},
    }
    return json.dumps({k: v for k, v in (fields | more).items() if v is not None}).encode()


def topic(box: str = "BX-1", kind: str = "readings") -> str:
    return f"coldchain/v1/ql-express/{box}/{kind}"


class Publisher:
    """QoS 1 publisher that knows which payloads the broker acknowledged; at most 65,535."""

    def __init__(self, port: int, *, client_id: str = "test-logger", protocol: Any = None) -> None:
        self._sent: dict[int, bytes] = {}
        self._acknowledged: list[int] = []
        persistent: dict[str, Any] = {"clean_session": False} if protocol != mqtt.MQTTv5 else {}
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=protocol or mqtt.MQTTv311,
            **persistent,
        )
        self.client.max_inflight_messages_set(200)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_publish = lambda _c, _u, mid, *_: self._acknowledged.append(mid)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    @property
    def accepted(self) -> list[bytes]:
        """Payloads whose PUBACK came."""
        return [self._sent[mid] for mid in list(self._acknowledged)]

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        for name, payload in messages:
            self._sent[self.client.publish(name, payload, qos=1).mid] = payload

    def wait(self, *, within_s: float = 30.0) -> None:
        """Until every publish was acknowledged."""
        end_s = time.monotonic() + within_s
        while len(set(self._acknowledged)) < len(self._sent):
            assert time.monotonic() < end_s, "publishes not acknowledged"
            time.sleep(0.01)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def __enter__(self) -> "Publisher":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def publish_all(port: int, messages: Sequence[tuple[str, bytes]]) -> None:
    with Publisher(port) as publisher:
        publisher.publish(messages)
        publisher.wait()
