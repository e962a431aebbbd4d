"""`coldwitness office`: the office's registers, filled from its tables and read back."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from coldwitness.cli.keys import JsonOption, administered
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.domain.grants import LOCAL, require_name
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.office import RegisterEntry
from coldwitness.ingest.files.office_tables import Body, read_office_table, typed
from coldwitness.ingest.office_entries import checked_entry
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
    table = read_office_table(file, kind)
    new = changed = 0
    with administered(settings) as kept:
        known = kept.office.newest(kind, [one.name for one in table.entries])
        checked: list[tuple[str, RegisterEntry]] = []
        for one in table.entries:
            body = typed(one.over(known.get(one.name)), kind)
            checked.append((one.name, _checked(body, kind, one.name, classes, file, one.row)))
        touched: set[str] = set()
        for name, entry in checked:
            before = known.get(name)
            if before == entry:
                continue
            kept.office.put(name, entry, by=by, now_ms=time.time_ns() // 1_000_000)
            touched |= set(kept.office.affected(name, entry))
            if before is not None:
                touched |= set(kept.office.affected(name, before))
            new, changed = new + (before is None), changed + (before is not None)
        kept.waiting.leave(touched)
    for title in table.ignored:
        typer.echo(f"column {title!r}: no field of {register}, left out", err=True)
    same = len(table.entries) - new - changed
    typer.echo(f"{register}: {new} new, {changed} changed, {same} as they were")


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
    kinds = {kind.register: kind for kind in RegisterEntry.__subclasses__()}
    if register not in kinds:
        raise BadInput(f"register {register!r}: expected one of {', '.join(sorted(kinds))}")
    return kinds[register]


def _checked(
    body: Body,
    kind: type[RegisterEntry],
    name: str,
    classes: Iterable[str],
    file: Path,
    row: int,
) -> RegisterEntry:
    try:
        return checked_entry(body, kind, name=name, classes=classes)
    except (BadInput, msgspec.ValidationError) as error:
        raise BadInput(f"{file}, row {row} ({name}): {error}") from error


def _told(name: str, entry: RegisterEntry, as_json: bool) -> None:
    body = msgspec.to_builtins(entry)
    if as_json:
        typer.echo(json.dumps({"id": name, "entry": body}, ensure_ascii=False))
    else:
        typer.echo(f"{name}  {json.dumps(body, ensure_ascii=False)}")
