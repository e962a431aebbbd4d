"""`coldwitness serve`: ingest, judging, API and pages against the configured broker and stores."""

import typer


def register(app: typer.Typer) -> None:
    @app.command("serve")
    def serve() -> None:
        """Run ingest, judging, API and pages against the configured broker and stores."""
        import sys

        from cli.logs import log_to_stderr
        from cli.running import Running
        from cli.waiting import wait_for_the_end
        from config.settings import load_settings

        log_to_stderr()
        settings = load_settings()
        with Running(settings) as running:
            broker = f"{settings.mqtt.host}:{settings.mqtt.port}"
            print(f"coldwitness: {running.url}  MQTT {broker}", file=sys.stderr)
            wait_for_the_end()
            print("coldwitness: ending", file=sys.stderr)
