"""NDJSON of readings and events: an object or an array a line, mixed as they come.

Lines that hold one plain reading are decoded straight into a struct whose types and ranges
are those of the native contract and gathered into columns. Every other line (an event, an
array, another datum, anything wrong) takes the native decoder, which knows the whole
contract and says what is wrong; so there is one meaning and two speeds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from itertools import chain, islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.channels import CHANNELS
from coldwitness.domain.columns import take
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.identifiers import is_id
from coldwitness.domain.instants import LATEST_MS
from coldwitness.domain.reading import Event, Reading, plain_probe
from coldwitness.domain.reading_table import codes, column_of, floats, joined, reading_table
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.bounded_file import opened
from coldwitness.ingest.files.content import FileContent, Refusals
from coldwitness.ingest.files.in_processes import in_processes
from coldwitness.ingest.files.instant_columns import moments_ms, texts_ms
from coldwitness.ingest.files.opening import chunks
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded
from coldwitness.ingest.formats.json_text import loads
from coldwitness.ingest.formats.native import (
    convert_object,
    decode_array,
    decode_object,
    looks_doubled,
)
from coldwitness.ingest.formats.native_channels import PlainChannels, PlainPosition
from coldwitness.ingest.formats.native_probes import ODD_KEY
from coldwitness.ingest.formats.plausible import NO_VALUE_C, TEMPERATURE_RANGE_C

_Celsius = Annotated[float, msgspec.Meta(ge=TEMPERATURE_RANGE_C[0], le=TEMPERATURE_RANGE_C[1])]


class _PlainReading(PlainChannels, gc=False):
    """The common case of the native contract; what does not fit takes the slow way."""

    logger: str
    time: Annotated[datetime, msgspec.Meta(tz=True)] | int
    temperature: dict[str, _Celsius | None]
    shipment: str | None = None
    box: str | None = None
    courier: str | None = None
    received_at: Any = None
    event: None = None
    unit: Literal["C"] | None = None


_plain = msgspec.json.Decoder(_PlainReading)
_Sent = Mapping[str, list[Any]]
"""Lists of what messages say, by field, those of the position among them."""
_PLACE_FIELDS = PlainPosition.__struct_fields__
_FIELDS = tuple(name for name in _PlainReading.__struct_fields__ if name != "event")


def read_ndjson(path: Path, *, zone: tzinfo | None, processes: int = 1) -> FileContent:
    """Read one file; lines that cannot be used are counted in its refusals. A large file is read by
    so many processes."""
    context = DecodeContext(topic="", received_ms=0, zone=zone)
    refusals = Refusals()
    tables: list[ReadingTable] = []
    events: list[Event] = []
    with opened(path) as stream:
        parts = chunks(iter(stream))
        begin = list(islice(parts, 2))
        if begin and _is_one_document(begin[0]):
            body = b"".join(chain.from_iterable(begin)) + stream.read()
            decoded = _whole(body, context, refusals, str(path))
            tables.append(reading_table(decoded.readings, None))
            events.extend(decoded.events)
        else:
            read = partial(_read_lines, context, str(path))
            numbered = _numbered(chain(begin, parts))
            many = processes > 1 and len(begin) > 1
            for told in (
                in_processes(read, numbered, processes=processes) if many else map(read, numbered)
            ):
                tables.extend(told.tables)
                events.extend(told.events)
                refusals.merge(told.refusals)
    return FileContent(joined(tables), one_shipment=False, events=events, refusals=refusals)


@dataclass(frozen=True)
class _Lines:
    """What some lines of a file hold."""

    tables: Sequence[ReadingTable]
    events: Sequence[Event]
    refusals: Refusals


def _numbered(parts: Iterable[list[bytes]]) -> Iterator[tuple[int, list[bytes]]]:
    """Each part of a file's lines with the number of its first."""
    number = 1
    for lines in parts:
        yield number, lines
        number += len(lines)


def _read_lines(context: DecodeContext, file: str, part: tuple[int, list[bytes]]) -> _Lines:
    number, lines = part
    rows = _Rows(context, Refusals(), file, first_number=number)
    return _Lines(rows.tables(lines), rows.events, rows.refusals)


class _Rows:
    """One chunk of lines on its way into tables; remembers file order by table."""

    def __init__(
        self, context: DecodeContext, refusals: Refusals, file: str, *, first_number: int
    ) -> None:
        self.context = context
        self.refusals = refusals
        self.file = file
        self.first_number = first_number
        self.events: list[Event] = []
        self.slow: list[Reading] = []

    def tables(self, lines: Sequence[bytes]) -> list[ReadingTable]:
        plain: list[_PlainReading] = []
        place: list[int] = []
        others: list[int] = []
        decode = _plain.decode
        for index, line in enumerate(lines):
            try:
                plain.append(decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                others.append(index)
            else:
                place.append(index)
        sent = _sent(plain)
        table, good = _columns(sent)
        its_lines = lines if not others else [lines[index] for index in place]
        if b"".join(its_lines).count(b'"') != _quotes_of(sent):
            good &= ~np.fromiter(map(_is_odd, its_lines), np.bool_, len(its_lines))
        others.extend(np.asarray(place, dtype=np.int64)[~good].tolist())
        for index in sorted(others):
            self._line(index, lines[index])
        return [take(table, good) if not good.all() else table, reading_table(self.slow, None)]

    def _line(self, index: int, line: bytes) -> None:
        """One line the slow way."""
        body = line.removeprefix(b"\xef\xbb\xbf").strip()
        if not body:
            return
        where = f"{self.file}, line {self.first_number + index}"
        try:
            if body[:1] == b"[":
                decoded = decode_array(body, self.context, limit=None)
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


def _is_odd(line: bytes) -> bool:
    """True where a key may stand twice, or is ours but for its spelling."""
    return looks_doubled(line) or ODD_KEY.search(line) is not None


def _sent(messages: Sequence[_PlainReading]) -> _Sent:
    """What the messages say, each field a list."""
    sent = {name: list(map(attrgetter(name), messages)) for name in _FIELDS}
    places = sent["position"]
    for name in _PLACE_FIELDS:
        of = attrgetter(name)
        sent[name] = (
            [None if place is None else of(place) for place in places]
            if None in places
            else list(map(of, places))
        )
    return sent


def _quotes_of(sent: _Sent) -> int:
    """Quotes in the texts of these messages if they hold the keys that were read and no other. No
    text can hold fewer, so equal sums say that in none of them a key stands twice."""
    count = len(sent["time"])

    def said(name: str) -> int:
        return count - sent[name].count(None)

    kinds = Counter(map(type, sent["time"]))
    texts = 4 * count  # logger and its value, time, temperature
    texts += count - kinds[int]
    texts += sum(map(len, sent["temperature"]))
    texts += 3 * said("position") + said("accuracy_m") + 2 * said("datum") + said("received_at")
    texts += Counter(map(type, sent["received_at"]))[str]
    texts += sum(2 * said(name) for name in ("shipment", "box", "courier", "unit"))
    texts += sum(said(channel.sent) for channel in CHANNELS if not channel.in_position)
    return 2 * texts


def _columns(sent: _Sent) -> tuple[ReadingTable, NDArray[np.bool_]]:
    """Messages as a table, and (n,) which rows are right; the others take the slow way."""
    good = np.ones(len(sent["time"]), dtype=np.bool_)
    temperature_c, probes_good = _temperatures(sent["temperature"])
    good &= probes_good
    time_ms, times_good = _times(sent["time"])
    good &= times_good
    coded = []
    for name in ("shipment", "courier", "box", "logger"):
        column, distinct = codes(sent[name])
        wrong = [code for code, name in enumerate(distinct) if not is_id(name)]
        if wrong:
            good &= ~np.isin(column, wrong)
        coded.append((column, distinct))
    table = ReadingTable(
        shipments=coded[0][1],
        couriers=coded[1][1],
        boxes=coded[2][1],
        loggers=coded[3][1],
        shipment=coded[0][0],
        courier=coded[1][0],
        box=coded[2][0],
        logger=coded[3][0],
        time_ms=time_ms,
        received_ms=_received(sent["received_at"]),
        temperature_c=temperature_c,
        **{channel.name: column_of(channel, sent[channel.sent]) for channel in CHANNELS},
    )
    return table, good


def _temperatures(
    sent: Sequence[dict[str, float | None]],
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    good = np.ones(len(sent), dtype=np.bool_)
    measured = np.zeros(len(sent), dtype=np.bool_)
    columns: dict[str, NDArray[np.float64]] = {}
    for name in dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, sent)))):
        plain = plain_probe(name)
        if plain is None:
            continue
        if name != plain:
            good &= np.fromiter((name not in one for one in sent), np.bool_, len(sent))
            continue
        try:
            column = np.fromiter(map(itemgetter(name), sent), np.float64, len(sent))
        except (KeyError, TypeError):  # one of them says nothing of this probe
            column = floats([one.get(name) for one in sent])
        column[np.isin(column, list(NO_VALUE_C))] = np.nan
        columns[name] = column
        measured |= ~np.isnan(column)
    return columns, good & measured


def _times(
    sent: Sequence[datetime | int],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    if int not in set(map(type, sent)):
        time_ms = moments_ms(sent)  # type: ignore[arg-type]
        return time_ms, (time_ms >= 0) & (time_ms <= LATEST_MS)
    whole = np.fromiter((isinstance(time, int) for time in sent), np.bool_, len(sent))
    time_ms = np.full(len(sent), -1, np.int64)
    for index, time in enumerate(sent):
        if not isinstance(time, int):
            time_ms[index] = moments_ms([time])[0]
        elif 0 <= time <= LATEST_MS:
            time_ms[index] = time
    seconds_like = whole & (time_ms >= 10**9) & (time_ms < 10**10)
    time_ms[seconds_like] = -1
    return time_ms, (time_ms >= 0) & (time_ms <= LATEST_MS)


def _received(said: Sequence[Any]) -> NDArray[np.int64]:
    """When each was received, as our own exports say it; -1 where nothing of use is said."""
    if not any(said):
        return np.full(len(said), -1, np.int64)
    received_ms, _ = texts_ms(["" if one is None else str(one) for one in said], zone=None)
    return received_ms


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
    elements: Iterable[Any] = value if isinstance(value, list) else [value]
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
