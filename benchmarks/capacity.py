"""What a shipment costs all the way: processor, disk by part, how many a day this machine takes.

    python -m benchmarks.capacity [--minutes 10] [--boxes 500] [--json]

mosquitto with the shipped limits, `coldwitness serve` (SQLite, embedded store) as a process of its
own, and simulated deliveries of all scenarios with their manifests, published as fast as the server
keeps up: the next part begins when less than BEHIND messages wait for the stores. Rates count from
the first publish until all is stored and judged; processor time is that of server and broker alone,
which hardly depends on what else the machine does. Sizes are those after the server has ended.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import httpx

from benchmarks.processes import highest_mb, processor_s
from coldwitness.cli.simulate import stories
from coldwitness.simulators.fleet import Fleet, simulate_fleet
from coldwitness.simulators.publisher import publish
from tests.ingest.conftest import Mosquitto, shipped_limits

BEHIND = 20_000
WITHIN_S = 600.0


def size_of(*paths: Path) -> int:
    """Bytes of files and of all that is in folders."""
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    return sum(file.stat().st_size for file in files if file.is_file())


class Server:
    """`coldwitness serve` in a folder."""

    def __init__(self, folder: Path, mqtt_port: int) -> None:
        self.folder = folder
        self._file = folder / "coldwitness.toml"
        self._file.write_text(
            f"""
[mqtt]
port = {mqtt_port}
[journal]
directory = "{folder}/journal"
[store]
embedded_file = "{folder}/telemetry.sqlite"
register_url = "sqlite:///{folder}/register.sqlite"
archive_directory = "{folder}/archive"
[http]
port = 0
[log]
level = "warning"
"""
        )
        self._log = folder / "serve.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "coldwitness.cli", "--config", str(self._file), "serve"],
                stderr=log,
                stdout=log,
            )
        self.pid = self._process.pid
        self.client = httpx.Client(base_url=self._address(), trust_env=False, timeout=60.0)

    def _address(self) -> str:
        end_s = time.monotonic() + WITHIN_S
        while time.monotonic() < end_s:
            found = re.search(r"coldwitness: (http://\S+)", self._log.read_text())
            if found:
                return found[1]
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f"serve did not start:\n{self._log.read_text()[-2000:]}")

    def counted(self) -> dict[str, float]:
        """Its metrics without labels, or summed over them."""
        found: dict[str, float] = {}
        for line in self.client.get("/metrics").text.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0].removeprefix("coldwitness_")
                found[name] = found.get(name, 0.0) + float(value)
        return found

    def behind(self) -> float:
        """Messages that are journalled and not stored; what waits to be judged counts as one."""
        told = self.counted()
        rows = told.get("journal_rows_total", 0) - told.get("stored_rows_total", 0)
        return rows + told.get("judge_waiting_shipments", 0)

    def declare(self, fleet: Fleet) -> None:
        for shipment in fleet.shipments:
            self.client.put(f"/v1/shipments/{shipment.id}", json=shipment.manifest)

    def stop(self) -> None:
        self.client.close()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(120)


def run(minutes: float, boxes: int) -> Mapping[str, float]:
    with (
        tempfile.TemporaryDirectory(prefix="capacity-") as place,
        Mosquitto(Path(place) / "broker", shipped_limits() + "\nallow_anonymous true") as broker,
    ):
        folder = Path(place) / "server"
        folder.mkdir()
        server = Server(folder, broker.port)
        assert broker.process is not None
        began, sent, shipments, part = time.monotonic(), 0, 0, 0
        before = processor_s(server.pid), processor_s(broker.process.pid)
        while time.monotonic() - began < minutes * 60:
            fleet = simulate_fleet(
                stories([]),
                boxes=boxes,
                seed=part,
                end_ms=int(time.time() * 1000),
                prefix=f"C{part}",
            )
            server.declare(fleet)
            done = publish(
                fleet,
                host="127.0.0.1",
                port=broker.port,
                connections=4,
                progress=lambda *_: None,
                stop=threading.Event(),
            )
            sent += done.messages
            shipments += len(fleet.shipments)
            part += 1
            while server.behind() > BEHIND:
                time.sleep(0.5)
            print(f"{shipments} shipments, {sent} messages, {time.monotonic() - began:.0f} s",
                  file=sys.stderr)  # fmt: skip
        end_s = time.monotonic() + WITHIN_S
        while server.counted().get("journalled_messages_total", 0) < sent or server.behind():
            if time.monotonic() > end_s:
                break
            time.sleep(0.5)
        wall_s, told = time.monotonic() - began, server.counted()
        spent = processor_s(server.pid) - before[0], processor_s(broker.process.pid) - before[1]
        memory_mb, broker_mb = highest_mb(server.pid), highest_mb(broker.process.pid)
        server.stop()
        register = folder / "register.sqlite"
        return {
            "shipments": shipments,
            "messages": sent,
            "messages_a_shipment": sent / shipments,
            "seconds": wall_s,
            "messages_a_second": sent / wall_s,
            "shipments_a_second": shipments / wall_s,
            "judgements_a_shipment": told["judged_shipments_total"] / shipments,
            "clues_a_shipment": told.get("clues_total", 0.0) / shipments,
            "server_cpu_ms_a_shipment": 1000 * spent[0] / shipments,
            "broker_cpu_ms_a_shipment": 1000 * spent[1] / shipments,
            "server_memory_mb": memory_mb,
            "broker_memory_mb": broker_mb,
            "journal_kb_a_shipment": size_of(folder / "journal") / 1000 / shipments,
            "telemetry_kb_a_shipment": size_of(folder / "telemetry.sqlite") / 1000 / shipments,
            "register_kb_a_shipment": size_of(register) / 1000 / shipments,
            **{f"table_{name}_kb": kb / shipments for name, kb in tables(register).items()},
            "stored_all": told["journal_rows_total"] - told["stored_rows_total"],
            "load": os.getloadavg()[1],
        }


def tables(register: Path) -> dict[str, float]:
    """The largest tables of the register with their indexes [kB]."""
    import sqlite3

    with closing(sqlite3.connect(register)) as connection:
        try:
            rows = connection.execute(
                "SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize) FROM dbstat s LEFT JOIN"
                " sqlite_master m ON m.name = s.name GROUP BY 1 ORDER BY 2 DESC LIMIT 12"
            ).fetchall()
        except sqlite3.OperationalError:  # this SQLite was built without dbstat
            return {}
    return {name: size / 1000 for name, size in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--boxes", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = run(arguments.minutes, arguments.boxes)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:32} {value:12.3f}")


if __name__ == "__main__":
    main()
