"""Elitech RC-4 captures: answers in the layout of civic/elitech-datareader's rc-4-data.md."""

import struct
from pathlib import Path

import pytest

from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.ingest.files import read_files, reader_for
from coldwitness.ingest.files.elitech_rc4 import parse_capture

HEADER = bytes.fromhex("550B7607DF050E1704351F")  # rc-4-data.md: 2934 records from 23:04:53
# rc-4-data.md: the first page of 100 records, checksum B9.
PAGE = bytes.fromhex("55" + "010B" * 5 + "010C" * 10 + "010D" * 85 + "B9")


def answer(body: bytes) -> bytes:
    return body + bytes([sum(body) & 0xFF])


def page(*tenths: int) -> bytes:
    return answer(b"\x55" + struct.pack(f">{len(tenths)}h", *tenths))


def header(count: int) -> bytes:
    return answer(b"\x55" + struct.pack(">H", count) + bytes.fromhex("07DF050E170435"))


def information(*, interval: bytes = b"\x00\x00\x1e", unit: int = 0x31, model: int = 0x28) -> bytes:
    """Device information with the values of rc-4-data.md's example."""
    body = b"\x55\x02\x01" + bytes([model]) + b"\x0a" + interval + bytes.fromhex("0258FED4")
    body += bytes.fromhex("07DF050E162F0402" + "07DF050E07380E" + "13640009" + "07DF050E162F36")
    body += b"RC-4 Data Logger".ljust(100, b"\x00") + b"9900112233"
    body += bytes([0x00, 0x31, 0x00, unit, 0xF1]) + bytes.fromhex("025D0131000F")
    return answer(body)


def test_the_documented_header_and_page_are_intact() -> None:
    capture = parse_capture(PAGE)
    (only,) = capture.pages
    assert only.intact
    assert only.temperature_c == (26.7,) * 5 + (26.8,) * 10 + (26.9,) * 85
    # The document shows the first of thirty pages.
    capture = parse_capture(HEADER + PAGE)
    assert (capture.pages, capture.missing) == ((only,), 2834)
    assert capture.start is not None
    assert capture.start.isoformat() == "2015-05-14T23:04:53"
    with pytest.raises(BadMessage, match="expected pages of 50 records"):
        parse_capture(header(50) + PAGE)


def test_the_layout_of_device_information_is_160_bytes() -> None:
    assert len(information()) == 160


@pytest.mark.parametrize("between", [None, " ", "", "\n"])
def test_a_whole_capture_gives_each_record_its_time(tmp_path: Path, between: str | None) -> None:
    first = tuple(range(100))
    data = information() + header(103) + page(*first) + page(-5, 0x7FFF, 45)
    path = tmp_path / "rc4.bin"
    path.write_bytes(data if between is None else data.hex(" ").replace(" ", between).encode())
    recorded = read_files([path], reader="elitech_rc4", timezone="Asia/Shanghai")
    table = recorded.table
    assert table.loggers == ("9900112233",)
    assert len(table) == 102
    assert table.temperature_c["drug"].tolist()[-3:] == [9.9, -0.5, 4.5]
    start_ms = 1_431_615_893_000  # 2015-05-14T23:04:53+08:00
    assert table.time_ms[0] == start_ms
    assert table.time_ms[-1] == start_ms + 102 * 30_000
    if between is not None:
        assert reader_for(path) == "elitech_rc4"


def test_a_page_with_a_wrong_checksum_is_refused_and_keeps_the_others_times(
    tmp_path: Path,
) -> None:
    broken = bytearray(page(*range(100)))
    broken[50] ^= 1
    path = tmp_path / "rc4.bin"
    path.write_bytes(information() + header(101) + bytes(broken) + page(45))
    recorded = read_files([path], reader="elitech_rc4", timezone="UTC")
    assert recorded.table.temperature_c["drug"].tolist() == [4.5]
    assert recorded.table.time_ms.tolist() == [1_431_644_693_000 + 100 * 30_000]
    assert recorded.refused_count == 100
    assert "page 1: its checksum is wrong" in str(recorded.first_refusal)


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_a_capture_cut_short_keeps_its_whole_pages_and_counts_the_rest(
    tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "rc4.bin"
    path.write_bytes(information() + header(250) + page(*range(100)) + page(*range(100))[:cut])
    recorded = read_files([path], reader="elitech_rc4", timezone="UTC")
    assert len(recorded.table) == 100
    assert recorded.table.time_ms[-1] == 1_431_644_693_000 + 99 * 30_000
    assert recorded.refused_count == 150
    assert "announced records are not in the capture" in str(recorded.first_refusal)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (PAGE, "without the first two the records have no times"),
        (header(100) + PAGE, "without the first two"),
        (information(unit=0x13) + header(100) + PAGE, "set to °F"),
        (information(model=0x2A) + header(100) + PAGE, "humidity"),
        (information(interval=bytes(3)) + header(100) + PAGE, "record interval"),
        (information() + header(100) + PAGE[:-1], "expected pages"),
        (b"", "expected answers"),
        (b"hello", "expected answers"),
    ],
)
def test_what_cannot_be_read_is_one_line_of_error(
    tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "rc4.bin"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=message):
        read_files([path], reader="elitech_rc4", timezone="UTC")


def test_without_a_zone_every_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rc4.bin"
    path.write_bytes(information() + header(100) + PAGE)
    with pytest.raises(BadInput, match=r"nothing usable: 100 refused.*expected a zone"):
        read_files([path], reader="elitech_rc4")
