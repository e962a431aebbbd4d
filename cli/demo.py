"""`coldwitness demo`: the main job with nothing installed.

A real MQTT broker as a child process, ingest, journal, stores, live judging, API and pages on
loopback; a simulated fleet publishes its morning in accelerated time; a small independent
program receives the clues.
"""

from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.demo_run import DemoOptions, run_demo
from coldwitness.cli.settings_in_force import config_arguments
from coldwitness.domain.errors import BadInput


def demo(
    context: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="end after the fleet has been delivered")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="one line a shipment instead of the table")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="HTTP port")] = 8000,
    mqtt_port: Annotated[
        int, typer.Option("--mqtt-port", min=0, max=65535, help="MQTT port")
    ] = 1883,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="keep journal and stores here; else a folder that goes"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="another morning")] = 1,
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, max=600, help="how long the morning takes")
    ] = 20.0,
    roles: Annotated[
        bool,
        typer.Option("--roles", help="then make a user a role, show what each sees, want sign-in"),
    ] = False,
    lang: Annotated[str, typer.Option("--lang", help="zh or en")] = "zh",
) -> None:
    """Run the main job: broker, ingest, judging, pages, and a simulated fleet."""
    if config_arguments(context):
        raise BadInput(
            "demo: takes no --config: it brings broker, stores and formats of its own;"
            " `coldwitness serve` works by your settings"
        )
    run_demo(
        DemoOptions(
            once=once,
            as_json=as_json,
            http_port=port,
            mqtt_port=mqtt_port,
            data=data,
            seed=seed,
            seconds=seconds,
            lang=lang,
            roles=roles,
        )
    )
