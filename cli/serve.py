"""`coldwitness serve`: ingest, judging, API and pages against the configured broker and stores."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    @app.command("serve")
    def serve(
        no_ingest: Annotated[
            bool,
            typer.Option(
                "--no-ingest", help="other processes (`coldwitness ingest`) take the messages"
            ),
        ] = False,
    ) -> None:
        """Run ingest, judging, API and pages against the configured broker and stores."""
        import sys

        from coldwitness.cli.logs import log_to_stderr
        from coldwitness.cli.running import Running
        from coldwitness.cli.waiting import wait_for_the_end
        from coldwitness.config.settings import load_settings

        log_to_stderr()
        settings = load_settings()
        with Running(settings, own_ingest=not no_ingest) as running:
            broker = "elsewhere" if no_ingest else f"{settings.mqtt.host}:{settings.mqtt.port}"
            print(f"coldwitness: {running.url}  MQTT {broker}", file=sys.stderr)
            wait_for_the_end()
            print("coldwitness: ending", file=sys.stderr)
