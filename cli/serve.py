"""`coldwitness serve`: ingest, judging, API and pages against the configured broker and stores."""

import sys
import threading
from contextlib import nullcontext
from typing import Annotated

import typer

from coldwitness.cli.logs import log_to_stderr
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.cli.starting import started
from coldwitness.cli.waiting import ending
from coldwitness.judging.companion import companion


def serve(
    context: typer.Context,
    no_ingest: Annotated[
        bool,
        typer.Option(
            "--no-ingest", help="other processes (`coldwitness ingest`) take the messages"
        ),
    ] = False,
    no_judge: Annotated[
        bool,
        typer.Option("--no-judge", help="other processes (`coldwitness judge`) judge (PostgreSQL)"),
    ] = False,
) -> None:
    """Run ingest, judging, API and pages against the configured broker and stores."""
    log_to_stderr()
    settings = settings_of(context)
    log_to_stderr(settings.log)
    with (
        # Before there is any thread.
        nullcontext() if no_judge else companion(settings.judging) as second,
        ending(threading.Event()) as end,
        started(
            settings,
            own_ingest=not no_ingest,
            own_judge=not no_judge,
            end=end,
            second=second,
        ) as running,
    ):
        if running is not None:
            broker = "elsewhere" if no_ingest else f"{settings.mqtt.host}:{settings.mqtt.port}"
            print(f"coldwitness: {running.url}  MQTT {broker}", file=sys.stderr)
            end.wait()
        print("coldwitness: ending", file=sys.stderr)
