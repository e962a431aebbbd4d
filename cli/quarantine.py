"""`coldwitness quarantine`: what was refused, why, and trying it again."""

import json
from typing import Annotated

import typer

from coldwitness.cli.drug_names import drug_names_kept
from coldwitness.cli.future_tolerance import future_tolerance_s
from coldwitness.cli.journal import row_as_json
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.ingest.progress import Progress, open_progress
from coldwitness.ingest.replay import replay_refused
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import JournalReader
from coldwitness.storage.opening import stores

REFUSED_STILL = 1
JsonOption = Annotated[bool, typer.Option("--json", help="one JSON line each, for machines")]


app = typer.Typer(
    help="隔离区。Messages, or parts of them, that could not be used; their bytes are in the"
    " journal.",
    no_args_is_help=True,
)


@app.command("list")
def list_refused(
    context: typer.Context,
    reason: Annotated[str | None, typer.Option("--reason", help="this reason only")] = None,
    after: Annotated[int, typer.Option("--after", min=0, help="rows after this one")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, help="at most so many lines")] = 100,
    counts: Annotated[bool, typer.Option("--counts", help="only the sums by reason")] = False,
    as_json: JsonOption = False,
) -> None:
    """What was refused, by worker and row."""
    for progress in open_progress(settings_of(context).journal.directory):
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


@app.command("show")
def show(
    context: typer.Context,
    position: Annotated[str, typer.Argument(help="as listed, such as w1:17")],
) -> None:
    """The message itself, and every reason it was refused for."""
    directory = settings_of(context).journal.directory
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


@app.command("replay")
def replay(
    context: typer.Context,
    reason: Annotated[str | None, typer.Option("--reason", help="this reason only")] = None,
    position: Annotated[
        str | None, typer.Argument(help="one message, such as w1:17; else all")
    ] = None,
) -> None:
    """Read refused messages again with the settings in force now; store what can be used.

    Exit 1 if something is refused still."""
    settings = settings_of(context)
    wanted = parse_position(position) if position is not None else None
    still = 0
    with stores(settings.store, sole_writer=False) as (store, register):
        names = drug_names_kept(register, settings)
        for progress in open_progress(settings.journal.directory):
            with progress:
                if wanted is not None and wanted[0] != progress.worker:
                    continue
                routes = Routes(
                    settings.formats,
                    max_payload_bytes=settings.mqtt.max_payload_bytes,
                    drug_names=names,
                )
                outcome = replay_refused(
                    progress,
                    JournalReader(settings.journal.directory),
                    routes,
                    store=store,
                    custody=register.custody,
                    waiting=register.waiting,
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
    if still:
        raise typer.Exit(REFUSED_STILL)


def parse_position(text: str) -> tuple[str, int]:
    """`w1:17` → ("w1", 17); raises BadInput."""
    worker, colon, row = text.partition(":")
    if not colon or not worker.isalnum() or not row.isdigit():
        raise BadInput(f"position {text!r}: expected WORKER:ROW, such as w1:17")
    return worker, int(row)
