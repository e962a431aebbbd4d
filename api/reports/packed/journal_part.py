"""The journal's own rows behind a report, each with the proof that it stands in its day."""

import base64
import binascii
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.api.reports.made.instants import epoch_s
from coldwitness.api.reports.made.model import Evidenced
from coldwitness.api.reports.packed.complete_rows import Selection, completeness, select
from coldwitness.api.reports.packed.completeness import Completeness, doubts_about_completeness
from coldwitness.api.reports.packed.handed_out import handed_out
from coldwitness.api.reports.packed.removed_rows import orders_of, with_orders
from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.ingest import received_bounds
from coldwitness.ingest.formats.drug_names import RememberedDrugNames
from coldwitness.ingest.routes import Routes
from coldwitness.storage.decisions import Redacted
from coldwitness.storage.journal import JournalReader, Row
from coldwitness.storage.journal.merkle import leaf_hash, verify_inclusion
from coldwitness.storage.journal.rows import (
    day_start_ms,
    parse_row,
    row_bytes,
    utc_day,
)
from coldwitness.storage.journal.sealed import Seal, read_seal

Named = tuple[str, int]
"""A reading's logger and time [ms]: what its row in the journal has to say as well."""


_BACKLOG_DAYS = 7
"""A reading's own time counts for the first day so far before its receipt at most: clocks err."""
_DAY_MS = 86_400_000
_FIRST_DAY, _LAST_DAY = "0000-01-01", "9999-12-31"


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's day as it stood when the package was made. seal : its signed seal, None
    while the day is open (then the package's signature vouches for the root)."""

    worker: str
    day: str
    size: int
    root: str
    seal: Seal | None


class ProvenRow(msgspec.Struct, frozen=True, kw_only=True):
    """Canonical bytes of a row (base64), its place in the day, and the path to the root (hex)."""

    worker: str
    day: str
    row: int
    entry: str
    index: int
    path: tuple[str, ...]


class JournalPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """drug_names : of the report's loggers, which name was fixed as the drug's by their first
    message; the rows here may begin later. completeness : that these are all rows of their days
    that name the shipment, its loggers or its boxes; None where no tally of these was signed."""

    formats: tuple[dict[str, Any], ...]
    drug_names: dict[str, str] = {}
    days: tuple[Day, ...]
    rows: tuple[ProvenRow, ...]
    completeness: Completeness | None = None


def journal_part(
    report: Evidenced,
    directory: Path,
    formats: Sequence[FormatRule],
    *,
    drug_names: Mapping[str, str] | None = None,
) -> JournalPart | None:
    """Rows of the journal that carry readings of the report; None where there is no journal.

    drug_names : which names the register has fixed as the drug's, by `courier/logger`.

    Raises Unavailable or BadInput where the journal cannot be read.
    """
    reader = JournalReader(directory)
    if not reader.workers() or not report.readings.time:
        return None
    days: list[Day] = []
    rows: list[ProvenRow] = []
    fixed = dict(drug_names or {})
    routes = Routes(formats, drug_names=RememberedDrugNames(fixed))
    carrying = _carrying_rows(report, reader, routes)
    selection = _selection(report, reader, carrying)
    sizes: dict[tuple[str, str], int] = {}
    chosen = {worker: set(numbers) for worker, numbers in carrying.items()}
    for worker, counted_too in (selection.rows if selection is not None else {}).items():
        chosen.setdefault(worker, set()).update(counted_too)
    orders: dict[str, set[int]] = {}
    for worker, mine in chosen.items():
        for at, ordering in orders_of(reader, worker, mine).items():
            orders.setdefault(at, set()).update(ordering)
    for worker in sorted({*chosen, *orders}):
        own = {*carrying.get(worker, ()), *orders.get(worker, ())}
        counted = selection.rows.get(worker, []) if selection is not None else []
        found = sorted(own | set(counted))
        upto = {} if selection is None else selection.open_days(worker, own)
        seals = {segment.day: segment.seal for segment in reader.segments(worker)}
        for proof in reader.proofs(worker, found, upto=upto) if found else ():
            seal = seals[proof.day]
            day = Day(
                worker=worker,
                day=proof.day,
                size=proof.size,
                root=proof.root.hex(),
                seal=read_seal(seal) if seal.exists() else None,
            )
            if day not in days:
                days.append(day)
                sizes[worker, proof.day] = proof.size
            rows.append(
                ProvenRow(
                    worker=worker,
                    day=proof.day,
                    row=proof.row,
                    entry=base64.b64encode(handed_out(proof.whole, routes)).decode("ascii"),
                    index=proof.index,
                    path=tuple(node.hex() for node in proof.path),
                )
            )
    return JournalPart(
        formats=tuple(rule.model_dump(mode="json") for rule in formats),
        drug_names={
            logger: name
            for logger, name in fixed.items()
            if logger.rpartition("/")[2] in report.readings.loggers
        },
        days=tuple(days),
        rows=tuple(rows),
        completeness=None if selection is None else completeness(selection, reader, sizes),
    )


def _selection(
    report: Evidenced, reader: JournalReader, carrying: Mapping[str, Sequence[int]]
) -> Selection | None:
    """All rows of the days from the first measuring or receipt to the last receipt."""
    received = [
        utc_day(row.received_ms)
        for worker, rows in carrying.items()
        for row in reader.rows_at(worker, (min(rows, default=0), max(rows, default=0)))
    ]
    if not received:
        return None
    earliest_ms = day_start_ms(min(received)) - _BACKLOG_DAYS * _DAY_MS
    measured = utc_day(max(_ms(min(report.readings.time)), earliest_ms))
    return select(
        report,
        reader,
        carrying,
        first_day=min(measured, *received),
        last_day=max(received),
    )


def _carrying_rows(
    report: Evidenced, reader: JournalReader, routes: Routes
) -> dict[str, list[int]]:
    """Worker -> numbers of its rows that carry readings of the report.

    Stores keep when a reading was received, to the millisecond of its row: so only the days from
    the first receipt to the last are opened, and only rows of those milliseconds decoded. Where
    that does not lead to every reading (the store does not say, or was filled otherwise), all
    rows from the day of the first measuring or receipt on are decoded, and of stateful formats
    all there are, because what names their metrics may be old.
    """
    wanted = named_readings(report)
    readings = report.readings
    received = [time for time in readings.received if time is not None]
    if received and len(received) == len(readings.received):
        within = (min(received)[:10], max(received)[:10])
        found, seen = _scan(
            reader, routes, wanted, days=within, at_ms={_ms(time) for time in received}
        )
        if seen == wanted:
            return found
    first = _FIRST_DAY if routes.is_stateful else min(readings.time[0], *received)[:10]
    return _scan(reader, routes, wanted, days=(first, _LAST_DAY), at_ms=None)[0]


def _scan(
    reader: JournalReader,
    routes: Routes,
    wanted: set[Named],
    *,
    days: tuple[str, str],
    at_ms: set[int] | None,
) -> tuple[dict[str, list[int]], set[Named]]:
    """Worker -> its rows of those days that carry wanted readings, and which these are; only
    rows received at one of `at_ms` are decoded, if given. With a row of a stateful format come
    the births that name its metrics: without them nobody can read it."""
    found: dict[str, list[int]] = {}
    seen: set[Named] = set()
    for worker in reader.workers():
        births: dict[str, list[int]] = {}
        for row in reader.read_days(worker, first=days[0], last=days[1]):
            node = routes.birth_node(row.topic) if routes.is_stateful else None
            if node is not None and routes.is_birth(row.topic):
                kept = births.setdefault(node, [])
                if "/NBIRTH/" in row.topic:
                    kept.clear()
                kept.append(row.row)
            elif at_ms is not None and row.received_ms not in at_ms:
                continue
            carried = _carried(row, routes, wanted)
            if carried:
                found.setdefault(worker, []).extend([*births.get(node or "", ()), row.row])
                seen |= carried
    return {worker: sorted(set(rows)) for worker, rows in found.items()}, seen


def _ms(time: str) -> int:
    return round(epoch_s(time) * 1000)


def named_readings(report: Evidenced) -> set[Named]:
    loggers = report.readings.loggers
    return {
        (loggers[logger] if logger >= 0 else "", _ms(time))
        for logger, time in zip(report.readings.logger, report.readings.time, strict=True)
    }


def _carried(row: Row, routes: Routes, wanted: set[Named]) -> set[Named]:
    """Which of the wanted readings the row carries, or carried before it was removed."""
    if row.note:
        return set()
    return wanted & {(r.logger, r.time_ms) for r in _readings(row, routes)}


def _readings(row: Row, routes: Routes) -> list[Reading]:
    try:
        return list(routes.decode(row).readings)
    except BadMessage:
        return []


def doubts_about(
    part: JournalPart, report: Evidenced, trusted: Sequence[Ed25519PublicKey]
) -> list[tuple[str, str]]:
    """Proofs that do not hold, seals not signed by one of `trusted` (all are taken if it is
    empty), and readings that stand only in the report or only in the rows."""
    problems: list[tuple[str, str]] = []
    roots = {(day.worker, day.day): (day.size, _digest(day.root)) for day in part.days}
    for day in part.days:
        seal = day.seal
        if seal is None:
            continue
        named = (seal.segment.worker, seal.segment.day, seal.merkle_root)
        fits = named == (day.worker, day.day, day.root)
        signed = not trusted or any(seal.holds(key) for key in trusted)
        if not fits or not signed:
            problems.append(("head_invalid", f"{day.worker} {day.day}"))
    entries = []
    for proven in part.rows:
        where = f"{proven.worker} {proven.row}"
        entry = _proven_entry(proven, roots.get((proven.worker, proven.day)))
        if entry is None:
            problems.append(("proof_invalid", where))
        else:
            entries.append(entry)
    entries, _, without_order = with_orders(entries)
    problems += without_order
    if part.completeness is not None:
        problems += doubts_about_completeness(part.completeness, report, entries, roots, trusted)
    return [*problems, *_differing_readings(part, report, entries)]


def _digest(shown: str) -> bytes:
    """Of hexadecimal digits; of anything else none, to which no proof leads."""
    try:
        return bytes.fromhex(shown)
    except ValueError:
        return b""


def removed_in(part: JournalPart) -> list[Redacted]:
    """Orders by which messages of the part's rows were removed. Raises BadInput."""
    rows = [parse_row(base64.b64decode(one.entry)) for one in part.rows]
    return with_orders(rows)[1]


def _proven_entry(proven: ProvenRow, leads_to: tuple[int, bytes] | None) -> Row | None:
    """The row if its proof leads to the day's size and root and it is the row it says it is."""
    if leads_to is None:
        return None
    size, root = leads_to
    try:
        entry = base64.b64decode(proven.entry, validate=True)
        path = [bytes.fromhex(node) for node in proven.path]
        row = parse_row(entry)
    except (ValueError, binascii.Error, BadInput):
        return None
    named = (row.worker, row.row) == (proven.worker, proven.row)
    leads = verify_inclusion(
        leaf_hash(row_bytes(row)), index=proven.index, size=size, proof=path, root=root
    )
    return row if named and leads else None


def _differing_readings(
    part: JournalPart, report: Evidenced, rows: Sequence[Row]
) -> list[tuple[str, str]]:
    try:
        routes = Routes(
            [FormatRule(**rule) for rule in part.formats],
            drug_names=RememberedDrugNames(part.drug_names),
        )
    except (ValueError, TypeError) as error:
        return [("evidence_unreadable", f"formats: {error}"[:200])]
    try:
        kept = _values_of(report)
    except (ValueError, IndexError) as error:  # times that are none, columns of other lengths
        return [("evidence_unreadable", f"readings: {error}"[:200])]
    seen: dict[Named, list[dict[str, float]]] = {}
    ours: set[tuple[str | None, str | None]] = set()
    beside: dict[Named, tuple[str | None, str | None]] = {}
    came: Counter[tuple[str, str | None]] = Counter()
    for row in sorted(rows, key=lambda row: (row.worker, row.row)):
        full = {sender for sender, count in came.items() if count >= received_bounds.RECEIVED_MAX}
        for reading in _readings(row, routes):
            if reading.shipment == report.shipment:
                if (row.worker, reading.courier) in full:
                    continue  # beyond what is stored of one shipment
                came[row.worker, reading.courier] += 1
            named, publisher = (reading.logger, reading.time_ms), (reading.courier, reading.box)
            seen.setdefault(named, []).append(reading.temperature_c)
            if named in kept:
                ours.add(publisher)
            elif reading.shipment == report.shipment:
                beside[named] = publisher
    # What others sent in the shipment's name is told by a finding and is no reading of the report.
    told = any(one.subtype == "foreign_source" for one in report.result.findings)
    problems = [
        ("record_omitted", f"{named[0]} {named[1]}")
        for named, publisher in beside.items()
        if not told or publisher in ours or publisher == (None, None)
    ]
    for named, values in kept.items():
        said = seen.get(named, [])
        if not all(any(_agree(value, temperatures) for temperatures in said) for value in values):
            problems.append(("record_missing", f"{named[0]} {named[1]}"))
    return problems


def _values_of(report: Evidenced) -> dict[Named, list[dict[str, float]]]:
    readings = report.readings
    values: dict[Named, list[dict[str, float]]] = {}
    for i, (logger, time) in enumerate(zip(readings.logger, readings.time, strict=True)):
        named = (readings.loggers[logger] if logger >= 0 else "", _ms(time))
        given = {name: column[i] for name, column in readings.temperature_c.items()}
        values.setdefault(named, []).append(
            {name: value for name, value in given.items() if value is not None}
        )
    return values


def _agree(kept: dict[str, float], said: dict[str, float]) -> bool:
    return all(name in said and said[name] == value for name, value in kept.items())
