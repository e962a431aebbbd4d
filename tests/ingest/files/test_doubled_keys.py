"""A key that stands twice in a line: the line is refused, whatever stands around it."""

from pathlib import Path

import pytest

from coldwitness.ingest.files.ndjson import read_ndjson

PLAIN = (
    '{"logger":"L1","shipment":"S1","time":"2026-11-21T08:%02d:00Z","temperature":{"drug":5.0}%s}'
)


@pytest.mark.parametrize(
    "again",
    [
        ',"time":"2026-11-21T09:00:00Z"',
        ',"t\\u0069me":"2026-11-21T09:00:00Z"',
        ',"temperature":{"drug":9.0}',
        ',"logger":"L2"',
        ',"shipment":"S2"',
    ],
)
def test_a_doubled_key_refuses_its_line_and_no_other(tmp_path: Path, again: str) -> None:
    path = tmp_path / "readings.ndjson"
    lines = [PLAIN % (minute, again if minute == 3 else "") for minute in range(6)]
    path.write_text("\n".join(lines))
    content = read_ndjson(path, zone=None)
    assert content.refusals.count == 1
    assert "line 4" in str(content.refusals.first)
    assert len(content.table) == 5


@pytest.mark.parametrize(
    "more",
    [
        "",
        ',"position":{"lat":1,"lon":2,"accuracy_m":3,"datum":"WGS84"},"seq":1,"humidity":50',
        ',"lid_open":true,"light_lux":0,"moving":false,"battery_v":3,"courier":"C1","box":"B1"',
        ',"received_at":"2026-11-21T10:00:00Z"',
        ',"colour":"blue","humidity":null',
    ],
)
def test_a_line_with_more_keys_is_not_taken_for_a_doubled_one(tmp_path: Path, more: str) -> None:
    path = tmp_path / "readings.ndjson"
    path.write_text("\n".join(PLAIN % (minute, more) for minute in range(6)))
    content = read_ndjson(path, zone=None)
    assert (len(content.table), content.refusals.count) == (6, 0)
