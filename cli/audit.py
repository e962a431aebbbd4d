"""`coldwitness audit`: the trail of who saw and changed what, whole or not, and its lines."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from coldwitness.cli.deep import decided_otherwise
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.decided.comparing import decided_rows, rows_now
from coldwitness.storage.decided.shards import deciding_workers
from coldwitness.storage.decisions import Audited
from coldwitness.storage.journal import journal_public_key, verify_journal

FOUND = 1

app = typer.Typer(help="审计记录。The trail of who saw and changed what.", no_args_is_help=True)


@app.command("verify")
def verify(
    context: typer.Context,
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", help="PEM key kept elsewhere; else the journal's own"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Is every line of the trail a row of the journal, and every such row a line; do the rows hold?

    Exit 0: yes; 1: no, and what is wrong is named.
    """
    settings = settings_of(context)
    directory = settings.journal.directory
    key = journal_public_key(settings.journal, public_key)
    ours = set(deciding_workers(directory))
    wrong = [
        f"{problem.kind}: {problem.text}"
        for report in verify_journal(directory, public=key)
        if report.segment.worker in ours
        for problem in report.problems
    ]
    found, _ = decided_otherwise(settings)
    wrong += [f"in no row: {_said(line)}" for line in found.unwritten]
    wrong += [f"gone from the trail: {_said(line)}" for line in found.lost]
    lines = sum(isinstance(one, Audited) for _, one in decided_rows(directory, rows_now(directory)))
    if as_json:
        typer.echo(json.dumps({"lines": lines, "problems": wrong}, ensure_ascii=False))
    else:
        for text in wrong:
            typer.echo(text)
        typer.echo(f"{lines} lines: {f'{len(wrong)} problems' if wrong else 'nothing wrong'}")
    if wrong:
        raise typer.Exit(FOUND)


@app.command("export")
def export(context: typer.Context) -> None:
    """Print the trail as NDJSON, oldest first, each line with the row of the journal that holds
    it: the journal proves it, not the register."""
    directory = settings_of(context).journal.directory
    for row, decision in decided_rows(directory, rows_now(directory)):
        if isinstance(decision, Audited):
            line = msgspec.to_builtins(decision)
            said = {"at": rfc3339(decision.at_ms), "worker": row.worker, "row": row.row}
            told = ("actor", "action", "subject", "shipment", "address", "through")
            said |= {key: line[key] for key in told}
            typer.echo(json.dumps(said, ensure_ascii=False))


def _said(line: Audited) -> str:
    return f"{rfc3339(line.at_ms)} {line.actor} {line.action} {line.subject}"
