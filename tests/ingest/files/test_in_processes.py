"""A large file is read by several processes as by one."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from coldwitness.ingest.files import ndjson, opening
from coldwitness.ingest.files.in_processes import in_processes
from coldwitness.ingest.files.recorded import read_files


def reading(seq: int, drug: object = 5.0) -> str:
    return (
        f'{{"logger":"L{seq % 3}","shipment":"S{seq % 5}","seq":{seq},'
        f'"time":"2026-06-18T10:{seq // 60:02}:{seq % 60:02}Z","temperature":{{"drug":{drug}}}}}\n'
    )


def test_rows_events_and_refusals_come_in_the_order_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [reading(seq) for seq in range(200)]
    lines[70] = "not a reading\n"
    lines[71] = '{"shipment":"S1","event":"packed","time":"2026-06-18T09:59:00Z"}\n'
    lines[150] = reading(150, drug='"warm"')
    lines[160] = '{"shipment":"S1","event":"delivered","time":"2026-06-18T11:00:00Z"}\n'
    path = tmp_path / "readings.ndjson"
    path.write_text("".join(lines))
    whole = read_files([path])
    monkeypatch.setattr(opening, "BLOCK_BYTES", 3000)
    monkeypatch.setattr(ndjson, "ALONE_BLOCKS", 2)
    parted = read_files([path], processes=2)
    for field in fields(whole.table):
        mine, its = getattr(whole.table, field.name), getattr(parted.table, field.name)
        if isinstance(mine, np.ndarray):
            np.testing.assert_array_equal(mine, its)
        elif not isinstance(mine, dict):
            assert mine == its
    np.testing.assert_array_equal(
        whole.table.temperature_c["drug"], parted.table.temperature_c["drug"]
    )
    assert parted.events == whole.events
    assert [event.event for event in parted.events] == ["packed", "delivered"]
    assert (parted.refused_count, parted.first_refusal) == (2, whole.first_refusal)
    assert ", line 71" in str(parted.first_refusal)


def test_a_document_over_many_lines_is_one_however_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "readings.json"
    path.write_text(json.dumps([json.loads(reading(seq)) for seq in range(90)], indent=1))
    monkeypatch.setattr(opening, "BLOCK_BYTES", 3000)
    monkeypatch.setattr(ndjson, "ALONE_BLOCKS", 2)
    assert len(read_files([path], processes=2).table) == 90


def doubled(number: int) -> int:
    if number == 7:
        raise ValueError("seven")
    return 2 * number


def test_parts_come_back_in_order_and_failures_too() -> None:
    assert list(in_processes(doubled, range(6), processes=2)) == [0, 2, 4, 6, 8, 10]
    with pytest.raises(ValueError, match="seven"):
        list(in_processes(doubled, range(9), processes=2))
