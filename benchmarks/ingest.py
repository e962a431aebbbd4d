"""Messages per second from a broker into committed journal and store, beside two yardsticks.

    python -m benchmarks.ingest [--messages 100000] [--rounds 3] [--json]
    python -m benchmarks.ingest --memory 1000000

Each round measures, on a fresh mosquitto with the shipped limits: `mosquitto_sub -q 1`, the
usual bridge, one worker, and two workers with a shared subscription. A stream of 200-byte
native readings over 1,000 topics is published at QoS 1 as fast as the broker takes it. Rates
count from the first publish to the last message in hand (mosquitto_sub, bridge), in the
journal (fsynced and acknowledged), or in the store.
"""

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.processes import family_mb, has_ended, processor_s
from coldwitness.storage.journal import JournalReader
from tests.ingest.conftest import Mosquitto, shipped_limits

ROOT = Path(__file__).parents[1]
WITHIN_S = 900.0


@dataclass
class Rates:
    """Messages per second; store and memory only of our workers. cpu_us : processor time a
    message of the receiving processes (not the broker's or the publisher's); it hardly depends
    on what else the machine does."""

    journal: float
    store: float = 0.0
    memory_mb: float = 0.0
    cpu_us: float = 0.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--messages", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--memory", type=int, default=0, metavar="N")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    if options.memory:
        _memory(options.memory)
        return
    measures: dict[str, Callable[[Path, int], Rates]] = {
        "mosquitto_sub -q 1": _mosquitto_sub,
        "usual bridge": _usual_bridge,
        "one worker": lambda folder, count: _workers(folder, count, ["w1"]),
        "two workers, $share": lambda folder, count: _workers(folder, count, ["w1", "w2"]),
    }
    found: dict[str, list[Rates]] = {name: [] for name in measures}
    for _ in range(options.rounds):
        for name, measure in measures.items():
            with tempfile.TemporaryDirectory() as folder:
                rates = measure(Path(folder), options.messages)
            found[name].append(rates)
            print(f"{name}: {rates}", file=sys.stderr)
    _print(found, as_json=options.json)


def _print(found: dict[str, list[Rates]], *, as_json: bool) -> None:
    medians = {
        name: Rates(
            statistics.median(r.journal for r in rates),
            statistics.median(r.store for r in rates),
            max(r.memory_mb for r in rates),
            min(r.cpu_us for r in rates),
        )
        for name, rates in found.items()
    }
    if as_json:
        print(json.dumps({name: vars(rates) for name, rates in medians.items()}))
        return
    sub, bridge = medians["mosquitto_sub -q 1"].journal, medians["usual bridge"].journal
    print(
        "| | in hand or journal, 1/s | in the store, 1/s | of mosquitto_sub | × bridge | CPU µs"
        " | MB |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, rates in medians.items():
        last = rates.store or rates.journal
        store = f"{rates.store:,.0f}" if rates.store else ""
        memory = f"{rates.memory_mb:.0f}" if rates.memory_mb else ""
        print(
            f"| {name} | {rates.journal:,.0f} | {store} | {last / sub:.2f} | {last / bridge:.1f}"
            f" | {rates.cpu_us:.1f} | {memory} |"
        )


def _broker(folder: Path) -> Mosquitto:
    return Mosquitto(folder / "mosquitto", shipped_limits() + "\nallow_anonymous true")


def _publisher(port: int, count: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.mqtt_stream", str(port), str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    _expect(process, "ready")
    return process


def _go(process: "subprocess.Popen[str]") -> float:
    if process.stdin is None:
        sys.exit("publisher without a stdin")
    process.stdin.write("go\n")
    process.stdin.flush()
    return time.perf_counter()


def _expect(process: "subprocess.Popen[str]", word: str) -> None:
    line = process.stdout.readline().strip() if process.stdout is not None else ""
    if line != word:
        sys.exit(f"expected {word!r} from {process.args!r}, got {line!r}")


def _mosquitto_sub(folder: Path, count: int) -> Rates:
    with _broker(folder) as broker:
        publisher = _publisher(broker.port, count)
        subscriber = subprocess.Popen(
            f"mosquitto_sub -p {broker.port} -q 1 -c -i ref -t coldchain/v1/# -C {count}".split(),
            stdout=subprocess.DEVNULL,
        )
        time.sleep(0.5)
        started = _go(publisher)
        _wait(lambda: has_ended(subscriber.pid), started)
        took_s = time.perf_counter() - started
        cpu_s = processor_s(subscriber.pid)
        subscriber.wait()
        publisher.wait()
    return Rates(count / took_s, cpu_us=cpu_s / count * 1e6)


def _usual_bridge(folder: Path, count: int) -> Rates:
    with _broker(folder) as broker:
        publisher = _publisher(broker.port, count)
        bridge = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.usual_bridge", str(broker.port), str(count)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        _expect(bridge, "ready")
        before_s = processor_s(bridge.pid)
        started = _go(publisher)
        _expect(bridge, "stored")
        took_s = time.perf_counter() - started
        cpu_s = processor_s(bridge.pid) - before_s
        bridge.wait()
        publisher.wait()
    return Rates(count / took_s, cpu_us=cpu_s / count * 1e6)


def _workers(folder: Path, count: int, names: Sequence[str]) -> Rates:
    with _broker(folder) as broker:
        publisher = _publisher(broker.port, count)
        workers = [_worker(folder, broker.port, name, share=len(names) > 1) for name in names]
        try:
            _subscribed(folder, names)
            before_s = sum(processor_s(worker.pid) for worker in workers)
            started = _go(publisher)
            journal_s = _wait(lambda: _journalled(folder, names) >= count, started)
            store_s = _wait(lambda: _stored(folder, names) >= count, started)
            memory_mb = sum(family_mb(worker.pid) for worker in workers)
            cpu_s = sum(processor_s(worker.pid) for worker in workers) - before_s
            publisher.wait()
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            for worker in workers:
                worker.wait(30)
    return Rates(count / journal_s, count / store_s, memory_mb, cpu_s / count * 1e6)


def _worker(folder: Path, port: int, name: str, *, share: bool) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "COLDWITNESS_MQTT__PORT": str(port),
        "COLDWITNESS_JOURNAL__DIRECTORY": str(folder / "journal"),
        "COLDWITNESS_STORE__EMBEDDED_FILE": str(folder / "telemetry.sqlite"),
        "COLDWITNESS_STORE__REGISTER_URL": f"sqlite:///{folder}/register.sqlite",
    }
    if share:
        environment["COLDWITNESS_MQTT__SHARED_GROUP"] = "ingest"
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "coldwitness.cli", "ingest", "--worker", name],
            cwd=ROOT,
            env=environment,
            stderr=log,
        )


def _subscribed(folder: Path, names: Sequence[str]) -> None:
    """Workers are ready when the broker has answered and their store side has begun."""
    started = time.perf_counter()

    def ready() -> bool:
        logs = [(folder / f"{name}.log").read_text(encoding="utf-8") for name in names]
        indexes = [(folder / "journal" / "derived" / f"{name}.sqlite").exists() for name in names]
        return all("connected" in log for log in logs) and all(indexes)

    _wait(ready, started)
    time.sleep(0.5)


def _wait(done: Callable[[], bool], started: float) -> float:
    while not done():
        if time.perf_counter() - started > WITHIN_S:
            sys.exit("gave up waiting")
        time.sleep(0.05)
    return time.perf_counter() - started


def _journalled(folder: Path, names: Sequence[str]) -> int:
    reader = JournalReader(folder / "journal")
    return sum(reader.last_row(name) for name in names)


def _stored(folder: Path, names: Sequence[str]) -> int:
    total = 0
    for name in names:
        path = folder / "journal" / "derived" / f"{name}.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT row FROM cursor").fetchone()
        total += found[0] if found else 0
    return total


def _has_stored(folder: Path, wanted: int) -> bool:
    return _stored(folder, ["w1"]) >= wanted


def _memory(count: int) -> None:
    """Resident memory of one worker (both processes) as a long stream goes through it."""
    with tempfile.TemporaryDirectory() as name, _broker(Path(name)) as broker:
        folder = Path(name)
        worker = _worker(folder, broker.port, "w1", share=False)
        try:
            _subscribed(folder, ["w1"])
            publisher = _publisher(broker.port, count)
            started = _go(publisher)
            for part in range(1, 11):
                wanted = count * part // 10
                took_s = _wait(partial(_has_stored, folder, wanted), started)
                print(
                    f"{wanted:>10,} stored after {took_s:6.1f} s: {family_mb(worker.pid):.0f} MB",
                    flush=True,
                )
            publisher.wait()
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)


if __name__ == "__main__":
    main()
