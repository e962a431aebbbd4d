"""No row of a package's shipment, loggers and boxes can be left out, by whom ever."""

import base64
import json
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed import standalone_verify
from coldwitness.api.reports.packed.journal_part import JournalPart, doubts_about, journal_part
from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal import Journal, JournalReader, Message
from coldwitness.storage.journal.layout import segments
from coldwitness.storage.journal.merkle import leaf_hash
from coldwitness.storage.journal.rows import parse_row, row_bytes
from coldwitness.storage.journal.tally import named_in, tallied
from tests.reports.packages import BUREAU, END_MS, FORGER, files_of, honest, report_in

DAY_MS = 86_400_000
SHIPMENT = "ZB-20260618-0001"


@dataclass(frozen=True)
class Kept:
    folder: Path
    report: Report


def others(count: int, *, at_ms: int) -> list[Message]:
    """Rows of other boxes, loggers and shipments, and of another format."""
    said = b'{"logger":"LG-%d","shipment":"S-%d","time":"2026-06-18T00:00:00Z","temperature":{}}'
    native = [
        Message(f"coldchain/v1/other/BX-{n % 7}/readings", said % (n % 9, n % 5), at_ms + n)
        for n in range(count)
    ]
    return [*native, Message("v3/app/devices/d-1/up", b"{}", at_ms + count)]


def kept(folder: Path, *, days: int, close_at: int | None = None) -> Kept:
    """The report of the honest package, its rows spread over `days` days between others'; the days
    before the last are sealed."""
    report = report_in(honest())
    said = [parse_row(base64.b64decode(row["entry"])) for row in _rows_of(honest())]
    start_ms = END_MS - END_MS % DAY_MS + DAY_MS // 2
    part = len(said) // days + 1
    received: list[int] = []
    with Journal(folder, worker="w1", signer=BUREAU) as journal:
        for day in range(days):
            at_ms = start_ms + day * DAY_MS
            mine = said[day * part : (day + 1) * part]
            batch = others(30, at_ms=at_ms)
            for n, row in enumerate(mine):
                received.append(at_ms + 1000 + n)
                batch.append(Message(row.topic, row.payload, received[-1]))
            journal.append([*batch, *others(10, at_ms=at_ms + 60_000)])
    return Kept(folder, report)


def _rows_of(package: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(files_of(package)["journal.json"])["rows"]
    return rows


def part_of(one: Kept) -> JournalPart:
    part = journal_part(one.report, one.folder, ())
    assert part is not None
    return part


def codes(part: JournalPart, report: Report) -> set[str]:
    return {code for code, _ in doubts_about(part, report, [BUREAU.public])}


@pytest.mark.parametrize("days", [1, 3])
def test_an_honest_package_is_complete_and_says_for_which_days(tmp_path: Path, days: int) -> None:
    one = kept(tmp_path, days=days)
    part = part_of(one)
    assert part.completeness is not None
    assert part.completeness.last_day > part.completeness.first_day or days == 1
    assert codes(part, one.report) == set()
    names = {name for row in part.rows for name in named_in(*_said(row.entry))}
    assert f"shipment:{SHIPMENT}".encode() in names
    assert b"shipment:S-1" not in names


def _said(entry: str) -> tuple[str, bytes]:
    row = parse_row(base64.b64decode(entry))
    return row.topic, row.payload


def test_what_a_stranger_sent_in_the_shipments_name_is_packed_and_no_omission_where_it_is_told(
    tmp_path: Path,
) -> None:
    one = kept(tmp_path, days=1)
    said = json.loads(_said(part_of(one).rows[-1].entry)[1]) | {"logger": "LG-STRANGE"}
    said.pop("event", None)
    said |= {"time": "2026-06-18T03:00:00Z", "temperature": {"drug": 30.0}, "shipment": SHIPMENT}
    last_ms = parse_row(base64.b64decode(part_of(one).rows[-1].entry)).received_ms
    with Journal(tmp_path, worker="w1", signer=BUREAU) as journal:
        payload = json.dumps(said).encode()
        journal.append([Message("coldchain/v1/evil/BX-E/readings", payload, last_ms + 1)])
    part = part_of(one)
    assert any(b"LG-STRANGE" in base64.b64decode(row.entry) for row in part.rows)
    assert codes(part, one.report) == {"record_omitted"}
    finding = msgspec.structs.replace(one.report.result.findings[0], subtype="foreign_source")
    result = msgspec.structs.replace(one.report.result, findings=(finding,))
    assert codes(part, msgspec.structs.replace(one.report, result=result)) == set()


@pytest.mark.parametrize("days", [1, 3])
def test_each_row_that_the_issuer_leaves_out_is_found(tmp_path: Path, days: int) -> None:
    """He holds every key, and leaves the reading out of the report as well."""
    one = kept(tmp_path, days=days)
    part, draw = part_of(one), random.Random(14)
    for case in range(25):
        gone = draw.sample(range(len(part.rows)), draw.choice([1, 1, 2, 5]))
        rows = tuple(row for i, row in enumerate(part.rows) if i not in gone)
        thinned = msgspec.structs.replace(part, rows=rows)
        assert "record_omitted" in codes(thinned, one.report), case


def edited(part: JournalPart, edit: Callable[[Any], object]) -> JournalPart:
    plain = json.loads(msgspec.json.encode(part))
    edit(plain)
    return msgspec.convert(plain, JournalPart)


@pytest.mark.parametrize(
    "edit",
    [
        lambda said: said["tallies"].pop(1),
        lambda said: said["tallies"].pop(0),
        lambda said: said["tallies"][1]["entries"].pop(0),
        lambda said: said["tallies"][1].update(entries=[]),
        lambda said: said["tallies"][1].update(head=said["tallies"][1]["first"]),
        lambda said: said["tallies"][1]["head"].update(tally_size=1),
        lambda said: said["tallies"][1]["head"].update(row=said["tallies"][1]["head"]["row"] - 1),
        lambda said: said["tallies"][1].update(day="2026-06-01"),
        lambda said: said["tallies"][1]["entries"][0].update(index=0),
    ],
)
def test_what_speaks_of_completeness_cannot_be_changed(
    tmp_path: Path, edit: Callable[[Any], object]
) -> None:
    one = kept(tmp_path, days=3)
    part = edited(part_of(one), lambda plain: edit(plain["completeness"]))
    assert codes(part, one.report) & {"record_omitted", "head_invalid"}


def test_a_tally_that_another_key_signed_is_none(tmp_path: Path) -> None:
    one = kept(tmp_path, days=1)
    found = doubts_about(part_of(one), one.report, [FORGER.public])
    assert ("head_invalid", f"w1 {segments(tmp_path, 'w1')[0].day}") in found


def cut(folder: Path, day: int, rows: set[int]) -> None:
    """Rows taken out of the files of an open day, without the key: the rest is not renumbered."""
    segment = segments(folder, "w1")[day]
    connection = sqlite3.connect(segment.database)
    with connection:
        for row in rows:
            connection.execute("DELETE FROM message WHERE row = ?", (row,))
    connection.close()


def test_a_package_is_not_made_of_a_journal_from_which_rows_were_taken(tmp_path: Path) -> None:
    draw = random.Random(41)
    for case in range(10):
        one = kept(tmp_path / str(case), days=1)
        mine = [row.row for row in part_of(one).rows]
        cut(one.folder, 0, set(draw.sample(mine, draw.choice([1, 3]))))
        with pytest.raises(BadInput, match="record_altered"):
            part_of(one)


def test_a_kept_tally_that_was_changed_with_the_rows_is_not_the_signed_one(tmp_path: Path) -> None:
    one = kept(tmp_path, days=1)
    mine = [row.row for row in part_of(one).rows]
    cut(tmp_path, 0, {mine[3]})
    segment = segments(tmp_path, "w1")[0]
    connection = sqlite3.connect(segment.database)
    with connection:
        connection.execute("DELETE FROM tally")
        rows = list(JournalReader(tmp_path).read("w1"))
        names = {name for row in rows for name in named_in(row.topic, row.payload)}
        for name in names:
            leaves = [
                leaf_hash(row_bytes(row))
                for row in rows
                if name in named_in(row.topic, row.payload)
            ]
            made = tallied(name, leaves)
            connection.execute(
                "INSERT INTO tally VALUES (?, ?, ?, ?)", (name, made.rows, made.digest, b"")
            )
    connection.close()
    with pytest.raises(BadInput, match="record_altered"):
        part_of(one)


def test_a_sealed_day_keeps_its_tally_and_is_told_by_its_rows_where_it_is_gone(
    tmp_path: Path,
) -> None:
    one = kept(tmp_path, days=2)
    sealed = segments(tmp_path, "w1")[0]
    assert sealed.state == "sealed"
    whole = part_of(one)
    sealed.tally.unlink()
    assert part_of(one) == whole


def test_rows_after_the_last_head_are_in_the_package_and_not_said_to_be_all(
    tmp_path: Path,
) -> None:
    one = kept(tmp_path, days=1)
    last = part_of(one).rows[-1]
    topic, payload = _said(last.entry)
    journal = Journal(tmp_path, worker="w1", signer=BUREAU)
    journal.append([Message(topic, payload, journal.clock.now_ms())])
    try:
        part = part_of(one)
        assert codes(part, one.report) == set()
    finally:
        journal.close()


def test_the_one_file_verifier_finds_a_row_left_out(tmp_path: Path) -> None:
    one = kept(tmp_path, days=3)
    part = part_of(one)
    report = json.loads(render_json(one.report))

    def found(said: JournalPart) -> set[str]:
        problems: list[tuple[str, str]] = []
        data = standalone_verify.canonical(json.loads(msgspec.json.encode(said))) + b"\n"
        standalone_verify.check_journal(data, [BUREAU.public], problems, report)
        return {code for code, _ in problems}

    assert found(part) == set()
    draw = random.Random(7)
    for _ in range(10):
        gone = draw.randrange(len(part.rows))
        rows = tuple(row for i, row in enumerate(part.rows) if i != gone)
        assert "record_omitted" in found(msgspec.structs.replace(part, rows=rows))
