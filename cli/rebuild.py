"""`coldwitness rebuild`: make every view again from the journal."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import typer

from coldwitness.cli.drug_names import drug_names_kept
from coldwitness.cli.future_tolerance import future_tolerance_s
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.config.settings import Settings
from coldwitness.domain.reading import Reading
from coldwitness.ingest.decoded_rows import decode_rows
from coldwitness.ingest.following import store_decoded
from coldwitness.ingest.held_shipments import leave_held
from coldwitness.ingest.left_out import LeftOut
from coldwitness.ingest.routes import Routes
from coldwitness.ingest.row_finding import index_decoded
from coldwitness.storage.decided.comparing import Differences, bring_drug_names, make_again
from coldwitness.storage.journal import JournalReader, RowIndex
from coldwitness.storage.opening import stores
from coldwitness.storage.ports import Appended
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.telemetry import WholeStore
from coldwitness.storage.telemetry.rebuilding import TelemetryRebuild, open_rebuild

ROWS_PER_STEP = 5000


class Position(msgspec.Struct):
    """How far a rebuild is: the last row done and the rows of births met, a worker each."""

    rows: dict[str, int] = {}
    births: dict[str, dict[str, int]] = {}


class _New:
    """The new store as ingest sees one; what it appends is committed with the position."""

    def __init__(self, telemetry: TelemetryRebuild, position: str) -> None:
        self._telemetry = telemetry
        self._position = position

    def append(self, readings: Sequence[Reading], received_ms: Sequence[int]) -> Appended:
        refused = self._telemetry.append(readings, received_ms, position=self._position)
        new = len(readings) - len(refused)
        return Appended(new=new, repeated=0, conflicting=0, refused=refused)


def rebuild(context: typer.Context) -> None:
    """Drop readings, events and stays and make them again from the journal; bring manifests,
    reviews, the office's registers, clue statuses and the audit trail to what it says of them.

    Runs beside live ingest; killed, it goes on where it stopped when it is run again.
    """
    settings = settings_of(context)
    with stores(settings.store, sole_writer=False) as (store, register):
        readings = rebuild_views(
            settings,
            store,
            register,
            future_tolerance_s=future_tolerance_s(settings),
            say=lambda text: print(text, file=sys.stderr),
        )
        differing = make_again(settings.journal.directory, register)
    typer.echo(f"rebuilt from the journal: {readings} readings, {differing.decisions} decisions")
    for text in told(differing):
        typer.echo(f"  made again: {text}")


def told(differing: Differences) -> list[str]:
    """What differed, a line for each kind."""
    kinds = Counter(kind for kind, _ in differing.subjects)
    lines = [f"{kind}: {count}" for kind, count in sorted(kinds.items())]
    if differing.unwritten:
        lines.append(f"lines of the audit trail that stand in no row: {len(differing.unwritten)}")
    if differing.lost:
        lines.append(f"lines of the audit trail that were gone: {len(differing.lost)}")
    if differing.bytes_gone:
        lines.append(f"attachments whose bytes are gone: {len(differing.bytes_gone)}")
    return lines


def rebuild_views(
    settings: Settings,
    store: WholeStore,
    register: SqlRegister,
    *,
    future_tolerance_s: float,
    say: Callable[[str], None] = lambda text: None,
) -> int:
    """Fill the stores anew from all workers' journals; returns how many readings were read.

    What was decided is brought back by `make_again`; results and clues by judging again.
    Raises Unavailable where a store is; what is done stays done.
    """
    reader = JournalReader(settings.journal.directory)
    telemetry = open_rebuild(store)
    register.custody.begin_rebuild()
    # Heads are noted after the new tables are open: whatever is journalled later goes into
    # them by live ingest.
    heads = {worker: reader.last_row(worker) for worker in reader.workers()}
    position = (
        Position()
        if telemetry.position is None
        else msgspec.json.decode(telemetry.position, type=Position)
    )
    names = drug_names_kept(register, settings)
    bring_drug_names(settings.journal.directory, register)
    readings = 0
    for worker, head in heads.items():
        routes = Routes(
            settings.formats,
            max_payload_bytes=settings.mqtt.max_payload_bytes,
            drug_names=names,
        )
        births = position.births.setdefault(worker, {})
        index = RowIndex(settings.journal.directory, worker)
        for row in sorted(births.values()):
            routes.decode(reader.row(worker, row))
        done = position.rows.get(worker, 0)
        while done < head:
            limit = min(ROWS_PER_STEP, head - done)
            rows = list(reader.read(worker, after=done, limit=limit))
            if not rows:
                break
            read = decode_rows(rows, routes, future_tolerance_s=future_tolerance_s)
            births.update(read.births)
            index_decoded(index, rows, read)
            leave_held(read, settings.journal.directory)
            numbers = [row.row for row in rows]
            LeftOut(settings.journal.directory, {worker: numbers}).take_out(read)
            done = position.rows[worker] = rows[-1].row
            text = msgspec.json.encode(position).decode()
            before = len(read.refused)
            store_decoded(read, store=_New(telemetry, text), custody=register.custody)
            for aside in read.refused[before:]:
                say(f"worker {worker}: row {aside.row}: {aside.text}")
            readings += len(read.readings)
            say(f"worker {worker}: row {done} of {head}")
        index.close()
    # The readings' position goes first: killed in between, all rows are read again, and so are the
    # events. The other way round the events would be dropped as seen by nobody.
    left = telemetry.finish()
    register.custody.finish_rebuild()
    if left:
        say(f"warning: {left}")
    return readings
