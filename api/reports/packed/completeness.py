"""That a package's rows are all rows of its shipment, loggers and boxes on its days.

With each head a tally of the day was signed: of each name how many rows have it, and a digest of
them. So whoever leaves out a row contradicts a head that he signed before he knew of the report;
and that the heads themselves are all there, their numbers and links show.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.api.reports.made.model import Evidenced
from coldwitness.api.reports.packed.witnessed import (
    Seen,
    Witnessed,
    doubts_about_witnessed,
    seen_by,
)
from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal import Row, SignedHead, row_bytes
from coldwitness.storage.journal.merkle import leaf_hash, verify_consistency, verify_inclusion
from coldwitness.storage.journal.signed_note import NoteKey
from coldwitness.storage.journal.tally import (
    Tallied,
    named_in,
    read_tally_file,
    row_names,
    tallied,
)

Problem = tuple[str, str]


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a day's tally (base64 of its bytes), its place, and the path to the root."""

    entry: str
    index: int
    path: tuple[str, ...]


class DayTally(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's day: its first signed head, the one whose tally is shown, and of the tally the
    entries that are asked for, or their neighbours where there is none.

    consistency : that the tree over the day's rows in `days` adds to that of `head`. The days
    beside the first and the last have their heads alone: they show that no day was left out.
    witnessed : checkpoints over `head` that witnesses signed.
    """

    worker: str
    day: str
    first: SignedHead
    head: SignedHead
    consistency: tuple[str, ...] = ()
    entries: tuple[Placed, ...] = ()
    witnessed: tuple[Witnessed, ...] | msgspec.UnsetType = msgspec.UNSET

    def witnesses(self) -> tuple[Witnessed, ...]:
        return () if self.witnessed is msgspec.UNSET else self.witnessed


class Completeness(msgspec.Struct, frozen=True, kw_only=True):
    """first_day, last_day : UTC days of receipt, both included, for which rows are all there."""

    first_day: str
    last_day: str
    tallies: tuple[DayTally, ...]

    def seen_by(self, witnesses: Sequence[NoteKey]) -> list[Seen]:
        """Which heads of the days from the first to the last these witnesses saw."""
        return [
            seen
            for one in self.tallies
            if self.first_day <= one.day <= self.last_day
            for seen in seen_by(one.witnesses(), one.head, witnesses)
        ]

    def until_ms(self) -> int:
        """When the last head of the last days was signed [UTC epoch ms], of several workers the
        earliest: rows received later were not counted yet."""
        last = {one.worker: one.head.time_ms for one in sorted(self.tallies, key=_day)}
        return min(last.values(), default=0)


def names_of(report: Evidenced, rows: Iterable[Row]) -> set[bytes]:
    """What a package's rows must be complete of: its shipment, the loggers of its readings and its
    manifest, the manifest's box, the boxes under whose topics rows name the shipment, and the
    topics of rows in other formats."""
    shipment = b"shipment:" + report.shipment.encode()
    names = {shipment} | {b"logger:" + one.encode() for one in report.readings.loggers}
    names |= _named_by_manifest(report.manifest or {})
    for row in rows:
        of_topic = named_in(row.topic, b"")
        if any(one.startswith(b"topic:") for one in of_topic) or (
            of_topic and shipment in row_names(row)
        ):
            names |= set(of_topic)
    return names


def doubts_about_completeness(
    said: Completeness,
    report: Evidenced,
    rows: Sequence[Row],
    roots: Mapping[tuple[str, str], tuple[int, bytes]],
    trusted: Sequence[Ed25519PublicKey],
) -> list[Problem]:
    """rows : of the package, whose places in their days' trees have been proved. roots : by worker
    and day the size and root that they lead to. trusted : keys of which one must have signed the
    heads; all are taken if it is empty."""
    names = names_of(report, rows)
    problems: list[Problem] = []
    workers = sorted({one.worker for one in said.tallies})
    for worker in workers:
        days = sorted((one for one in said.tallies if one.worker == worker), key=_day)
        problems += _unlinked(days, said, trusted)
        for one in days:
            if said.first_day <= one.day <= said.last_day:
                here = [row for row in rows if row.worker == worker and _of(row, one)]
                problems += _miscounted(one, names, here, roots.get((worker, one.day)))
    shown = {(one.worker, one.day) for one in said.tallies}
    for worker, day in roots:
        if said.first_day <= day <= said.last_day and (worker, day) not in shown:
            problems.append(("head_invalid", f"{worker} {day}: no tally"))
    return problems


def _unlinked(
    days: Sequence[DayTally], said: Completeness, trusted: Sequence[Ed25519PublicKey]
) -> list[Problem]:
    """Heads that nobody signed, or between which one was left out."""
    problems = []
    for one in days:
        named = {(head.worker, head.day) for head in (one.first, one.head)}
        signed = not trusted or any(one.first.holds(key) and one.head.holds(key) for key in trusted)
        if named != {(one.worker, one.day)} or not signed or one.head.row < one.first.row:
            problems.append(("head_invalid", f"{one.worker} {one.day}"))
        problems += doubts_about_witnessed(one.witnesses(), one.head, trusted)
    for before, after in pairwise(days):
        if after.first.previous != before.head.digest():
            where = f"{after.worker} {before.day} - {after.day}"
            problems.append(("record_omitted", f"{where}: a day or a head was left out"))
    if days and days[0].day >= said.first_day and days[0].first.count() > 1:
        problems.append(("record_omitted", f"{days[0].worker}: days before {days[0].day}"))
    return problems


def _miscounted(
    shown: DayTally,
    names: Iterable[bytes],
    rows: Sequence[Row],
    led_to: tuple[int, bytes] | None,
) -> list[Problem]:
    """Names whose rows here are not those that were counted."""
    where = f"{shown.worker} {shown.day}"
    head = shown.head
    try:
        entries = _proved_entries(shown)
        if led_to is not None:
            size = head.row - shown.first.row
            grown = size == 0 or verify_consistency(
                old_size=size,
                old_root=bytes.fromhex(head.merkle_root),
                size=led_to[0],
                root=led_to[1],
                proof=[bytes.fromhex(node) for node in shown.consistency],
            )
            if not grown:
                return [("head_invalid", f"{where}: rows are not those of the head")]
    except (ValueError, BadInput) as error:
        return [("head_invalid", f"{where}: tally: {error}"[:200])]
    named = [
        (set(row_names(row)), leaf_hash(row_bytes(row)))
        for row in sorted(rows, key=lambda row: row.row)
        if row.row <= head.row
    ]
    problems = []
    for name in sorted(names):
        leaves = [leaf for of_row, leaf in named if name in of_row]
        if not _agrees(name, leaves, entries, head):
            shown_name = name.decode("utf-8", "replace")
            problems.append(("record_omitted", f"{where}: {shown_name}"))
    return problems


def _agrees(
    name: bytes, leaves: Sequence[bytes], entries: Mapping[int, Tallied], head: SignedHead
) -> bool:
    """Whether exactly these rows were counted under the name; none, where it stands in no entry
    and its neighbours are next to each other or at an end."""
    for one in entries.values():
        if one.name == name:
            return one == tallied(name, leaves)
    if leaves or head.tally_size is msgspec.UNSET:
        return False
    size = head.tally_size
    before = max((i for i, one in entries.items() if one.name < name), default=-1)
    after = min((i for i, one in entries.items() if one.name > name), default=size)
    return after == before + 1


def _proved_entries(shown: DayTally) -> dict[int, Tallied]:
    """By their place. Raises ValueError for one that is not in the tally that the head signed."""
    head = shown.head
    if head.tally_root is msgspec.UNSET or head.tally_size is msgspec.UNSET:
        raise ValueError("the head has none")
    entries = {}
    for one in shown.entries:
        data = base64.b64decode(one.entry, validate=True)
        holds = verify_inclusion(
            leaf_hash(data),
            index=one.index,
            size=head.tally_size,
            proof=[bytes.fromhex(node) for node in one.path],
            root=bytes.fromhex(head.tally_root),
        )
        if not holds:
            raise ValueError(f"entry {one.index} is not in it")
        entries[one.index] = entry_of(data)
    return entries


def entry_of(data: bytes) -> Tallied:
    """The entry of its leaf's bytes. Raises BadInput."""
    (one,) = read_tally_file(bytes(8) + data)[1]
    return one


def _of(row: Row, shown: DayTally) -> bool:
    return shown.first.row < row.row <= shown.head.row


def _day(one: DayTally) -> str:
    return one.day


def _named_by_manifest(manifest: Mapping[str, object]) -> set[bytes]:
    """Loggers and box of a manifest as it was sent, whatever shape it has."""
    loggers = manifest.get("loggers")
    several = loggers if isinstance(loggers, list) else []
    ids = [_id_in(one) for one in (manifest.get("logger"), *several)]
    names = {b"logger:" + one.encode() for one in ids if one is not None}
    courier, box = _id_in(manifest.get("courier")), _id_in(manifest.get("box"))
    if courier is not None and box is not None:
        names.add(b"box:" + f"{courier}/{box}".encode())
    return names


def _id_in(value: object) -> str | None:
    named = value.get("id") if isinstance(value, dict) else value
    return named if isinstance(named, str) else None
