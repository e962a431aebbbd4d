"""What the demo does, step by step, and the table it ends with."""

import contextlib
import json
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
from pydantic import SecretStr
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from coldwitness.cli.demo_roles import show_roles
from coldwitness.cli.logs import log_to_stderr
from coldwitness.cli.result_text import status_words
from coldwitness.cli.running import Running
from coldwitness.cli.waiting import ending
from coldwitness.config.settings import (
    ClueSettings,
    HttpSettings,
    JournalSettings,
    JudgingSettings,
    LogSettings,
    MqttSettings,
    Settings,
    StoreSettings,
    WebhookSettings,
)
from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.ingest.mqtt.embedded import EmbeddedBroker
from coldwitness.simulators.demo_fleet import demo_fleet
from coldwitness.simulators.fleet import Fleet
from coldwitness.simulators.office import registrations
from coldwitness.simulators.publisher import publish
from coldwitness.storage.journal.durable import write_text

JUDGED_WITHIN_S = 30.0
QUIET_LOOKS = 3
SUBSCRIBED_WITHIN_S = 20.0
_MORNING = "morning.json"
_STYLE = {
    "breach": "bold red",
    "suspected": "yellow",
    "insufficient_evidence": "cyan",
    "asserted": "blue",
}


class _Morning(msgspec.Struct, frozen=True):
    """What tells a fleet from others."""

    seed: int
    end_ms: int


@dataclass(frozen=True)
class DemoOptions:
    once: bool
    as_json: bool
    http_port: int
    mqtt_port: int
    data: Path | None
    seed: int
    seconds: float
    lang: str
    roles: bool = False


def run_demo(options: DemoOptions) -> None:
    """Run it all; returns when the fleet is delivered (`once`) or after Ctrl-C."""
    if options.lang not in ("zh", "en"):
        raise BadInput(f"--lang: expected zh or en, got {options.lang!r}")
    log_to_stderr(LogSettings(level="error"))
    stop = threading.Event()
    delivered = False
    with ExitStack() as stack:
        stack.enter_context(ending(stop))
        console = Console(file=sys.__stderr__)
        folder = _folder(options, stack)
        broker = stack.enter_context(EmbeddedBroker(folder / "broker", port=options.mqtt_port))
        receiver = stack.enter_context(_receiver(folder, console))
        settings = _settings(options, folder, broker.port, receiver)
        running = stack.enter_context(Running(settings, any_free_port=True))
        if running.services.doors.closed():
            raise BadInput("--data: there are keys or users in it, and the demo signs in as nobody")
        _wait_until_received(running, stop)
        _say_where(console, options, running.url, broker)
        fleet = demo_fleet(seed=options.seed, end_ms=_morning_end_ms(folder, options.seed))
        with httpx.Client(base_url=running.url, trust_env=False, timeout=30) as api:
            _register(api, fleet)
            _declare(api, fleet)
            _play(fleet, broker, running, options, console, stop)
            if not stop.is_set():
                _wait_until_judged(running, fleet, stop)
            lines = list(_lines(api, fleet))
        delivered = not stop.is_set()
        _print(lines, options)
        if options.roles and not stop.is_set():
            show_roles(running, console)
        console.print(f"[bold]{running.url}[/bold]  检查页 inspector's page", highlight=False)
        if not options.once:
            console.print("运行中，按 Ctrl-C 结束。Serving until Ctrl-C.")
            while not stop.wait(0.5):
                pass
            console.print("结束 ending …")
    if delivered:
        # Last of all: killed before, the next start would declare other journeys under these names.
        (folder / _MORNING).unlink(missing_ok=True)


def _folder(options: DemoOptions, stack: ExitStack) -> Path:
    if options.data is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coldwitness-")))
    try:
        options.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--data {options.data}: cannot be made: {error.strerror}") from error
    return options.data


def _morning_end_ms(folder: Path, seed: int) -> int:
    """When the last journey ends: now, or as it stands in the folder of a demo that did not come to
    its end, or not to that of its fleet: this one goes on with its journeys. Raises Unavailable."""
    path = folder / _MORNING
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        begun = msgspec.json.decode(path.read_bytes(), type=_Morning)
        if begun.seed == seed:
            return begun.end_ms
    morning = _Morning(seed=seed, end_ms=time.time_ns() // 1_000_000)
    write_text(path, msgspec.json.encode(morning))
    return morning.end_ms


def _settings(
    options: DemoOptions, folder: Path, mqtt_port: int, webhook: WebhookSettings
) -> Settings:
    return Settings(
        mqtt=MqttSettings(port=mqtt_port),
        journal=JournalSettings(directory=folder / "journal"),
        store=StoreSettings(
            embedded_file=folder / "telemetry.sqlite",
            register_url=f"sqlite:///{folder / 'register.sqlite'}",
            archive_directory=folder / "archive",
        ),
        http=HttpSettings(port=options.http_port),
        # The demo says for itself what it would not assume for a bureau: boxes without a
        # manifest carry refrigerated drugs.
        judging=JudgingSettings(default_storage="refrigerated"),
        # One may try a receiver of one's own at it.
        clues=ClueSettings(webhook_networks=("127.0.0.0/8", "::1/128")),
        webhooks=(webhook,),
    )


@contextlib.contextmanager
def _receiver(folder: Path, console: Console) -> Iterator[WebhookSettings]:
    """The stand-in case system, a program of its own; its lines are shown as they come."""
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    secret_file = folder / "receiver.secret"
    secret_file.touch(mode=0o600)
    secret_file.write_text(secret, encoding="utf-8")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "coldwitness.simulators.case_system_receiver",
            "--port=0",
            f"--secret-file={secret_file}",
        ],
        stdin=subprocess.PIPE,  # it ends when this pipe closes, even if we are killed
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=False,
    )
    try:
        address = process.stdout.readline().strip() if process.stdout else ""
        if not address.startswith("http://"):
            raise Unavailable(f"case system receiver did not start: {address!r}")
        threading.Thread(target=_echo, args=(process, console), daemon=True).start()
        yield WebhookSettings(url=address, secret=SecretStr(secret))
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        if process.poll() is None:
            process.kill()
            process.wait()


def _echo(process: subprocess.Popen[str], console: Console) -> None:
    for line in process.stdout or ():
        console.print(
            f"[dim]案件系统 case system:[/dim] {line.rstrip()}", highlight=False, soft_wrap=True
        )


def _say_where(console: Console, options: DemoOptions, url: str, broker: EmbeddedBroker) -> None:
    if broker.port_was_busy:
        console.print(f"MQTT port {options.mqtt_port} 已被占用 is busy; using {broker.port}")
    if options.http_port and not url.endswith(f":{options.http_port}"):
        console.print(f"HTTP port {options.http_port} 已被占用 is busy; using {url}")
    console.print(
        f"检查页 page {url}   MQTT mqtt://127.0.0.1:{broker.port}", highlight=False, soft_wrap=True
    )
    console.print("演示不需登录，只应答本机。No sign-in: the demo answers this machine alone.")


def _wait_until_received(running: Running, stop: threading.Event) -> None:
    """Until the worker has subscribed: the broker has no one to keep an earlier message for, and
    drops it. Raises Unavailable where it does not come to that."""
    end_s = time.monotonic() + SUBSCRIBED_WITHIN_S
    while running.ingest.status().state != "running" and not stop.wait(0.02):
        if time.monotonic() > end_s:
            raise Unavailable(
                f"the demo's own broker: not subscribed within {SUBSCRIBED_WITHIN_S:g} s:"
                f" {running.ingest.status().problem}"
            )


def _register(api: httpx.Client, fleet: Fleet) -> None:
    """The office registers what it knows of a part of the fleet."""
    for address, body in registrations(fleet):
        answer = api.put(address, json=body)
        if answer.is_error:
            raise Unavailable(f"{address}: {answer.status_code} {answer.text}")


def _declare(api: httpx.Client, fleet: Fleet) -> None:
    """Couriers declare their shipments over the same API anyone would use."""
    for shipment in fleet.shipments:
        answer = api.put(f"/v1/shipments/{shipment.id}", json=shipment.manifest)
        if answer.is_error:
            raise Unavailable(f"manifest of {shipment.id}: {answer.status_code} {answer.text}")


def _play(
    fleet: Fleet,
    broker: EmbeddedBroker,
    running: Running,
    options: DemoOptions,
    console: Console,
    stop: threading.Event,
) -> None:
    """Publish the morning while a display shows what has been published, stored and judged."""
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
    )
    published = bars.add_task("发布 published", total=fleet.message_count)
    stored = bars.add_task("入证据链 journalled", total=fleet.message_count)

    def show(sent: int, _total: int) -> None:
        bars.update(published, completed=sent)
        bars.update(stored, completed=min(running.ingest.status().journalled, fleet.message_count))

    with Live(bars, console=console, refresh_per_second=8, transient=True):
        publish(
            fleet,
            host=broker.host,
            port=broker.port,
            duration_s=options.seconds,
            progress=show,
            stop=stop,
        )


def _wait_until_judged(running: Running, fleet: Fleet, stop: threading.Event) -> None:
    """Until all that was published is journalled and stored and every shipment was judged. Raises
    Unavailable where nothing of that goes on: what is judged then is not what was delivered."""
    last, end_s, quiet = (-1, -1, -1), 0.0, 0
    while not stop.is_set():
        status, judged = running.ingest.status(), len(_known(running))
        now = (status.journalled, status.stored_row or 0, judged)
        if now != last:
            last, end_s = now, time.monotonic() + JUDGED_WITHIN_S
        whole = status.journalled >= fleet.message_count and judged >= len(fleet.shipments)
        stored = running.ingest.wait_until_stored(0)
        # Several looks: a tick takes its shipments a moment before its run begins.
        quiet = quiet + 1 if whole and stored and running.judge.idle else 0
        if quiet == QUIET_LOOKS:
            return
        if time.monotonic() > end_s:
            raise Unavailable(
                f"the demo's fleet: {status.journalled} of {fleet.message_count} messages are"
                f" journalled, {judged} of {len(fleet.shipments)} shipments judged, and nothing"
                f" changed for {JUDGED_WITHIN_S:g} s: {status.problem or status.store_problem}"
            )
        time.sleep(0.05)


def _known(running: Running) -> list[str]:
    rows = running.register.shipments.rows(limit=500)
    return [row.id for row in rows if row.verdict is not None]


def _lines(api: httpx.Client, fleet: Fleet) -> Iterator[Mapping[str, Any]]:
    for shipment in fleet.shipments:
        answer = api.get(f"/v1/shipments/{shipment.id}/check")
        result = answer.json()
        yield {
            "shipment": shipment.id,
            "story": shipment.scenario.name,
            "verdict": result.get("verdict", "insufficient_evidence"),
            "findings": sorted(
                {f"{finding['kind']}/{finding['subtype']}" for finding in result["findings"]}
            ),
            "requirements": {
                line["id"]: line["status"]
                for line in result["requirements"]
                if line["status"] not in ("compliant", "not_applicable")
            },
        }


def _print(lines: list[Mapping[str, Any]], options: DemoOptions) -> None:
    if options.as_json:
        for line in lines:
            print(json.dumps(line, ensure_ascii=False))
        return
    table = Table(title="冷证 ColdWitness", title_justify="left")
    table.add_column("运单 shipment", no_wrap=True)
    table.add_column("模拟情节 story", no_wrap=True)
    table.add_column("判定 verdict", overflow="fold")
    table.add_column("发现 findings", overflow="fold")
    for line in lines:
        verdict = str(line["verdict"])
        table.add_row(
            str(line["shipment"]),
            str(line["story"]),
            f"[{_STYLE.get(verdict, 'green')}]{status_words(verdict, lang=options.lang)}[/]",
            "\n".join(line["findings"]) or "—",
        )
    console = Console(file=sys.__stdout__)
    if not console.is_terminal:
        console.width = 140  # a file or a pipe has no width of its own; cut words say nothing
    console.print(table)
