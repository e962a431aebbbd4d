"""`coldwitness journal redact`: take messages away by a recorded order; what they prove stays."""

import getpass
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.drug_names import drug_names_kept
from coldwitness.cli.future_tolerance import future_tolerance_s
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading import event_without_words
from coldwitness.ingest.decoded_rows import DecodedRows, decode_rows
from coldwitness.ingest.progress import Progress, workers_followed
from coldwitness.ingest.routes import Routes
from coldwitness.ingest.row_finding import RowFinder
from coldwitness.storage.decided import open_decision_log
from coldwitness.storage.decided.redaction import finish_removal, redact, removable
from coldwitness.storage.decisions import Redacted, Subject
from coldwitness.storage.journal import JournalReader, Row, signer_of_journal
from coldwitness.storage.journal.tally import row_names
from coldwitness.storage.opening import stores
from coldwitness.storage.register import SqlRegister


def redact_rows(
    context: typer.Context,
    worker: Annotated[str, typer.Argument(help="the worker whose rows they are, such as w1")],
    rows: Annotated[list[int], typer.Argument(min=1, help="row numbers")],
    reason: Annotated[str, typer.Option("--reason", help="why, as it stands in the order")],
    ordered_by: Annotated[
        str, typer.Option("--ordered-by", help="who ordered it: office, number and date")
    ],
) -> None:
    """Take the messages of rows away for good. The order is journalled; the rows, their proofs and
    what was read of them (temperatures, times, events without words) stay."""
    if not reason.strip() or not ordered_by.strip():
        raise BadInput("journal redact: --reason and --ordered-by say why and by whose order")
    settings = settings_of(context)
    directory = settings.journal.directory
    reader = JournalReader(directory)
    found = [removable(reader, worker, number) for number in rows]
    with stores(settings.store, sole_writer=False) as (_, register):
        routes = Routes(
            settings.formats,
            max_payload_bytes=settings.mqtt.max_payload_bytes,
            drug_names=drug_names_kept(register, settings),
        )
        for row, _ in found:
            if routes.is_stateful and routes.is_birth(row.topic):
                raise BadInput(f"{worker} row {row.row}: names the metrics of later messages")
        with open_decision_log(settings.journal, register) as log:
            signer = signer_of_journal(settings.journal)
            for row, about in found:
                if row.removed:
                    place = finish_removal(directory, worker, row.row, signer)
                    by = f"{place[0]} row {place[1]}"
                    typer.echo(f"{worker} row {row.row}: removed already, by {by}")
                    continue
                decoded = _decoded(row, routes, settings)
                order = _order(row, about, decoded, reason=reason, ordered_by=ordered_by)
                forget = partial(_forget_words, register, directory, row, decoded)
                place = redact(log, order, signer, forget=forget)
                typer.echo(
                    f"{worker} row {row.row}: {order.size} bytes removed, by {place[0]} row"
                    f" {place[1]}"
                )
    typer.echo("backups made before still hold them, and so does whoever was given them", err=True)


def _decoded(row: Row, routes: Routes, settings: Settings) -> DecodedRows:
    """With the births that name its metrics, where its format has any."""
    tolerance_s = future_tolerance_s(settings)
    finder = RowFinder(settings.journal.directory, lambda: routes, future_tolerance_s=tolerance_s)
    try:
        decoded = DecodedRows()
        for one in finder.read({row.worker: {row.row}}, routes):
            decoded = decode_rows([one], routes, future_tolerance_s=tolerance_s)
        return decoded
    finally:
        finder.close()


def _order(
    row: Row,
    about: Subject | None,
    decoded: DecodedRows,
    *,
    reason: str,
    ordered_by: str,
) -> Redacted:
    try:
        names = tuple(name.decode() for name in row_names(row))
    except UnicodeDecodeError as error:
        raise BadInput(f"{row.worker} row {row.row}: its topic is no text") from error
    first = {kind: name for kind, _, name in (one.partition(":") for one in reversed(names))}
    courier, _, box = first.get("box", "").partition("/")
    return Redacted(
        worker=row.worker,
        row=row.row,
        size=len(row.payload),
        reason=reason,
        ordered_by=ordered_by,
        by=getpass.getuser(),
        at_ms=int(time.time() * 1000),
        names=names,
        readings=tuple(decoded.readings),
        received_ms=tuple(decoded.readings_received_ms),
        events=tuple(map(event_without_words, decoded.events)),
        about=about,
        shipment=first.get("shipment"),
        logger=first.get("logger"),
        courier=courier or None,
        box=box or None,
    )


def _forget_words(register: SqlRegister, directory: Path, row: Row, decoded: DecodedRows) -> None:
    """The same in what is made of the row."""
    register.custody.forget_words(decoded.events)
    if row.worker in workers_followed(directory):
        with Progress(directory, row.worker) as progress:
            progress.forget_words(row.row)
