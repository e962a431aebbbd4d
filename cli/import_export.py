"""`coldwitness import`, `export` and `archive`: evidence in, evidence out, and kept for years."""

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.importing import import_all
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.cli.written_file import named
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms
from coldwitness.judging.archiving import facts_to_archive
from coldwitness.storage.archive.canonical import canonical_lines
from coldwitness.storage.archive.days import prune as prune_days
from coldwitness.storage.archive.days import seal_days, sealed_days, verify_archive
from coldwitness.storage.archive.exports import (
    FORMATS,
    Wanted,
    export_lines,
    export_table,
    require_known,
)
from coldwitness.storage.archive.item_expiry import kept_for_expiry
from coldwitness.storage.journal import existing_signer, journal_public_key
from coldwitness.storage.opening import stores
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.telemetry import WholeStore

archive = typer.Typer(help="Sealed days as Parquet, kept for years.", no_args_is_help=True)


def import_files(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(help="manifests (JSON); telemetry (NDJSON, CSV, Parquet, exports)"),
    ],
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", help="zone of times without one, e.g. Asia/Shanghai"),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="TITLE=NAME of a column, e.g. 时间=time; may be repeated"),
    ] = None,
    reader: Annotated[
        str | None, typer.Option("--reader", help="named reader of a logger export")
    ] = None,
    judge: Annotated[
        bool, typer.Option("--judge/--no-judge", help="judge the imported shipments at once")
    ] = True,
) -> None:
    """Bring manifests and recorded telemetry in: journalled first, then stored and judged."""
    settings = settings_of(context)
    done = import_all(
        settings, files, timezone=timezone, reader=reader, judge=judge, columns=column or ()
    )
    for warning in done.warnings:
        print(f"coldwitness: {warning}", file=sys.stderr)
    typer.echo(
        f"imported {done.manifests} manifests, {done.readings} readings, {done.events} events;"
        f" {done.judged} shipments judged"
    )


def export(
    context: typer.Context,
    shipment: Annotated[
        list[str] | None, typer.Argument(help="shipments; none: everything")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="file; else standard output")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--format", help="ndjson, csv, parquet, epcis; else by the file's ending"),
    ] = None,
    canonical: Annotated[
        bool,
        typer.Option("--canonical", help="the whole store in one fixed order; digest on stderr"),
    ] = False,
    from_time: Annotated[str | None, typer.Option("--from", help="RFC 3339, inclusive")] = None,
    to_time: Annotated[str | None, typer.Option("--to", help="RFC 3339, exclusive")] = None,
) -> None:
    """Write evidence out as NDJSON, CSV, Parquet or EPCIS 2.0 JSON-LD."""
    if canonical:
        if shipment or kind or from_time or to_time:
            raise BadInput("--canonical exports the whole store: no shipments, format or period")
        with _stores(context) as (_, store, opened):
            _write(canonical_lines(store, opened), output, digest=True)
        return
    kind = _kind(kind, output)
    wanted = Wanted(tuple(shipment or ()), _instant("--from", from_time), _instant("--to", to_time))
    with _stores(context) as (_, store, opened):
        require_known(opened, wanted.shipments)
        if kind in ("csv", "parquet"):
            if output is None and kind == "parquet":
                raise BadInput("--format parquet: needs -o FILE")
            target = Path("/dev/stdout") if output is None else output
            with named(target):
                rows = export_table(store, opened, wanted, target, kind=kind)
            print(f"{rows} readings", file=sys.stderr)
            return
        _write(export_lines(store, opened, wanted, kind=kind), output, digest=False)


@archive.command("seal")
def seal(
    context: typer.Context,
    before: Annotated[
        str | None, typer.Option("--before", help="RFC 3339; days over by then; else by now")
    ] = None,
) -> None:
    """Seal every past day that holds something not sealed yet."""
    before_ms = _instant("--before", before)
    with _stores(context) as (settings, store, opened):
        done = seal_days(
            store,
            opened,
            settings.store.archive_directory,
            before_ms=int(time.time() * 1000) if before_ms is None else before_ms,
            facts=facts_to_archive(store, opened),
            signer=existing_signer(settings.journal, "log"),
        )
    for day in done:
        rows = {name: file[2] for name, file in day.files.items()}
        typer.echo(
            f"{day.day} revision {day.revision}: {rows['readings.parquet']} readings,"
            f" {rows['events.parquet']} events"
        )


@archive.command("verify")
def verify(
    context: typer.Context,
    directory: Annotated[Path | None, typer.Argument(help="archive; else the settings'")] = None,
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", help="PEM key kept elsewhere; else the journal's own"),
    ] = None,
) -> None:
    """Compare every file with its seal, and every seal with its signature: exit 0 all match,
    1 not."""
    settings = settings_of(context)
    folder = directory or settings.store.archive_directory
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder")
    public = journal_public_key(settings.journal, public_key)
    if public is None:
        typer.echo("no public key: signatures are not checked", err=True)
    wrong = verify_archive(folder, public)
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise typer.Exit(1)
    typer.echo(f"{len(sealed_days(folder))} sealed days match")


@archive.command("prune")
def prune(
    context: typer.Context,
    years: Annotated[float, typer.Option("--years", help="keep at least so long, 5 or more")] = 5.0,
) -> None:
    """Delete sealed days that are old enough and hold no shipment under legal hold, nor one whose
    drug expired less than a year ago."""
    with _stores(context) as (settings, _, opened):
        now_ms = int(time.time() * 1000)
        expiring = kept_for_expiry(opened, years=years, now_ms=now_ms)
        deleted, kept = prune_days(
            settings.store.archive_directory,
            years=years,
            now_ms=now_ms,
            held=[*opened.shipments.held(), *expiring],
        )
    for day in deleted:
        typer.echo(f"{day}: deleted")
    for day in kept:
        typer.echo(f"{day}: kept, a shipment is under legal hold or its drug not long expired")


@archive.command("hold")
def hold(
    context: typer.Context,
    shipment: Annotated[list[str], typer.Argument(help="shipment ids")],
) -> None:
    """Put shipments under legal hold: nothing of their days is deleted."""
    _hold(context, shipment, held=True)


@archive.command("release")
def release(
    context: typer.Context,
    shipment: Annotated[list[str], typer.Argument(help="shipment ids")],
) -> None:
    """Lift the legal hold of shipments."""
    _hold(context, shipment, held=False)


def _hold(context: typer.Context, shipments: list[str], *, held: bool) -> None:
    with _stores(context) as (_, _, opened):
        for shipment in shipments:
            if not opened.shipments.hold(shipment, held=held):
                raise BadInput(f"shipment {shipment!r}: unknown")
            opened.audit.note(
                actor="command line",
                action="legal_hold.set" if held else "legal_hold.lifted",
                subject=shipment,
                now_ms=int(time.time() * 1000),
            )


@contextmanager
def _stores(context: typer.Context) -> Iterator[tuple[Settings, WholeStore, SqlRegister]]:
    settings = settings_of(context)
    with stores(settings.store) as (store, register):
        yield settings, store, register


def _write(lines: Iterator[bytes], output: Path | None, *, digest: bool) -> None:
    found = hashlib.sha256()
    if output is None:
        for line in lines:
            found.update(line)
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    else:
        part = output.with_name(output.name + ".part")
        with named(output):
            with part.open("wb") as target:
                for line in lines:
                    found.update(line)
                    target.write(line)
            part.replace(output)
    if digest:
        print(f"sha256 {found.hexdigest()}", file=sys.stderr)


def _kind(kind: str | None, output: Path | None) -> str:
    endings = {".csv": "csv", ".parquet": "parquet", ".jsonld": "epcis"}
    if kind is None:
        kind = "ndjson" if output is None else endings.get(output.suffix.lower(), "ndjson")
    if kind not in FORMATS:
        raise BadInput(f"--format: expected {', '.join(FORMATS)}, got {kind!r}")
    return kind


def _instant(what: str, text: str | None) -> int | None:
    try:
        return None if text is None else instant_ms(text)
    except ValueError as error:
        raise BadInput(f"{what}: {error}") from error
