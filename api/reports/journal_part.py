"""The journal's own rows behind a report, each with the proof that it stands in its day."""

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.reports.instants import epoch_s
from api.reports.model import Report
from config.settings import FormatRule
from domain.errors import BadInput, BadMessage
from domain.reading import Reading
from ingest.decoding import Decoding
from storage.journal import JournalReader, Row
from storage.journal.merkle import leaf_hash, verify_inclusion
from storage.journal.rows import parse_row
from storage.journal.sealed import Seal, read_seal

Named = tuple[str, int]
"""A reading's logger and time [ms]: what its row in the journal has to say as well."""


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


class JournalPart(msgspec.Struct, frozen=True, kw_only=True):
    formats: tuple[dict[str, Any], ...]
    days: tuple[Day, ...]
    rows: tuple[ProvenRow, ...]


def journal_part(
    report: Report, directory: Path, formats: Sequence[FormatRule]
) -> JournalPart | None:
    """Rows of the journal that carry readings of the report; None where there is no journal.

    Only days from the one on which the first reading was measured are looked through: nothing
    can have been received before. Raises Unavailable or BadInput where the journal cannot be
    read.
    """
    reader = JournalReader(directory)
    wanted = named_readings(report)
    if not reader.workers() or not wanted:
        return None
    decoding = Decoding(formats)
    from_day = report.readings.time[0][:10]
    days: list[Day] = []
    rows: list[ProvenRow] = []
    for worker in reader.workers():
        starts = [s.first_row for s in reader.stats() if s.worker == worker and s.day >= from_day]
        if not starts:
            continue
        found = [
            row.row
            for row in reader.read(worker, after=min(starts) - 1)
            if not row.note and _carries(row, decoding, wanted)
        ]
        seals = {segment.day: segment.seal for segment in reader.segments(worker)}
        for proof in reader.proofs(worker, found) if found else ():
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
            rows.append(
                ProvenRow(
                    worker=worker,
                    day=proof.day,
                    row=proof.row,
                    entry=base64.b64encode(proof.entry).decode("ascii"),
                    index=proof.index,
                    path=tuple(node.hex() for node in proof.path),
                )
            )
    return JournalPart(
        formats=tuple(rule.model_dump(mode="json") for rule in formats),
        days=tuple(days),
        rows=tuple(rows),
    )


def named_readings(report: Report) -> set[Named]:
    loggers = report.readings.loggers
    return {
        (loggers[logger] if logger >= 0 else "", round(epoch_s(time) * 1000))
        for logger, time in zip(report.readings.logger, report.readings.time, strict=True)
    }


def _carries(row: Row, decoding: Decoding, wanted: set[Named]) -> bool:
    return any((r.logger, r.time_ms) in wanted for r in _readings(row, decoding))


def _readings(row: Row, decoding: Decoding) -> list[Reading]:
    try:
        return list(decoding.decode(row).readings)
    except BadMessage:
        return []


def doubts_about(
    part: JournalPart, report: Report, trusted: Sequence[Ed25519PublicKey]
) -> list[tuple[str, str]]:
    """Proofs that do not hold, seals not signed by one of `trusted` (all are taken if it is
    empty), and readings that stand only in the report or only in the rows."""
    problems: list[tuple[str, str]] = []
    days = {(day.worker, day.day): day for day in part.days}
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
        entry = _proven_entry(proven, days.get((proven.worker, proven.day)))
        if entry is None:
            problems.append(("proof_invalid", where))
        else:
            entries.append(entry)
    return [*problems, *_differing_readings(part, report, entries)]


def _proven_entry(proven: ProvenRow, day: Day | None) -> Row | None:
    """The row if its proof leads to the day's root and it is the row it says it is."""
    if day is None:
        return None
    try:
        entry = base64.b64decode(proven.entry, validate=True)
        path = [bytes.fromhex(node) for node in proven.path]
        root = bytes.fromhex(day.root)
        row = parse_row(entry)
    except (ValueError, binascii.Error, BadInput):
        return None
    named = (row.worker, row.row) == (proven.worker, proven.row)
    leads = verify_inclusion(
        leaf_hash(entry), index=proven.index, size=day.size, proof=path, root=root
    )
    return row if named and leads else None


def _differing_readings(
    part: JournalPart, report: Report, rows: Sequence[Row]
) -> list[tuple[str, str]]:
    try:
        decoding = Decoding([FormatRule(**rule) for rule in part.formats])
    except (ValueError, TypeError) as error:
        return [("evidence_unreadable", f"formats: {error}"[:200])]
    kept = _values_of(report)
    seen: dict[Named, list[dict[str, float]]] = {}
    problems = []
    for row in sorted(rows, key=lambda row: (row.worker, row.row)):
        for reading in _readings(row, decoding):
            named = (reading.logger, reading.time_ms)
            seen.setdefault(named, []).append(reading.temperature_c)
            if reading.shipment == report.shipment and named not in kept:
                problems.append(("record_omitted", f"{named[0]} {named[1]}"))
    for named, values in kept.items():
        said = seen.get(named, [])
        if not all(any(_agree(value, temperatures) for temperatures in said) for value in values):
            problems.append(("record_missing", f"{named[0]} {named[1]}"))
    return problems


def _values_of(report: Report) -> dict[Named, list[dict[str, float]]]:
    readings = report.readings
    values: dict[Named, list[dict[str, float]]] = {}
    for i, (logger, time) in enumerate(zip(readings.logger, readings.time, strict=True)):
        named = (readings.loggers[logger] if logger >= 0 else "", round(epoch_s(time) * 1000))
        given = {name: column[i] for name, column in readings.temperature_c.items()}
        values.setdefault(named, []).append(
            {name: value for name, value in given.items() if value is not None}
        )
    return values


def _agree(kept: dict[str, float], said: dict[str, float]) -> bool:
    return all(name in said and said[name] == value for name, value in kept.items())
