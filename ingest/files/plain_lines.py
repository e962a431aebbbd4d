"""Lines of NDJSON that hold one plain reading, read straight into columns.

They are decoded into a struct whose types and ranges are those of the native contract. It has the
fields that the first lines name and no more, for one that nobody sends costs as much as one that is
sent. Quotes are counted to see that no line says more than was read: a line that names another key,
or one twice, has more of them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain, repeat
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.channels import CHANNELS, Channel
from coldwitness.domain.columns import take
from coldwitness.domain.identifiers import is_id
from coldwitness.domain.instants import LATEST_MS
from coldwitness.domain.reading import FILE_PROBES_MAX, PROBES_MAX, plain_probe
from coldwitness.domain.reading_table import codes, column_of, floats
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.files.content import require_few_in_file
from coldwitness.ingest.files.instant_columns import moments_ms, texts_ms
from coldwitness.ingest.formats.native import looks_doubled
from coldwitness.ingest.formats.native_channels import PlainChannels, PlainPosition
from coldwitness.ingest.formats.native_probes import ODD_KEY
from coldwitness.ingest.formats.plausible import NO_VALUE_C, TEMPERATURE_RANGE_C

_Celsius = Annotated[float, msgspec.Meta(ge=TEMPERATURE_RANGE_C[0], le=TEMPERATURE_RANGE_C[1])]
_NO_VALUES_C = np.array(sorted(NO_VALUE_C))


class _PlainReading(PlainChannels, gc=False):
    """The common case of the native contract."""

    logger: str
    time: Annotated[datetime, msgspec.Meta(tz=True)] | int
    temperature: dict[str, _Celsius | None]
    shipment: str | None = None
    box: str | None = None
    courier: str | None = None
    received_at: Any = None
    event: None = None
    unit: Literal["C"] | None = None


_PLACE_FIELDS = PlainPosition.__struct_fields__
_ALWAYS = frozenset({"logger", "time", "temperature"})
_EVERY = frozenset(_PlainReading.__struct_fields__)
_TRIED_LINES = 16
"""Lines whose keys tell which fields to read: spread, for a field may be said now and then."""


@dataclass(frozen=True)
class _Reader:
    """What reads a line. probes : the names of the temperatures that are read as fields, by their
    place; None: any, as a dict."""

    decode: Callable[[bytes], msgspec.Struct]
    fields: tuple[str, ...]
    probes: tuple[str, ...] | None = None


_any_reader = _Reader(msgspec.json.Decoder(_PlainReading).decode, _PlainReading.__struct_fields__)


@dataclass(frozen=True)
class _Said:
    """What messages say, a column each. fields : those of the position among them; of fields that
    are not there no message says anything. probes : temperatures by name, None where one is not
    said. keys : how many names of temperatures they hold together."""

    fields: Mapping[str, Sequence[Any]]
    probes: Mapping[str, Sequence[float | None]]
    keys: int

    @property
    def count(self) -> int:
        return len(self.fields["time"])


def plain_table(
    lines: Sequence[bytes], *, quotes: int, file: str
) -> tuple[ReadingTable, list[int]]:
    """Lines as a table, in order, and the numbers of those that are not in it: each is an event,
    several readings, unusual or wrong, and wants to be read thoroughly. quotes : how many stand in
    all lines together. Raises BadInput where the lines of `file` name too many probes."""
    tried = lines[:: max(len(lines) // _TRIED_LINES, 1)]
    usual = _usual_reader(tried)
    alike = _read(tried, usual, sum(line.count(b'"') for line in tried))[2]
    if alike:
        said, others, alike = _read(lines, usual, quotes)
    if not alike:
        said, others, alike = _read(lines, _any_reader, quotes)
    require_few_in_file(said.probes, file)
    table, good = _columns(said)
    places = np.delete(np.arange(len(lines)), others)
    if not alike:
        odd = (_is_odd(lines[place]) for place in places.tolist())
        good &= ~np.fromiter(odd, np.bool_, places.size)
    if good.all():
        return table, others
    return take(table, good), sorted([*others, *places[~good].tolist()])


def _is_odd(line: bytes) -> bool:
    """True where a key may stand twice, or is ours but for its spelling."""
    return looks_doubled(line) or ODD_KEY.search(line) is not None


def _usual_reader(lines: Sequence[bytes]) -> _Reader:
    """What reads the keys of plain readings that these lines name, and no other."""
    keys: set[str] = set(_ALWAYS)
    probes: dict[str, None] = {}
    for line in lines:
        try:
            said = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(said, dict) and isinstance(said.get("temperature"), dict):
            keys |= said.keys()
            probes |= dict.fromkeys(said["temperature"])
    if len(probes) <= PROBES_MAX and all(name == plain_probe(name) for name in probes):
        return _reader(_EVERY & keys, tuple(probes))
    return _any_reader


@lru_cache(maxsize=64)
def _reader(keys: frozenset[str], probes: tuple[str, ...]) -> _Reader:
    """What reads plain readings with these fields and probes; what else a line says is not seen."""
    places = [f"probe{place}" for place in range(len(probes))]
    temperature = msgspec.defstruct(
        "_Temperature",
        [(place, _Celsius | None, None) for place in places],
        rename=dict(zip(places, probes, strict=True)),
        gc=False,
    )
    fields: list[Any] = []
    for field in msgspec.structs.fields(_PlainReading):
        if field.name in keys:
            kind = temperature if field.name == "temperature" else field.type
            default = () if field.default is msgspec.NODEFAULT else (field.default,)
            fields.append((field.name, kind, *default))
    reading = msgspec.defstruct("_UsualReading", fields, kw_only=True, gc=False)
    return _Reader(msgspec.json.Decoder(reading).decode, reading.__struct_fields__, probes)


def _read(lines: Sequence[bytes], reader: _Reader, quotes: int) -> tuple[_Said, list[int], bool]:
    """What lines say; the numbers of those that are no plain reading; and whether the others, by
    their quotes, say nothing else. quotes : how many stand in all lines together."""
    messages: list[msgspec.Struct] = []
    others: list[int] = []
    decode = reader.decode
    for number, line in enumerate(lines):
        try:
            message = decode(line)
            if isinstance(message, _PlainReading) and len(message.temperature) > PROBES_MAX:
                raise msgspec.ValidationError("too many probes")
            messages.append(message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            others.append(number)
            quotes -= line.count(b'"')
    said = _said(messages, reader)
    return said, others, _quotes_of(said) == quotes


def _said(messages: Sequence[msgspec.Struct], reader: _Reader) -> _Said:
    fields = _transposed(messages, reader.fields)
    if "position" in fields:
        places = fields["position"]
        if None in places:
            for name in _PLACE_FIELDS:
                of = attrgetter(name)
                fields[name] = [None if place is None else of(place) for place in places]
        else:
            fields |= _transposed(places, _PLACE_FIELDS)
    told = fields["temperature"]
    if reader.probes is None:
        names = dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, told))))
        ours = [name for name in names if plain_probe(name) is not None]
        # Too many are refused by the caller: no column is made for each of them.
        kept = told if len(ours) <= FILE_PROBES_MAX else ()
        some = {name: [one.get(name) for one in kept] for name in ours}
        return _Said(fields, some, sum(map(len, told)))
    probes = _transposed(told, reader.probes)
    keys = sum(len(values) - values.count(None) for values in probes.values())
    return _Said(fields, probes, keys)


def _transposed(
    structs: Sequence[msgspec.Struct], names: Sequence[str]
) -> dict[str, Sequence[Any]]:
    """What structs say, by the names of their fields in order: all of one struct at once, for a
    look at each field by itself takes twice as long."""
    columns = zip(*map(msgspec.structs.astuple, structs), strict=True)
    return dict(zip(names, columns if structs else repeat(()), strict=bool(structs)))


def _quotes_of(said: _Said) -> int:
    """Quotes in the texts of these messages if they hold the keys that were read and no other. No
    text can hold fewer, so equal sums say that in none of them a key stands twice."""
    fields, count = said.fields, said.count

    def told(name: str) -> int:
        return count - fields[name].count(None) if name in fields else 0

    texts = 4 * count  # logger and its value, time, temperature
    texts += count - Counter(map(type, fields["time"]))[int]
    texts += said.keys
    texts += 3 * told("position") + told("accuracy_m") + 2 * told("datum") + told("received_at")
    texts += Counter(map(type, fields.get("received_at", ())))[str]
    texts += sum(2 * told(name) for name in ("shipment", "box", "courier", "unit"))
    texts += sum(told(channel.sent) for channel in CHANNELS if not channel.in_position)
    return 2 * texts


def _columns(said: _Said) -> tuple[ReadingTable, NDArray[np.bool_]]:
    """Messages as a table, and (n,) which rows are right; the others take the slow way."""
    fields, count = said.fields, said.count
    temperature_c, good = _temperatures(said)
    time_ms, times_good = _times(fields["time"])
    good &= times_good
    coded = []
    for name in ("shipment", "courier", "box", "logger"):
        column, distinct = codes(fields[name]) if name in fields else (np.full(count, -1), ())
        wrong = [code for code, name in enumerate(distinct) if not is_id(name)]
        if wrong:
            good &= ~np.isin(column, wrong)
        coded.append((column, distinct))
    received = fields.get("received_at")
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
        received_ms=np.full(count, -1) if received is None else _received(received),
        temperature_c=temperature_c,
        **{channel.name: _channel(channel, said) for channel in CHANNELS},
    )
    return table, good


def _channel(channel: Channel, said: _Said) -> NDArray[Any]:
    if channel.sent in said.fields:
        return column_of(channel, said.fields[channel.sent])
    return np.repeat(column_of(channel, [None]), said.count)


def _temperatures(said: _Said) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]]:
    """Each probe's column, and (n,) which messages measured something under no name that is not in
    its shortest form."""
    good = np.ones(said.count, dtype=np.bool_)
    measured = np.zeros(said.count, dtype=np.bool_)
    columns: dict[str, NDArray[np.float64]] = {}
    for name, values in said.probes.items():
        if name != plain_probe(name):
            named = (name not in one for one in said.fields["temperature"])
            good &= np.fromiter(named, np.bool_, said.count)
            continue
        column = floats(values)
        column[np.isin(column, _NO_VALUES_C)] = np.nan
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


def _received(said: Sequence[object]) -> NDArray[np.int64]:
    """When each was received, as our own exports say it; -1 where nothing of use is said."""
    if not any(said):
        return np.full(len(said), -1, np.int64)
    received_ms, _ = texts_ms(["" if one is None else str(one) for one in said], zone=None)
    return received_ms
