"""`coldwitness quarantine`: what was refused, why, and trying it again."""

import json
from typing import Annotated

import typer

REFUSED_STILL = 1
JsonOption = Annotated[bool, typer.Option("--json", help="one JSON line each, for machines")]


def register(app: typer.Typer) -> None:
    commands = typer.Typer(
        help="隔离区。Messages, or parts of them, that could not be used; their bytes are in the"
        " journal.",
        no_args_is_help=True,
    )
    app.add_typer(commands, name="quarantine")
    _add_reading(commands)
    _add_replay(commands)


def _add_reading(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_refused(
        reason: Annotated[str | None, typer.Option("--reason", help="this reason only")] = None,
        after: Annotated[int, typer.Option("--after", min=0, help="rows after this one")] = 0,
        limit: Annotated[int, typer.Option("--limit", min=1, help="at most so many lines")] = 100,
        counts: Annotated[bool, typer.Option("--counts", help="only the sums by reason")] = False,
        as_json: JsonOption = False,
    ) -> None:
        """What was refused, by worker and row."""
        from coldwitness.config.settings import load_settings
        from coldwitness.domain.instants import rfc3339
        from coldwitness.ingest.progress import open_progress

        for progress in open_progress(load_settings().journal.directory):
            with progress:
                if counts:
                    for name, count in progress.counts().items():
                        line = {"worker": progress.worker, "reason": name, "count": count}
                        text = f"{progress.worker}  {name}: {count}"
                        typer.echo(json.dumps(line) if as_json else text)
                    continue
                for refused in progress.refusals(reason=reason, after=after, limit=limit):
                    received = rfc3339(refused.received_ms)
                    if as_json:
                        line = {
                            "worker": progress.worker,
                            "row": refused.row,
                            "part": refused.part if refused.part >= 0 else None,
                            "reason": refused.reason,
                            "text": refused.text,
                            "topic": refused.topic,
                            "received": received,
                        }
                        typer.echo(json.dumps(line, ensure_ascii=False))
                    else:
                        part = f"[{refused.part}]" if refused.part >= 0 else ""
                        typer.echo(
                            f"{progress.worker}:{refused.row}{part}  {received}  {refused.reason}  "
                            f"{refused.topic}  {refused.text}"
                        )

    @commands.command("show")
    def show(position: Annotated[str, typer.Argument(help="as listed, such as w1:17")]) -> None:
        """The message itself, and every reason it was refused for."""
        from coldwitness.cli.journal import row_as_json
        from coldwitness.config.settings import load_settings
        from coldwitness.ingest.progress import Progress
        from coldwitness.storage.journal import JournalReader

        directory = load_settings().journal.directory
        worker, row = parse_position(position)
        shown = row_as_json(JournalReader(directory).row(worker, row))
        with Progress(directory, worker) as progress:
            shown["refused"] = [
                {
                    "part": refused.part if refused.part >= 0 else None,
                    "reason": refused.reason,
                    "text": refused.text,
                }
                for refused in progress.refusals(row=row)
            ]
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=1))


def _add_replay(commands: typer.Typer) -> None:
    @commands.command("replay")
    def replay(
        reason: Annotated[str | None, typer.Option("--reason", help="this reason only")] = None,
        position: Annotated[
            str | None, typer.Argument(help="one message, such as w1:17; else all")
        ] = None,
    ) -> None:
        """Read refused messages again with the settings in force now; store what can be used.

        Exit 1 if something is refused still."""
        from coldwitness.cli.wiring import future_tolerance_s
        from coldwitness.config.settings import load_settings
        from coldwitness.ingest.progress import open_progress
        from coldwitness.ingest.replay import replay_refused
        from coldwitness.ingest.routes import Routes
        from coldwitness.storage.journal import JournalReader
        from coldwitness.storage.register import open_register
        from coldwitness.storage.telemetry import open_telemetry

        settings = load_settings()
        wanted = parse_position(position) if position is not None else None
        store, register_ = (
            open_telemetry(settings.store, sole_writer=False),
            open_register(settings.store.register_url),
        )
        still = 0
        try:
            for progress in open_progress(settings.journal.directory):
                with progress:
                    if wanted is not None and wanted[0] != progress.worker:
                        continue
                    routes = Routes(
                        settings.formats, max_payload_bytes=settings.mqtt.max_payload_bytes
                    )
                    outcome = replay_refused(
                        progress,
                        JournalReader(settings.journal.directory),
                        routes,
                        store=store,
                        register=register_,
                        future_tolerance_s=future_tolerance_s(settings),
                        reason=reason,
                        row=wanted[1] if wanted is not None else None,
                    )
                still += outcome.still_refused
                typer.echo(
                    f"{progress.worker}: {outcome.messages} messages read again, {outcome.readings}"
                    f" readings and {outcome.events} events stored, {outcome.still_refused}"
                    " refusals stand"
                )
        finally:
            store.close()
            register_.close()
        if still:
            raise typer.Exit(REFUSED_STILL)


def parse_position(text: str) -> tuple[str, int]:
    """`w1:17` → ("w1", 17); raises BadInput."""
    from coldwitness.domain.errors import BadInput

    worker, colon, row = text.partition(":")
    if not colon or not worker.isalnum() or not row.isdigit():
        raise BadInput(f"position {text!r}: expected WORKER:ROW, such as w1:17")
    return worker, int(row)
