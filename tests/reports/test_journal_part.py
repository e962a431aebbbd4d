"""The journal's rows behind a report are found by when they were received, not by reading all."""

from pathlib import Path

import msgspec
import pytest

from coldwitness.api.reports.made.columns import Column
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.packed.journal_part import doubts_about, journal_part
from coldwitness.api.reports.packed.package import readings_parts
from coldwitness.config.settings import FormatRule
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Journal, JournalReader, Message, Row
from tests.ingest.formats.test_sparkplug_b import HISTORICAL, NBIRTH
from tests.reports.fleet import report_of
from tests.reports.packages import BUREAU

DAY_MS = 86_400_000
TOPIC = "coldchain/v1/ql/BX-1/readings"


def received(report: Report, times_ms: list[int | None]) -> Report:
    texts = tuple(None if time_ms is None else rfc3339(time_ms) for time_ms in times_ms)
    readings = msgspec.structs.replace(report.readings, received=texts)
    return msgspec.structs.replace(report, readings=readings)


def others(count: int, *, from_ms: int) -> list[Message]:
    """Readings of another shipment."""
    body = b'{"shipment":"ZB-9","logger":"LG-9","time":"%s","temperature":{"drug":5}}'
    times_ms = [from_ms + 2 * i for i in range(count)]
    return [
        Message("coldchain/v1/other/BX-9/readings", body % rfc3339(time_ms).encode(), time_ms)
        for time_ms in times_ms
    ]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """The rows that were decoded so far."""
    rows: list[Row] = []
    decode = Routes.decode

    def counted(self: Routes, row: Row) -> object:
        rows.append(row)
        return decode(self, row)

    monkeypatch.setattr(Routes, "decode", counted)
    return rows


def written(folder: Path, report: Report) -> tuple[Report, int]:
    """A journal with three days before the report's readings, their own, and two days after;
    the report as a store gives it, and how many readings it has."""
    lines = b"".join(readings_parts(report)).splitlines()
    begin_ms = instant_ms(report.readings.time[0][:10] + "T01:00:00Z")
    own_ms = [begin_ms + 10_000 + 2 * i for i in range(len(lines))]
    between = others(len(lines), from_ms=begin_ms + 10_001)
    own = [Message(TOPIC, line, own_ms[i]) for i, line in enumerate(lines)]
    messages = [message for pair in zip(own, between, strict=True) for message in pair]
    with Journal(folder, worker="w1", signer=BUREAU) as journal:
        for day in (-3, -2, -1):
            journal.append(others(20, from_ms=begin_ms + day * DAY_MS))
        for message in sorted(messages, key=lambda message: message.received_ms):
            journal.append([message])
        for day in (1, 2):
            journal.append(others(20, from_ms=begin_ms + day * DAY_MS))
    return received(report, list(own_ms)), len(lines)


def test_only_the_days_of_receipt_are_opened_and_only_its_rows_decoded(
    tmp_path: Path, decoded: list[Row]
) -> None:
    report, readings = written(tmp_path, report_of("clean"))
    for sealed in (tmp_path / "segments" / "w1").glob("*.rows.gz"):
        if not sealed.name.startswith(report.readings.time[0][:10]):
            sealed.write_bytes(b"spoiled: who opens this day, fails")
    part = journal_part(report, tmp_path, ())
    assert part is not None
    assert len(decoded) == len(part.rows) == readings
    assert doubts_about(part, report, [BUREAU.public]) == []


def test_readings_whose_receipt_nobody_knows_are_found_all_the_same(tmp_path: Path) -> None:
    report, readings = written(tmp_path, report_of("clean"))
    unknown = received(report, [None] * readings)
    wrong = received(report, [instant_ms(report.readings.time[0])] * readings)
    for said in (unknown, wrong):
        part = journal_part(said, tmp_path, ())
        assert part is not None
        assert len(part.rows) == readings
        assert doubts_about(part, said, [BUREAU.public]) == []


def with_one_reading(
    *, logger: str, time: str, received_ms: int, temperature_c: dict[str, float]
) -> Report:
    report = report_of("clean")
    one = {
        name: column[:1] if isinstance(column, Column) else column
        for name, column in msgspec.structs.asdict(report.readings).items()
    }
    one |= {"loggers": (logger,), "time": (time,), "logger": (0,), "conflict": ()}
    one |= {"received": (rfc3339(received_ms),)}
    one |= {"temperature_c": {name: (value,) for name, value in temperature_c.items()}}
    return msgspec.structs.replace(report, readings=msgspec.convert(one, type(report.readings)))


def test_a_row_without_the_drugs_probe_is_read_by_the_name_that_an_earlier_one_fixed(
    tmp_path: Path,
) -> None:
    noon_ms = instant_ms("2026-11-21T12:00:00Z")
    first = b'{"DS18B20-1": {"Temperature": 4.5}, "DS18B20-2": {"Temperature": 25.0}}'
    alone = b'{"DS18B20-2": {"Temperature": 25.0}}'
    formats = [FormatRule(topic="tele/+/SENSOR", format="tasmota")]
    with Journal(tmp_path, worker="w1", signer=BUREAU) as journal:
        journal.append([Message("tele/box/SENSOR", first, noon_ms - DAY_MS)])
        journal.append([Message("tele/box/SENSOR", alone, noon_ms)])
    routes = Routes(formats)
    readings = [
        reading
        for row in JournalReader(tmp_path).read("w1", after=0, limit=10)
        for reading in routes.decode(row).readings
    ]
    names = {readings[1].logger: "DS18B20-1"}
    assert readings[1].temperature_c == {"DS18B20-2": 25.0}
    report = with_one_reading(
        logger=readings[1].logger,
        time=rfc3339(readings[1].time_ms),
        received_ms=noon_ms,
        temperature_c=readings[1].temperature_c,
    )
    part = journal_part(report, tmp_path, formats, drug_names=names)
    assert part is not None
    assert part.drug_names == {readings[1].logger: "DS18B20-1"}
    assert doubts_about(part, report, [BUREAU.public]) == []


def test_a_sparkplug_reading_by_alias_comes_with_the_birth_that_names_it(tmp_path: Path) -> None:
    noon_ms = instant_ms("2017-02-03T18:00:00Z")
    with Journal(tmp_path, worker="w1", signer=BUREAU) as journal:
        for node in ("E", "F"):
            birth = Message(f"spBv1.0/G/NBIRTH/{node}", bytes.fromhex(NBIRTH), noon_ms - DAY_MS)
            journal.append([birth])
        journal.append([Message("spBv1.0/G/NDATA/E", bytes.fromhex(HISTORICAL), noon_ms)])
    report = with_one_reading(
        logger="G-E", time="2017-02-03T17:55:01Z", received_ms=noon_ms, temperature_c={"drug": 6.5}
    )
    formats = [FormatRule(topic="spBv1.0/#", format="sparkplug_b")]
    part = journal_part(report, tmp_path, formats)
    assert part is not None
    assert [row.row for row in part.rows] == [1, 3]
    assert doubts_about(part, report, [BUREAU.public]) == []
