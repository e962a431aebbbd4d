"""Ingest workers as processes of their own beside `serve`: what they store is judged there."""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from coldwitness.config.settings import JudgingSettings
from coldwitness.judging.live import LOOK_EVERY_S
from coldwitness.storage.journal import JournalReader
from tests.forked import Forked
from tests.ingest.conftest import Mosquitto, free_port, wait_until
from tests.ingest.publishing import publish_all, reading, topic

ROOT = Path(__file__).parents[2]


def environment(
    folder: Path, *, mqtt_port: int, http_port: int, group: str | None
) -> dict[str, str]:
    settings = {
        "MQTT__PORT": str(mqtt_port),
        "HTTP__PORT": str(http_port),
        "JOURNAL__DIRECTORY": str(folder / "journal"),
        "STORE__EMBEDDED_FILE": str(folder / "telemetry.sqlite"),
        "STORE__REGISTER_URL": f"sqlite:///{folder / 'register.sqlite'}",
        "JUDGING__DEFAULT_STORAGE": "refrigerated",
    }
    if group is not None:
        settings["MQTT__SHARED_GROUP"] = group
    return os.environ | {f"COLDWITNESS_{name}": value for name, value in settings.items()}


@contextmanager
def command(folder: Path, name: str, arguments: Sequence[str], **settings: Any) -> Iterator[None]:
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = Forked(arguments, cwd=ROOT, env=environment(folder, **settings), stderr=out)
    ready = "coldwitness: http" if arguments[0] == "serve" else "connected"
    try:
        wait_until(lambda: ready in log.read_text(), within_s=60, saying=log.read_text)
        yield
    finally:
        process.terminate()
        process.wait(30)


def readings_judged(port: int, shipment: str) -> int:
    time.sleep(0.1)  # a question costs the server more than an answer is worth
    address = f"http://127.0.0.1:{port}/v1/shipments/{shipment}/check"
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return int(json.load(answer)["metrics"]["readings"])
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return 0
        raise


def publish_and_wait(mqtt_port: int, http_port: int, numbers: range) -> float:
    """One reading of each of some new shipments; seconds until each result has it."""
    new = [(topic(f"BX-{n}"), reading(n, shipment=f"ZB-{n}")) for n in numbers]
    publish_all(mqtt_port, new)
    started_s = time.monotonic()
    for number in numbers:
        wait_until(partial(has_one, http_port, f"ZB-{number}"), within_s=60)
    return time.monotonic() - started_s


def has_one(port: int, shipment: str) -> bool:
    return readings_judged(port, shipment) == 1


def test_a_worker_alone_tells_serve_what_to_judge_before_it_starts_and_while_it_runs(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    port = free_port()
    places = {"mqtt_port": mosquitto.port, "http_port": port, "group": None}
    with command(tmp_path, "w1", ["ingest"], **places):
        publish_all(mosquitto.port, [(topic(), reading(n)) for n in range(5)])
        with command(tmp_path, "serve", ["serve", "--no-ingest"], **places):
            wait_until(lambda: readings_judged(port, "ZB-1") == 5, within_s=60)
            took_s = publish_and_wait(mosquitto.port, port, range(40, 44))
            print(f"in the results {took_s:.2f} s after the PUBACK")
            assert JournalReader(tmp_path / "journal").workers() == ["api", "w1"]


def test_serve_and_a_worker_share_the_topics_and_serve_judges_what_either_received(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    port = free_port()
    places = {"mqtt_port": mosquitto.port, "http_port": port, "group": "ingest"}
    with (
        command(tmp_path, "serve", ["serve"], **places),
        command(tmp_path, "w2", ["ingest", "--worker", "w2"], **places),
    ):
        publish_and_wait(mosquitto.port, port, range(20, 24))  # until both store, too
        took_s = publish_and_wait(mosquitto.port, port, range(40, 52))
        print(f"in the results {took_s:.2f} s after the PUBACK")
        reader = JournalReader(tmp_path / "journal")
        rows = {name: reader.last_row(name) for name in ("w1", "w2")}
    assert sum(rows.values()) == 16
    assert min(rows["w1"], rows["w2"]) > 0


def test_what_others_left_is_looked_for_often_enough_to_be_judged_within_two_seconds() -> None:
    assert LOOK_EVERY_S + JudgingSettings().tick_ms / 1000 < 1.0
