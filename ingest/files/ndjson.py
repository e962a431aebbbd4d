"""NDJSON of readings and events: an object or an array a line, mixed as they come.

Lines that hold one plain reading are read straight into columns (`plain_lines`). Every other line
(an event, an array, another datum, anything wrong) takes the native decoder, which knows the whole
contract and says what is wrong; so there is one meaning and two speeds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from coldwitness.domain.columns import thinned
from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.domain.reading import Event, Reading
from coldwitness.domain.reading_table import joined, reading_table
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.bounded_file import LINE_MAX_BYTES
from coldwitness.ingest.files.content import FileContent, Refusals, require_few_in_file
from coldwitness.ingest.files.in_processes import in_processes
from coldwitness.ingest.files.opening import blocks
from coldwitness.ingest.files.plain_lines import plain_table
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded
from coldwitness.ingest.formats.json_text import loads
from coldwitness.ingest.formats.native import convert_object, decode_array, decode_object
from coldwitness.ingest.json_file import opened_json

ARRAY_ELEMENTS_MAX = 200_000
"""Elements of an array in a file: as many readings as its longest line holds. What is refused of
each costs more than an empty one does."""
ALONE_BLOCKS = 64
"""So many are read sooner in this process than others are begun."""

JOINED_AT_ONCE = 128
"""Tables of a block each."""


def read_ndjson(path: Path, *, zone: tzinfo | None, processes: int = 1) -> FileContent:
    """Read one file; lines that cannot be used are counted in its refusals. A large file is read by
    so many processes."""
    context = DecodeContext(topic="", received_ms=0, zone=zone)
    refusals = Refusals()
    tables: list[ReadingTable] = []
    small: list[ReadingTable] = []
    events: list[Event] = []
    with opened_json(path) as stream:
        parts = blocks(stream)
        begin = list(islice(parts, ALONE_BLOCKS + 1))
        if begin and _is_one_document(begin[0].split(b"\n")):
            body = b"".join(begin)
            body += stream.read(max(LINE_MAX_BYTES + 1 - len(body), 0))
            if len(body) > LINE_MAX_BYTES:
                raise BadInput(
                    f"{path}: a JSON document of more than {LINE_MAX_BYTES:,} bytes; write a"
                    " reading a line"
                )
            decoded = _whole(body, context, refusals, str(path))
            tables.append(_table(decoded.readings, str(path)))
            events.extend(decoded.events)
        else:
            read = partial(_read_lines, context, str(path))
            numbered = _numbered(chain(begin, parts))
            many = processes > 1 and len(begin) > ALONE_BLOCKS
            for told in (
                in_processes(read, numbered, processes=processes) if many else map(read, numbered)
            ):
                small.extend(map(thinned, told.tables))
                if len(small) > JOINED_AT_ONCE:  # thousands of small arrays leave holes in memory
                    tables.append(joined(small))
                    small.clear()
                events.extend(told.events)
                refusals.merge(told.refusals)
    tables += small
    require_few_in_file({name for table in tables for name in table.temperature_c}, str(path))
    return FileContent(joined(tables), one_shipment=False, events=events, refusals=refusals)


@dataclass(frozen=True)
class _Lines:
    """What some lines of a file hold."""

    tables: Sequence[ReadingTable]
    events: Sequence[Event]
    refusals: Refusals


def _numbered(parts: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each part of a file with the number of its first line."""
    number = 1
    for body in parts:
        yield number, body
        number += body.count(b"\n")


def _read_lines(context: DecodeContext, file: str, part: tuple[int, bytes]) -> _Lines:
    number, body = part
    rows = _Rows(context, Refusals(), file, first_number=number)
    return _Lines(rows.tables(body), rows.events, rows.refusals)


class _Rows:
    """One part of a file on its way into tables; remembers file order by table."""

    def __init__(
        self, context: DecodeContext, refusals: Refusals, file: str, *, first_number: int
    ) -> None:
        self.context = context
        self.refusals = refusals
        self.file = file
        self.first_number = first_number
        self.events: list[Event] = []
        self.slow: list[Reading] = []

    def tables(self, body: bytes) -> list[ReadingTable]:
        lines = body.split(b"\n")
        table, others = plain_table(lines, quotes=body.count(b'"'), file=self.file)
        for index in others:
            self._line(index, lines[index])
        return [table, _table(self.slow, self.file)]

    def _line(self, index: int, line: bytes) -> None:
        """One line the slow way."""
        body = line.removeprefix(b"\xef\xbb\xbf").strip()
        if not body:
            return
        where = f"{self.file}, line {self.first_number + index}"
        try:
            if body[:1] == b"[":
                decoded = decode_array(body, self.context, limit=ARRAY_ELEMENTS_MAX)
                for refusal in decoded.refused:
                    self.refusals.add(f"{where}, element {refusal.index}", refusal.text)
                self.slow.extend(decoded.readings)
                self.events.extend(decoded.events)
                return
            said = decode_object(body, self.context)
        except BadMessage as error:
            self.refusals.add(where, str(error))
            return
        if isinstance(said, Event):
            self.events.append(said)
        else:
            self.slow.append(said)


def _table(readings: Sequence[Reading], file: str) -> ReadingTable:
    require_few_in_file({name for one in readings for name in one.temperature_c}, file)
    return reading_table(readings, None)


def _is_one_document(lines: Sequence[bytes]) -> bool:
    """True if the file is one JSON text over several lines instead of one a line."""
    first = next((line for line in lines if line.strip()), b"")
    body = first.removeprefix(b"\xef\xbb\xbf").strip()
    if body[:1] not in (b"[", b"{"):
        return False
    try:
        loads(body)
    except BadMessage:
        pass
    else:
        return False
    # A broken first line of many is a bad line; a document's second line is no object itself.
    rest = [line.strip() for line in lines if line.strip()][1:2]
    try:
        return bool(rest) and not isinstance(loads(rest[0].rstrip(b",")), dict | list)
    except BadMessage:
        return bool(rest)


def _whole(body: bytes, context: DecodeContext, refusals: Refusals, file: str) -> Decoded:
    try:
        value = loads(body.removeprefix(b"\xef\xbb\xbf"))
    except BadMessage as error:
        refusals.add(file, str(error))
        return Decoded()
    elements: Sequence[Any] = value if isinstance(value, list) else [value]
    if len(elements) > ARRAY_ELEMENTS_MAX:
        told = f"expected at most {ARRAY_ELEMENTS_MAX} elements, got {len(elements)}"
        refusals.add(file, told)
        return Decoded()
    readings: list[Reading] = []
    events: list[Event] = []
    for index, element in enumerate(elements):
        try:
            said = convert_object(element, context)
        except BadMessage as error:
            refusals.add(f"{file}, element {index}", str(error))
            continue
        if isinstance(said, Event):
            events.append(said)
        else:
            readings.append(said)
    return Decoded(tuple(readings), tuple(events))
