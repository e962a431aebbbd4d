"""Do stores and register still hold of a shipment what the journal's rows say? Where they do not,
nothing is signed: somebody changed them, and a signature would make that look like evidence.

The shipment's rows are found by the journal's index, decoded once more by the same steps as ingest
takes, and what comes out is compared with what the stores gave.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial

from coldwitness.api.reports.made.model import Evidenced
from coldwitness.api.reports.packed.journal_part import JournalPart, journal_part
from coldwitness.api.reports.packed.unlike import (
    Journalled,
    stays_of,
    unlike_events,
    unlike_readings,
)
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput
from coldwitness.ingest.decoded_rows import DecodedRows, decode_rows
from coldwitness.ingest.formats.drug_names import RememberedDrugNames
from coldwitness.ingest.left_out import LeftOut
from coldwitness.ingest.routes import Routes
from coldwitness.ingest.row_finding import RowFinder
from coldwitness.ingest.row_names import (
    DAY_MS,
    box_event_keys,
    box_hour_keys,
    shipment_key,
    subject_key,
)
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.rows_read import STORED_WITHIN_MS, rows_in_stores
from coldwitness.storage.decided.folding import folded
from coldwitness.storage.decided.redaction import is_ordered
from coldwitness.storage.decisions import Decision, Redacted, Subject, decision_of, subject_of
from coldwitness.storage.journal import JournalReader
from coldwitness.storage.journal.rows import utc_day
from coldwitness.storage.journal.signed_tallies import SignedTallies
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.spare_room import GiveRoom, none_to_give, with_room

_FIRST_DAY, _LAST_DAY = "0000-01-01", "9999-12-31"
_BEFORE_DAYS, _AFTER_DAYS = 7, 31
"""How far around the days that the stores know of rows are looked for: a backlog may come late, and
whoever thins out the store may have taken the ends."""
_LONGEST_STAY_MS = 90 * DAY_MS
_TRIES, _PAUSE_S = 4, 0.3
_FEW = 5


class RecordAltered(BadInput):
    """Stores or register are not what the journal says."""


class RecordCheck:
    """Compares what a report is made of with the journal."""

    def __init__(
        self,
        settings: Settings,
        register: SqlRegister,
        *,
        future_tolerance_s: float,
        room: GiveRoom = none_to_give,
    ) -> None:
        """room : gives the journal's indexes more of it on a full disk, False where it cannot."""
        self._room = room
        self._directory = settings.journal.directory
        self._settings = settings
        self._register = register
        self._future_tolerance_s = future_tolerance_s
        self._tallies = SignedTallies(JournalReader(self._directory))

    def journal_part(self, report: Evidenced) -> JournalPart | None:
        """The journal's own rows behind a report; None where there is no journal."""
        names = self._register.drug_names.all()
        return journal_part(report, self._directory, self._settings.formats, drug_names=names)

    def unaltered(self, evidence_of: Callable[[], Evidence], shipment: str) -> Evidence:
        """The shipment's evidence, which is what the journal says of it.

        Raises RecordAltered naming the rows where it is not, Unavailable where the journal cannot
        be read. Rows that come meanwhile are no difference: the evidence is read again.
        """
        for left in reversed(range(_TRIES)):
            stored = rows_in_stores(self._directory, self._register)
            evidence = evidence_of()
            compare = partial(self.differences, evidence, shipment, stored)
            differing = with_room(compare, self._room)
            if not differing:
                return evidence
            if left and rows_in_stores(self._directory, self._register) == stored:
                break
            time.sleep(_PAUSE_S if left else 0.0)
        more = f" and {len(differing) - _FEW} more" if len(differing) > _FEW else ""
        raise RecordAltered(
            f"record_altered: stores or register are not what the journal says of {shipment!r},"
            f" nothing is signed: {'; '.join(differing[:_FEW])}{more}. `coldwitness rebuild` makes"
            " them again from the journal"
        )

    def differences(
        self, evidence: Evidence, shipment: str, stored: Mapping[str, int]
    ) -> list[str]:
        """What only the journal or only the stores have, oldest first. stored : the rows that
        were in the stores when the evidence was read."""
        finder = RowFinder(
            self._directory,
            self._routes,
            future_tolerance_s=self._future_tolerance_s,
            tallies=self._tallies,
        )
        try:
            said = self._journalled(finder, evidence, shipment, stored)
            return [
                *unlike_readings(evidence, said, shipment),
                *unlike_events(evidence, said, shipment),
                *self._decided_otherwise(finder, evidence, shipment),
            ]
        finally:
            finder.close()

    def _routes(self) -> Routes:
        return Routes(
            self._settings.formats,
            max_payload_bytes=self._settings.mqtt.max_payload_bytes,
            drug_names=RememberedDrugNames(self._register.drug_names.all()),
        )

    def _journalled(
        self, finder: RowFinder, evidence: Evidence, shipment: str, stored: Mapping[str, int]
    ) -> Journalled:
        first, last = _days(evidence, shipment)
        found = finder.rows([shipment_key(shipment)], first=first, last=last)
        received = _received_days(evidence, shipment)
        if received is not None:
            uncounted = finder.complete(shipment, found, first=received[0], last=received[1])
            if uncounted:
                raise RecordAltered(
                    f"record_altered: the journal's rows of {shipment!r} are not those that were"
                    f" counted and signed ({', '.join(uncounted[:_FEW])}), nothing is signed. See"
                    " `coldwitness journal verify`"
                )
        named = self._decoded(finder, found, stored)
        boxes = _boxes(named.all, evidence, shipment)
        if boxes:
            # Whose its box's readings are, that name no shipment, its box's events tell.
            start_ms, end_ms = _span_ms(named.all, evidence, shipment)
            keys = [key for box in boxes for key in box_event_keys(box, start_ms, end_ms)]
            _add(found, finder.rows(keys, first=first, last=last))
            for stay in stays_of(self._decoded(finder, found, stored).all, shipment):
                stay_end_ms = min(stay.end_ms or end_ms, stay.start_ms + _LONGEST_STAY_MS)
                keys = list(box_hour_keys(stay.box, stay.start_ms, stay_end_ms))
                _add(found, finder.rows(keys, first=first, last=last))
            named = self._decoded(finder, found, stored)
        return named

    def _decoded(
        self, finder: RowFinder, found: dict[str, set[int]], stored: Mapping[str, int]
    ) -> Journalled:
        routes, whole, due = self._routes(), DecodedRows(), DecodedRows()
        rows_of: dict[tuple[str, int], str] = {}
        late_ms = int(time.time() * 1000) - STORED_WITHIN_MS
        left_out = LeftOut(self._directory, found)
        for row in finder.read(found, routes):
            if row.removed and not is_ordered(JournalReader(self._directory), row):
                raise RecordAltered(
                    f"record_altered: the message of {row.worker} row {row.row} is gone, and no"
                    " order says what is kept in its place; nothing is signed"
                )
            one = decode_rows([row], routes, future_tolerance_s=self._future_tolerance_s)
            left_out.take_out(one)
            _extend(whole, one)
            if row.row <= stored.get(row.worker, 0) or row.received_ms < late_ms:
                _extend(due, one)
            place = f"{row.worker} row {row.row}"
            for reading in one.readings:
                rows_of.setdefault(("reading", reading.time_ms), place)
            for event in one.events:
                rows_of.setdefault(("event", event.time_ms), place)
        return Journalled(whole, due, rows_of)

    def _decided_otherwise(self, finder: RowFinder, evidence: Evidence, shipment: str) -> list[str]:
        """Manifests, reviews and entries of the registers of which the register says otherwise."""
        subjects = _subjects(evidence, shipment)
        found = finder.decided(map(subject_key, subjects))
        if not finder.decisions():
            return []  # a register of before decisions were journalled
        reader = JournalReader(self._directory)
        rows = [row for worker in found for row in reader.rows_at(worker, found[worker])]
        said: dict[Subject, list[tuple[str, Decision]]] = {subject: [] for subject in subjects}
        for row in sorted(rows, key=lambda row: (row.received_ms, row.worker, row.row)):
            decision = decision_of(row)
            if isinstance(decision, Redacted):
                # What the removed row decided nobody can say any more.
                said.pop(decision.about or ("", ""), None)
                continue
            subject = None if decision is None else subject_of(decision)
            if decision is not None and subject in said and subject is not None:
                said[subject].append((f"{row.worker} row {row.row}", decision))
        differing = []
        for (kind, name), decisions in said.items():
            told = folded(decision for _, decision in decisions)
            if told.digest != folded(self._register.standing.about((kind, name))).digest:
                rows_named = ", ".join(place for place, _ in decisions) or "no row"
                differing.append(f"{kind} {name}: not in the register as decided ({rows_named})")
        return differing


def _subjects(evidence: Evidence, shipment: str) -> list[Subject]:
    """Of what the register is asked when the shipment is judged."""
    subjects = {("manifest", shipment), ("review", shipment), ("attachment", shipment)}
    subjects.add(("challenge", shipment))
    manifest = evidence.manifests.get(shipment)
    office = evidence.office.get(shipment)
    boxes = {event.box for event in evidence.events.get(shipment, ())}
    loggers = set(evidence.readings.loggers)
    if manifest is not None:
        boxes.add(manifest.box.id)
        loggers |= manifest.logger_ids()
        for item in manifest.items:
            numbers = (item.approval_number, item.trace_code)
            subjects |= {("products", number) for number in numbers if number is not None}
    subjects |= {("boxes", box) for box in boxes if box is not None}
    subjects |= {("devices", logger) for logger in loggers}
    if office is not None and office.box is not None:
        subjects.add(("box-models", office.box.model))
    if office is not None:
        subjects |= {("sites", site.id) for site in office.sites}
        subjects |= {("agreements", one.id) for one in office.agreements}
        subjects |= {("banned-drugs", one.id) for one in office.banned}
    return sorted(subjects)


def _boxes(said: DecodedRows, evidence: Evidence, shipment: str) -> list[str]:
    boxes = {event.box for event in said.events if event.shipment == shipment}
    boxes |= {event.box for event in evidence.events.get(shipment, ())}
    return sorted(box for box in boxes if box is not None)


def _span_ms(said: DecodedRows, evidence: Evidence, shipment: str) -> tuple[int, int]:
    """From the shipment's first event to its last event or reading, a day on either side."""
    times_ms = [event.time_ms for event in (*said.events, *evidence.events.get(shipment, ()))]
    mine = evidence.readings.shipment == evidence.shipments.index(shipment)
    times_ms += evidence.readings.time_ms[mine].tolist()
    return min(times_ms) - DAY_MS, max(times_ms) + DAY_MS


def _add(found: dict[str, set[int]], more: Mapping[str, set[int]]) -> None:
    for worker, rows in more.items():
        found.setdefault(worker, set()).update(rows)


def _extend(whole: DecodedRows, one: DecodedRows) -> None:
    whole.readings += one.readings
    whole.readings_received_ms += one.readings_received_ms
    whole.events += one.events
    whole.events_received_ms += one.events_received_ms


def _received_days(evidence: Evidence, shipment: str) -> tuple[str, str] | None:
    """UTC days of the first receipt and of a day after the last, as the stores know them."""
    table = evidence.readings
    times_ms = table.received_ms[table.shipment == evidence.shipments.index(shipment)].tolist()
    times_ms += [event.time_ms for event in evidence.events.get(shipment, ())]
    times_ms = [time_ms for time_ms in times_ms if time_ms > 0]
    if not times_ms:
        return None
    return utc_day(min(times_ms)), utc_day(max(times_ms) + DAY_MS)


def _days(evidence: Evidence, shipment: str) -> tuple[str, str]:
    """First and last UTC day to look at; all days where nothing tells."""
    table = evidence.readings
    mine = table.shipment == evidence.shipments.index(shipment)
    times_ms = [*table.time_ms[mine].tolist(), *table.received_ms[mine].tolist()]
    times_ms += [event.time_ms for event in evidence.events.get(shipment, ())]
    manifest = evidence.manifests.get(shipment)
    if manifest is not None:
        times_ms += [manifest.dispatched_ms or 0, manifest.delivered_ms or 0]
    times_ms = [time_ms for time_ms in times_ms if time_ms > 0]
    if not times_ms:
        return _FIRST_DAY, _LAST_DAY
    return (
        utc_day(max(0, min(times_ms) - _BEFORE_DAYS * DAY_MS)),
        utc_day(max(times_ms) + _AFTER_DAYS * DAY_MS),
    )
