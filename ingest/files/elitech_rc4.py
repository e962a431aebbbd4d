"""Elitech RC-4: the answers it gives over its serial line, captured as bytes or hex text.

In the order a reading program asks: device information (160 bytes: interval, serial), data
header (11 bytes: count, start), data pages (0x55, 16-bit tenths of a degree, checksum).
Layout: the reverse-engineered table of civic/elitech-datareader (rc-4-data.md). The start is
the logger's wall clock without a zone, so `--timezone` has to name it.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.domain.identifiers import is_id
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import reading_table
from coldwitness.ingest.bounded_file import opened
from coldwitness.ingest.files.content import FileContent, Refusals
from coldwitness.ingest.formats.instants import moment_ms
from coldwitness.ingest.formats.plausible import measured

_ANSWER = 0x55
_INFO_BYTES, _HEADER_BYTES = 160, 11
_PAGE_RECORDS = (100, 500)
"""Records a page holds: RC-4, RC-5."""
_HEX_TEXT = re.compile(r"55(\s*[0-9A-Fa-f]{2}){10,60}\s*(?:[0-9A-Fa-f]|$)")
_MODEL_WITH_HUMIDITY = 0x2A
_UNIT_CELSIUS = 0x31
_MAX_BYTES = 4_000_000
_NO_RECORD = (0x7FFF, -0x8000)


@dataclass(frozen=True)
class Page:
    """One data page: °C by record (None: no value), and whether its checksum was right."""

    temperature_c: tuple[float | None, ...]
    intact: bool


@dataclass(frozen=True)
class Capture:
    """What a capture holds; what it lacks is None.

    missing : records that the header announces and no whole page holds.
    """

    logger: str | None
    interval_s: int | None
    start: datetime | None
    pages: tuple[Page, ...]
    missing: int = 0


def recognises(start: str) -> bool:
    """Hex text of an answer, with or without blanks; binary ones arrive here as replacement
    characters, so only the text form is told by content."""
    return _HEX_TEXT.match(start) is not None


def read_elitech_rc4(path: Path, *, zone: tzinfo | None) -> FileContent:
    """Read a capture with device information, header and pages.

    A page whose checksum is wrong is refused as a whole. Raises BadInput if what gives the
    records their times is missing.
    """
    with opened(path) as stream:
        data = stream.read(_MAX_BYTES + 1)
    try:
        capture = parse_capture(data)
    except BadMessage as error:
        raise BadInput(f"{path}: {error}") from None
    if capture.start is None or capture.interval_s is None:
        raise BadInput(
            f"{path}: expected device information, data header and pages; without the first "
            "two the records have no times"
        )
    refusals = Refusals()
    readings: list[Reading] = []
    record = 0
    for number, page in enumerate(capture.pages, start=1):
        if not page.intact:
            refusals.add(
                f"{path}, page {number}",
                "its checksum is wrong",
                count=len(page.temperature_c),
            )
            record += len(page.temperature_c)
            continue
        for celsius in page.temperature_c:
            moment = capture.start + timedelta(seconds=capture.interval_s * record)
            record += 1
            if celsius is None:
                continue
            try:
                time_ms = moment_ms(moment, shown=moment.isoformat(" "), zone=zone)
            except BadMessage as error:
                refusals.add(f"{path}, record {record}", str(error))
                continue
            logger = capture.logger or "elitech-rc4"
            readings.append(
                Reading(logger=logger, time_ms=time_ms, temperature_c={"drug": celsius})
            )
    if capture.missing:
        refusals.add(str(path), "announced records are not in the capture", count=capture.missing)
    return FileContent(reading_table(readings, None), one_shipment=True, refusals=refusals)


def parse_capture(data: bytes) -> Capture:
    """Device information and header where they are, and all pages; raises BadMessage."""
    body = _binary(data)
    logger: str | None = None
    interval_s: int | None = None
    start: datetime | None = None
    count: int | None = None
    if len(body) >= _INFO_BYTES and _intact(body[:_INFO_BYTES]) and _datetime(body[20:27]):
        logger, interval_s = _information(body[:_INFO_BYTES])
        body = body[_INFO_BYTES:]
    if len(body) >= _HEADER_BYTES and _intact(body[:_HEADER_BYTES]):
        start = _datetime(body[3:10])
        if start is not None:
            count = int.from_bytes(body[1:3], "big")
            body = body[_HEADER_BYTES:]
    pages = _pages(body, count)
    if not pages and logger is None and start is None:
        raise BadMessage("not_elitech", "expected answers of an Elitech RC-4, each from 0x55 on")
    held = sum(len(page.temperature_c) for page in pages)
    missing = 0 if count is None else count - held
    return Capture(logger, interval_s, start, tuple(pages), missing)


def _pages(body: bytes, count: int | None) -> list[Page]:
    if not body:
        return []
    sizes = _page_sizes(len(body), count)
    if sizes is None:
        raise BadMessage(
            "bad_frame",
            f"expected pages of {count if count is not None else 'whole'} records, "
            f"got {len(body)} bytes",
        )
    pages: list[Page] = []
    at = 0
    for records in sizes:
        page = body[at : at + 2 * records + 2]
        at += len(page)
        if page[0] != _ANSWER:
            raise BadMessage("bad_frame", f"page {len(pages) + 1}: expected to begin with 0x55")
        raw = struct.unpack(f">{records}h", page[1:-1])
        pages.append(Page(tuple(_celsius(value) for value in raw), _intact(page)))
    return pages


def _page_sizes(size: int, count: int | None) -> Sequence[int] | None:
    """Records of each page so that the bytes come out even; else, where the header announces
    more than there is, the whole pages of a capture cut short. None if no way fits."""
    for per_page in _PAGE_RECORDS:
        full, rest = divmod(size, 2 * per_page + 2)
        if rest % 2 == 0 and rest != 2:
            sizes = [per_page] * full + ([rest // 2 - 1] if rest else [])
            if count is None or sum(sizes) == count:
                return sizes
    for per_page in _PAGE_RECORDS:
        full = size // (2 * per_page + 2)
        if count is not None and full and full * per_page < count:
            return [per_page] * full
    return None


def _celsius(raw: int) -> float | None:
    return None if raw in _NO_RECORD else measured(raw / 10.0)


def _information(info: bytes) -> tuple[str | None, int]:
    if info[3] == _MODEL_WITH_HUMIDITY:
        raise BadMessage("bad_frame", "RC-4HC: pages with humidity are not read")
    if info[151] != _UNIT_CELSIUS:
        raise BadMessage("bad_frame", "the logger is set to °F; set it to °C and read it again")
    serial = info[138:148].decode("ascii", "ignore").strip("\x00 ")
    hours, minutes, seconds = info[5:8]
    interval_s = hours * 3600 + minutes * 60 + seconds
    if interval_s == 0 or minutes > 59 or seconds > 59:
        raise BadMessage("bad_frame", f"record interval {hours}:{minutes}:{seconds}: not one")
    return (serial if is_id(serial) else None), interval_s


def _datetime(body: bytes) -> datetime | None:
    year = int.from_bytes(body[:2], "big")
    try:
        return datetime(year, *body[2:7])  # noqa: DTZ001 - a wall clock; its zone is asked for
    except ValueError:
        return None


def _intact(answer: bytes) -> bool:
    """0x55 first, and the last byte is the sum of all before it."""
    return answer[0] == _ANSWER and sum(answer[:-1]) & 0xFF == answer[-1]


def _binary(data: bytes) -> bytes:
    if len(data) > _MAX_BYTES:
        raise BadMessage("bad_frame", f"expected at most {_MAX_BYTES} bytes")
    if data[:1] == bytes([_ANSWER]) and not re.fullmatch(rb"[0-9A-Fa-f\s]+", data):
        return data
    try:
        return bytes.fromhex(data.decode("ascii"))
    except (UnicodeDecodeError, ValueError):
        raise BadMessage(
            "not_elitech", "expected answers of an Elitech RC-4 or their hex"
        ) from None
