"""`coldwitness simulate`: a fleet of physical boxes to a broker, or to files with the truth."""

import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.waiting import ending
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms
from coldwitness.simulators.fleet import Fleet, simulate_fleet
from coldwitness.simulators.publisher import publish
from coldwitness.simulators.scenario import Scenario, scenario, scenario_names
from coldwitness.simulators.scenario import scenario as load
from coldwitness.simulators.writer import write_fleet

DEFAULT_END = "2026-06-18T03:30:00Z"
"""End of a fleet written to files, so that the same seed gives the same bytes on any day."""

MIX = ("clean", "clean_long", "clean_spring", "traffic_jam", "door_wait", "allowed_transfer")
"""Ordinary deliveries; without --scenario three of these go between any two other stories."""


def simulate(
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write telemetry, manifests and truth into this folder."),
    ] = None,
    broker: Annotated[
        str | None, typer.Option("--broker", help="Publish to this MQTT broker: HOST:PORT.")
    ] = None,
    boxes: Annotated[int, typer.Option("--boxes", min=1, help="Number of boxes.")] = 24,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same data.")] = 1,
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", help="Scenario name or TOML file; repeat for several."),
    ] = None,
    speedup: Annotated[
        float | None,
        typer.Option("--speedup", help="Simulated seconds per second; else as fast as it goes."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--end",
            help=f"When the last journey ends, RFC 3339 (files: {DEFAULT_END}; broker: now).",
        ),
    ] = None,
    prefix: Annotated[str, typer.Option("--prefix", help="How shipment ids begin.")] = "ZB",
    username: Annotated[str | None, typer.Option("--username", help="MQTT user.")] = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="File with the MQTT password.")
    ] = None,
    connections: Annotated[
        int, typer.Option("--connections", min=1, max=64, help="MQTT connections.")
    ] = 2,
    list_: Annotated[bool, typer.Option("--list", help="List the scenarios and stop.")] = False,
) -> None:
    """Simulate delivery boxes: physics, roads, loggers, radio, fraud, and the truth of it.

    Either or both of --out and --broker. Manifests are not sent over MQTT: write them with
    --out and load them with `coldwitness import`.
    """
    if list_:
        for name in scenario_names():
            story = load(name)
            typer.echo(f"{name:24} {story.title.zh}: {story.story}")
        return
    if out is None and broker is None:
        raise BadInput("simulate: expected --out DIR or --broker HOST:PORT (or --list)")
    address = _address(broker) if broker is not None else None
    password = _password(password_file)
    fleet = simulate_fleet(
        stories(scenario or []),
        boxes=boxes,
        seed=seed,
        end_ms=_end_ms(end, live=broker is not None),
        prefix=prefix,
    )
    if out is not None:
        write_fleet(fleet, out)
        typer.echo(
            f"{len(fleet.shipments)} shipments, {fleet.reading_count} readings written to {out}",
            err=True,
        )
    if address is not None:
        _send(
            fleet,
            address,
            speedup=speedup,
            username=username,
            password=password,
            connections=connections,
        )


def stories(names: Sequence[str]) -> "list[Scenario]":
    """Of these names; without any, ordinary deliveries with each of the others between them."""
    if names:
        return [scenario(name) for name in names]
    told = []
    for number, name in enumerate(n for n in scenario_names() if n not in MIX):
        told += [MIX[(3 * number + k) % len(MIX)] for k in range(3)] + [name]
    return [scenario(name) for name in told]


def _send(
    fleet: Fleet,
    address: tuple[str, int],
    *,
    speedup: float | None,
    username: str | None,
    password: str | None,
    connections: int,
) -> None:
    def progress(sent: int, total: int) -> None:
        if sys.stderr.isatty():
            typer.echo(f"\r{sent} of {total} messages", err=True, nl=sent == total)

    with ending(threading.Event()) as stop:
        done = publish(
            fleet,
            host=address[0],
            port=address[1],
            speedup=speedup,
            username=username,
            password=password,
            connections=connections,
            progress=progress,
            stop=stop,
        )
    wanted = f" ({speedup:g} wanted)" if speedup is not None else ""
    late = f", {done.behind_s:.1f} s behind the wanted pace" if done.behind_s > 1 else ""
    typer.echo(
        f"{done.messages} messages of {len(fleet.shipments)} boxes acknowledged in "
        f"{done.seconds:.1f} s: {done.messages_per_s:.0f} messages/s, "
        f"{done.speedup:.3g} simulated seconds per second{wanted}{late}",
        err=True,
    )
    if stop.is_set():
        raise typer.Exit(130)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise BadInput(f"--broker: expected HOST:PORT, got {text!r}")
    return host.strip("[]"), int(port)


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadInput(f"--password-file: {path}: cannot be read: {error.strerror}") from error


def _end_ms(text: str | None, *, live: bool) -> int:
    if text is None:
        return int(time.time() * 1000) if live else instant_ms(DEFAULT_END)
    try:
        return instant_ms(text)
    except ValueError as error:
        raise BadInput(f"--end: {error}") from error
