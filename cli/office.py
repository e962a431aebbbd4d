"""`coldwitness office`: the office's registers, filled from its tables and read back."""

import json
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from coldwitness.cli.keys import JsonOption, administered
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.domain.grants import LOCAL, require_name
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.office import REGISTERS, RegisterEntry
from coldwitness.ingest.office_import import enter_table
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.storage.register import open_register

app = typer.Typer(
    help="办案机关台账。The office's registers: companies, boxes, loggers, products, agreements.",
    no_args_is_help=True,
)
RegisterName = Annotated[str, typer.Argument(help="companies, boxes, box-models, products, …")]


@app.command("import")
def import_table(
    context: typer.Context,
    register: RegisterName,
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with a row of titles")],
    by: Annotated[str, typer.Option("--by", help="badge name of who enters them")] = LOCAL,
) -> None:
    """Enter a table: a row an entry, what has no column stays. The same again changes nothing."""
    kind = _kind(register)
    if by != LOCAL:
        require_name(by)
    settings = settings_of(context)
    classes = load_rulebook(settings.judging).classes
    with administered(settings) as kept:
        told = enter_table(
            kept.office, file, kind, classes=classes, by=by, now_ms=time.time_ns() // 1_000_000
        )
        kept.waiting.leave(told.touched)
    for title in told.ignored:
        typer.echo(f"column {title!r}: no field of {register}, left out", err=True)
    typer.echo(f"{register}: {told.new} new, {told.changed} changed, {told.same} as they were")


@app.command("list")
def list_entries(
    context: typer.Context, register: RegisterName, as_json: JsonOption = False
) -> None:
    """All entries of a register as they count now, by name."""
    kind, settings = _kind(register), settings_of(context)
    kept = open_register(settings.store.register_url)
    try:
        for name, entry in kept.office.listed(kind).items():
            _told(name, entry, as_json)
    finally:
        kept.close()


@app.command("history")
def history(
    context: typer.Context,
    register: RegisterName,
    name: Annotated[str, typer.Argument(help="of the entry")],
) -> None:
    """Every version of an entry, who entered it and when: one JSON line each."""
    kind, settings = _kind(register), settings_of(context)
    kept = open_register(settings.store.register_url)
    try:
        versions = kept.office.history(kind, name)
    finally:
        kept.close()
    if not versions:
        raise BadInput(f"{register}: {name} is not registered")
    for one in versions:
        line: dict[str, object] = {"version": one.version, "at": rfc3339(one.at_ms), "by": one.by}
        line["entry"] = msgspec.to_builtins(one.entry)
        typer.echo(json.dumps(line, ensure_ascii=False))


def _kind(register: str) -> type[RegisterEntry]:
    kinds = {kind.register: kind for kind in REGISTERS}
    if register not in kinds:
        raise BadInput(f"register {register!r}: expected one of {', '.join(sorted(kinds))}")
    return kinds[register]


def _told(name: str, entry: RegisterEntry, as_json: bool) -> None:
    body = msgspec.to_builtins(entry)
    if as_json:
        typer.echo(json.dumps({"id": name, "entry": body}, ensure_ascii=False))
    else:
        typer.echo(f"{name}  {json.dumps(body, ensure_ascii=False)}")
