"""A reading has 64 probes at most, a file 256: below, at and above."""

import json
from pathlib import Path

import pytest

from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.domain.reading import FILE_PROBES_MAX, PROBES_MAX
from coldwitness.ingest.files.csv_rows import read_csv
from coldwitness.ingest.files.ndjson import read_ndjson
from coldwitness.ingest.formats import DecodeContext
from coldwitness.ingest.formats.naming import reading
from coldwitness.ingest.formats.native import decode

T0 = 1_795_219_200_000
CONTEXT = DecodeContext("coldchain/v1/ql/BX-1/readings", T0, None, "ql", "BX-1")


def said(count: int, *, first: int = 1, time_ms: int = T0) -> dict[str, object]:
    probes = {f"drug.{number}": 5.0 for number in range(first, first + count)}
    return {"logger": "L-1", "time": time_ms, "shipment": "S-1", "temperature": probes}


@pytest.mark.parametrize("count", [PROBES_MAX - 1, PROBES_MAX])
def test_as_many_probes_as_a_reading_may_have_are_read(count: int) -> None:
    decoded = decode(json.dumps(said(count)).encode(), CONTEXT)
    assert len(decoded.readings[0].temperature_c) == count


@pytest.mark.parametrize("count", [PROBES_MAX + 1, 900])
def test_more_are_refused_with_the_bound(count: int) -> None:
    decoded = decode(json.dumps(said(count)).encode(), CONTEXT)
    (refusal,) = decoded.refused
    assert not decoded.readings
    assert refusal.reason == "too_many_probes"
    assert refusal.text == f"temperature: expected at most 64 probes, got {count}"


def test_other_formats_have_the_same_bound() -> None:
    temperatures = {f"probe{number}": 5.0 for number in range(PROBES_MAX)}
    assert len(reading(CONTEXT, serial="L-1", temperatures=temperatures).temperature_c) == 64
    with pytest.raises(BadMessage, match="at most 64 probes, got 65"):
        reading(CONTEXT, serial="L-1", temperatures=temperatures | {"one more": 5.0})


@pytest.mark.parametrize("others", [0, 40])
def test_a_line_with_more_is_refused_and_the_others_are_read(tmp_path: Path, others: int) -> None:
    lines = [said(1, time_ms=T0 + n) for n in range(others)]
    lines += [said(PROBES_MAX, time_ms=T0 + 50), said(PROBES_MAX + 1, time_ms=T0 + 51)]
    file = tmp_path / "a.ndjson"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    content = read_ndjson(file, zone=None)
    assert len(content.table) == others + 1
    assert content.refusals.count == 1
    assert "at most 64 probes, got 65" in str(content.refusals.first)


def test_a_file_that_names_others_in_every_line_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    for more in (0, 1):
        lines = [said(64, first=1 + 64 * n, time_ms=T0 + n) for n in range(FILE_PROBES_MAX // 64)]
        lines += [said(more, first=900, time_ms=T0 + 99)] * more
        file.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
        if more:
            with pytest.raises(BadInput, match=r"a\.ndjson: more than 256 probes"):
                read_ndjson(file, zone=None)
        else:
            assert len(read_ndjson(file, zone=None).table.temperature_c) == FILE_PROBES_MAX


def test_columns_of_a_table_have_the_bound_of_a_reading(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    for count in (PROBES_MAX, PROBES_MAX + 1):
        names = ",".join(f"drug.{number}" for number in range(1, count + 1))
        row = ",".join(["2026-11-21T08:00:00Z", *["5.0"] * count])
        file.write_text(f"time,{names}\n{row}\n", encoding="utf-8")
        if count > PROBES_MAX:
            with pytest.raises(BadInput, match="at most 64 columns of temperatures, got 65"):
                read_csv(file, zone=None)
        else:
            assert len(read_csv(file, zone=None).table.temperature_c) == PROBES_MAX
