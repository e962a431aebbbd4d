"""Two processes that receive, two that judge and two that answer, on one broker, InfluxDB and
PostgreSQL: any of them may be lost, and nobody who asks can tell which one answers."""

import json
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from coldwitness.storage.journal import JournalReader
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.share_ports import SHARES
from tests import servers
from tests.e2e.test_whole_stack import text, wait
from tests.forked import Forked, ran
from tests.ingest.conftest import Mosquitto, shipped_limits
from tests.ingest.publishing import publish_all

WITHIN_S = 10.0
"""By when another process has the shipments of one that was lost."""
PASSWORD = "eine lange Nacht am Fluss"


class Office:
    """The processes of an office, by name, and what is asked of them."""

    def __init__(self, folder: Path, register: SqlRegister, broker: Mosquitto) -> None:
        self.folder = folder
        self.register = register
        self.broker = broker
        self.running: dict[str, Forked] = {}
        self.address: dict[str, str] = {}
        self.key = ""

    def command(self, *arguments: str) -> str:
        done = ran(["--config", "coldwitness.toml", *arguments], cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, name: str, *arguments: str, ready: str) -> None:
        log = self.folder / f"{name}.log"
        with log.open("w") as stderr:
            command = ["--config", "coldwitness.toml", *arguments]
            self.running[name] = Forked(command, cwd=self.folder, stderr=stderr)
        wait(lambda: re.search(ready, log.read_text("utf-8")) is not None, log.read_text)
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text("utf-8"))
        if found is not None:
            self.address[name] = found[0]

    def judge(self, name: str) -> None:
        self.start(name, "judge", ready="judges [0-9]+ shares")

    def lose(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        self.running[name].send_signal(number)

    def ask(self, name: str, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        address = self.address[name] + path
        return httpx.request(method, address, headers=headers, timeout=30, **more)

    def publish(self, shipments: Sequence[str], minutes: range, *, drug_c: float = 4.5) -> None:
        publish_all(
            self.broker.port,
            [reading(name, minute, drug_c) for minute in minutes for name in shipments],
        )

    def judged(self, name: str, shipments: Sequence[str], readings: int) -> float:
        """Seconds until each result of a server rests on so many readings."""
        began_s = time.monotonic()

        def all_are() -> bool:
            return all(
                answer.status_code == 200 and answer.json()["metrics"]["readings"] == readings
                for one in shipments
                if (answer := self.ask(name, "GET", f"/v1/shipments/{one}/check"))
            )

        wait(all_are, self.logs)
        return time.monotonic() - began_s

    def logs(self) -> str:
        return "\n".join(
            f"{file.name}:\n{file.read_text('utf-8')[-1500:]}" for file in self.folder.glob("*.log")
        )

    def wait_for_shares(self, *judges: int) -> None:
        """Until so many processes judge, with so many shares each."""
        wait(
            lambda: sorted(self.register.judge_shares.judges().values()) == sorted(judges),
            lambda: str(self.register.judge_shares.judges()),
        )


BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)


def reading(shipment: str, minute: int, drug_c: float) -> tuple[str, bytes]:
    number = shipment.rpartition("-")[2]
    fields = {
        "shipment": shipment,
        "logger": f"LG-{number}",
        "seq": minute,
        "time": text(BEGIN + timedelta(minutes=minute)),
        "temperature": {"drug": drug_c},
    }
    return f"coldchain/v1/ql-express/BX-{number}/readings", json.dumps(fields).encode()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as stack:
        influx = stack.enter_context(servers.influxd(tmp_path / "influx"))
        postgres = stack.enter_context(servers.postgres(tmp_path / "postgres"))
        limits = shipped_limits() + "\nallow_anonymous true"
        broker = stack.enter_context(Mosquitto(tmp_path / "mosquitto", limits))
        (tmp_path / "coldwitness.toml").write_text(
            f"""
[mqtt]
port = {broker.port}
shared_group = "ingest"
[store]
telemetry = "influx"
influx_url = "{influx}"
influx_bucket = "many"
register_url = "{postgres}"
[http]
port = 0
[judging]
default_storage = "refrigerated"
processes = 1
"""
        )
        register = open_register(postgres)
        stack.callback(register.close)
        running = Office(tmp_path, register, broker)
        stack.callback(lambda: [_ended(one) for one in running.running.values()])
        running.command("setup", "influx")
        running.key = re.findall(
            r"cw_\S+", running.command("keys", "add", "office", "--role", "admin")
        )[0]
        (tmp_path / "password").write_text(PASSWORD)
        running.command(
            *("users", "add", "badge-1", "--role", "inspector", "--division", "370303"),
            *("--password-file", "password"),
        )
        for name in ("w1", "w2"):
            running.start(name, "ingest", "--worker", name, ready="connected")
        for name in ("judge1", "judge2"):
            running.judge(name)
        for name in ("api1", "api2"):
            running.start(name, "serve", "--no-ingest", "--no-judge", ready="coldwitness: http")
        yield running


def _ended(process: Forked) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


@contextmanager
def listening(office: Office, name: str, *, after: str | None = None) -> Iterator[list[Any]]:
    """What a listener at one of the servers hears: (number, event, data)."""
    heard: list[Any] = []
    headers = {} if after is None else {"Last-Event-ID": after}
    headers["Authorization"] = f"Bearer {office.key}"
    client = httpx.Client(timeout=60)
    ready = threading.Event()

    def listen() -> None:
        with suppress(httpx.HTTPError, RuntimeError):
            address = office.address[name] + "/v1/live"
            with client.stream("GET", address, headers=headers) as stream:
                number = event = ""
                for line in stream.iter_lines():
                    ready.set()
                    key, _, value = line.partition(": ")
                    number = value if key == "id" else number
                    event = value if key == "event" else event
                    if key == "data" and event != "beat":
                        heard.append((number, event, json.loads(value)))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield heard
    finally:
        client.close()
        thread.join(20)


def verdicts(heard: Sequence[Any]) -> set[str]:
    return {data["shipment"] for _, event, data in heard if event == "verdict"}


@pytest.mark.timeout(240)
def test_any_process_may_be_lost_and_any_server_answers(office: Office) -> None:
    names = [f"ZB-{n}" for n in range(12)]
    office.wait_for_shares(SHARES // 2, SHARES // 2)

    # What is judged anywhere is heard at each server, under one number.
    with listening(office, "api1") as one, listening(office, "api2") as two:
        office.publish(names, range(5))
        office.judged("api1", names, 5)
        office.judged("api2", names, 5)
        wait(lambda: verdicts(one) == verdicts(two) == set(names), office.logs)
        wait(lambda: one[-1][0] == two[-1][0], office.logs, within_s=5)
    by_number = {number: data for number, _, data in one}
    assert all(by_number[number] == data for number, _, data in two if number in by_number)
    middle = one[len(one) // 2][0]
    with listening(office, "api2", after=middle) as again:
        behind = [told for told in one if int(told[0]) > int(middle)]
        wait(lambda: len(again) >= len(behind), office.logs)
        assert again[: len(behind)] == behind, "a browser that comes back to another server"

    # Each message is in one journal, and both received some.
    rows = Counter(
        (worker, row.payload)
        for worker in ("w1", "w2")
        for row in JournalReader(office.folder / "coldwitness-data/journal").read(worker)
        if not row.note
    )
    assert len({payload for _, payload in rows}) == sum(rows.values()) == 5 * len(names)
    assert {worker for worker, _ in rows} == {"w1", "w2"}

    # A judge is killed, another one is stopped; each time the others have its shipments.
    office.lose("judge1")
    office.publish(names, range(5, 10), drug_c=12.0)
    assert office.judged("api1", names, 10) < WITHIN_S
    office.judge("judge3")
    office.wait_for_shares(SHARES // 2, SHARES // 2)
    office.lose("judge2", signal.SIGSTOP)
    office.publish(names, range(10, 12), drug_c=12.0)
    assert office.judged("api2", names, 12) < WITHIN_S
    office.lose("judge2", signal.SIGCONT)
    office.wait_for_shares(SHARES // 2, SHARES // 2)
    office.publish(names, range(12, 14), drug_c=12.0)
    office.judged("api2", names, 14)
    told = office.register.clues.after(0, limit=1000)
    opened = [entry.clue.shipment for entry in told if entry.change.kind == "opened"]
    assert sorted(opened) == sorted(names), "no clue lost or doubled"
    for name in names:
        kept = [one.version for one in office.register.results.versions(name)]
        assert kept == [*range(1, len(kept) + 1)]

    # Signing in, wrong passwords and repeated posts are the same at either server.
    signs_in(office)
    body = {"source": "complaint", "source_number": "12345-1", "content": "箱盖未关"}
    headers = {"Idempotency-Key": "once"}
    posts = [
        office.ask(name, "POST", "/v1/clues", json=body, headers=headers)
        for name in ("api1", "api2", "api1")
    ]
    assert [answer.status_code for answer in posts] == [201] * 3, posts[0].text
    assert len({answer.text for answer in posts}) == 1
    taken = [entry for entry in office.register.clues.after(0, limit=1000) if not entry.clue.kind]
    assert len(taken) == 1

    # A condition holds over both: of two changes of what was read one is made.
    assert changed(office, names[3], "api2", "refrigerated", tag=None) == 200
    tag = office.ask("api1", "GET", f"/v1/shipments/{names[3]}").headers["ETag"]
    changes = [("api1", "room"), ("api2", "frozen")]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda one: changed(office, names[3], *one, tag=tag), changes))
    assert sorted(answers) == [200, 412]

    # What one server is told, whoever judges judges by; and its report is of now.
    manifest = {"id": names[1], "items": [{"name": "x", "category": "drug", "storage": "cool"}]}
    assert office.ask("api1", "PUT", f"/v1/shipments/{names[1]}", json=manifest).status_code < 300
    wait(lambda: office.register.results.versions(names[1])[-1].reason == "manifest", office.logs)
    report = office.ask("api2", "GET", f"/v1/shipments/{names[2]}/report.json")
    assert report.status_code == 200, report.text

    # Where nobody judges any more, the servers say so.
    for name in ("judge2", "judge3"):
        office.lose(name, signal.SIGTERM)
        assert office.running[name].wait(30) == 0
    ready = office.ask("api1", "GET", "/readyz")
    assert ready.status_code == 503
    assert "coldwitness judge" in ready.json()["parts"]["judging"]["detail"]
    assert "Traceback" not in office.logs()


def changed(office: Office, shipment: str, name: str, storage: str, *, tag: str | None) -> int:
    body = {"id": shipment, "items": [{"name": "x", "category": "drug", "storage": storage}]}
    headers = {} if tag is None else {"If-Match": tag}
    return office.ask(
        name, "PUT", f"/v1/shipments/{shipment}", json=body, headers=headers
    ).status_code


def signs_in(office: Office) -> None:
    def attempt(name: str, password: str) -> httpx.Response:
        form = {"name": "badge-1", "password": password}
        return httpx.post(f"{office.address[name]}/sign-in", data=form, timeout=30)

    begun = attempt("api1", PASSWORD)
    assert begun.status_code == 303, begun.text
    cookies = dict(begun.cookies)
    for name in ("api1", "api2"):
        page = httpx.get(f"{office.address[name]}/devices", cookies=cookies, timeout=30)
        assert page.status_code == 200
    for turn in range(5):
        assert attempt(f"api{1 + turn % 2}", "falsch").status_code == 403
    for name in ("api1", "api2"):
        assert attempt(name, PASSWORD).status_code == 403, "locked at both"
