"""InfluxDB line protocol: `measurement,tag=… field=… timestamp`, one point a line.

The timestamp's precision is not in the line; it is told by its size, which is unambiguous
for every year since 2001.
"""

import re
from collections.abc import Iterator, Mapping

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS
from coldwitness.ingest.formats.measurements import (
    celsius_of,
    is_temperature_name,
    speaks_of_roles,
    unit_in_name,
)
from coldwitness.ingest.formats.name_words import is_no_measurement
from coldwitness.ingest.formats.naming import (
    entry_of,
    logger_id,
    mapping_for,
    path_in,
    reading,
)
from coldwitness.ingest.formats.wire_format import ByBytes, ByTopic, WireFormat

MAX_LINES = 10_000
_SERIAL_TAGS = (
    "logger",
    "serial",
    "device",
    "device_id",
    "dev_eui",
    "topic",
    "sensor",
    "sensor_id",
    "entity_id",
    "id",
    "mac",
    "node",
)
"""Tags that may name the logger, the surest first; `topic` is what Telegraf heard it on, whose
`host` is the collector and not a logger."""
_OF_ONE_HOST = frozenset({"sensor", "id", "node"})
"""Tags that count what hangs on one machine: `sensor=coretemp` of two hosts are two."""
_MOST_BREAKS = 50
"""Line breaks looked for in one quoted text; an open quote costs no more than its line."""
_PROBE_TAGS = ("probe", "role", "channel", "position")
"""Tags that tell apart temperatures of one field name."""
_OF_HOST = frozenset({"sensors", "temp"})
"""Telegraf's inputs that read the sensors of the machine it runs on."""
_TELLING = frozenset({*_PROBE_TAGS, "unit", "type", "quantity", "domain", "box", "courier"})
"""Tags of a point that do not tell one device from another."""
_UNIT_SIGN = re.compile(r"[°º]?[A-Za-z%µ/]{1,4}")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_TRUE = frozenset({"t", "T", "true", "True", "TRUE"})
_FALSE = frozenset({"f", "F", "false", "False", "FALSE"})


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """Lines singly; comments and blank lines are passed over."""
    try:
        text = payload.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        raise BadMessage("not_utf8", "expected UTF-8 text") from None
    lines = text.split("\n")
    if len(lines) > MAX_LINES + 1:
        raise BadMessage("too_many", f"expected at most {MAX_LINES} lines, got {len(lines)}")
    readings: list[Reading] = []
    refused: list[Refusal] = []
    after = 0
    for index, raw in enumerate(lines):
        line = raw.strip("\r ")
        if index < after or not line or line.startswith("#"):
            continue
        try:
            point, size = _point_over_lines(lines, index, context)
            readings.append(point)
            after = index + size
        except BadMessage as error:
            refused.append(Refusal(error.reason, str(error), index if len(lines) > 1 else None))
    if not readings and not refused:
        raise BadMessage("not_line_protocol", "expected InfluxDB line protocol, got nothing")
    return Decoded(readings=tuple(readings), refused=tuple(refused))


def _point_over_lines(lines: list[str], at: int, context: DecodeContext) -> tuple[Reading, int]:
    """The point that begins at a line, and how many lines its quoted texts reach over."""
    try:
        return _point(lines[at].strip("\r "), context), 1
    except BadMessage as error:
        first = error
    if _quotes(lines[at]) % 2:
        for size in range(2, min(_MOST_BREAKS, len(lines) - at) + 1):
            whole = "\n".join(lines[at : at + size]).strip("\r ")
            if _quotes(whole) % 2 == 0:
                return _point(whole, context), size
    raise first


def _quotes(text: str) -> int:
    """Quotes that open or close a text; one behind a backslash is part of it."""
    return len(_QUOTE.findall(text))


def _point(line: str, context: DecodeContext) -> Reading:
    head, rest = _cut(line, " ")
    fields_text, time_text = _cut(rest, " ")
    names = [_plain(part) for part in _split(head, ",")]
    measurement = names[0]
    if not measurement or not fields_text:
        raise BadMessage("not_line_protocol", f"expected measurement and fields, got {line[:60]!r}")
    tags = dict(_pairs(_split(head, ",")[1:]))
    numbers, flags = _fields(fields_text)
    serial = _serial(measurement, tags, context)
    last = serial.rpartition("/")[2]
    entry = entry_of(context.rule, serial, logger_id(serial), last)
    mapping = mapping_for(context.rule, entry=entry, model=measurement)
    roles = speaks_of_roles(numbers)
    speaks_celsius = any(is_temperature_name(name, roles=roles) for name in numbers)
    probe = next((tags[tag] for tag in _PROBE_TAGS if tags.get(tag)), None)
    temperatures: dict[str, float] = {}
    for name, value in numbers.items():
        said = measurement if name == "value" and name not in mapping else name
        in_name = unit_in_name(said, among=numbers)
        alone = in_name is not None and not is_no_measurement(said) and not speaks_celsius
        if not (name in mapping or alone or is_temperature_name(said, roles=roles)):
            continue
        celsius = celsius_of(value, _unit(tags.get("unit"), said) or in_name)
        if celsius is not None:
            # A probe tag tells apart lines, not fields: a second one keeps its own name.
            named = probe if probe is not None and probe not in temperatures else said
            temperatures[named] = celsius
    return reading(
        context,
        serial=serial,
        aliases=(last,),
        model=measurement,
        temperatures=temperatures,
        time_ms=_time_ms(time_text),
        humidity_pct=numbers.get("humidity", numbers.get("rh")),
        lat_deg=numbers.get("lat", numbers.get("latitude")),
        lon_deg=numbers.get("lon", numbers.get("longitude")),
        battery_v=numbers.get("battery_v"),
        light_lux=numbers.get("light_lux"),
        lid_open=flags.get("lid_open"),
        moving=flags.get("moving"),
    )


def _serial(measurement: str, tags: Mapping[str, str], context: DecodeContext) -> str:
    """Who measured, by a tag that names it, else by the topic. Raises BadMessage (`no_logger`)
    where tags say that there are several and not which: `host` is the machine that collects, and
    is a logger only of its own sensors or where the settings name it."""
    host = tags.get("host", "")
    for tag in _SERIAL_TAGS:
        said = tags.get(tag)
        if said and host and tag in _OF_ONE_HOST and not entry_of(context.rule, said):
            return f"{host}/{said}"
        if said:
            return path_in(said) if tag == "topic" else said
    if host and (measurement in _OF_HOST or entry_of(context.rule, host, logger_id(host))):
        return host
    if host:
        raise BadMessage(
            "no_logger",
            "host is the machine that collects: set topic_tag in Telegraf's mqtt_consumer, or a tag"
            " logger, so that devices can be told apart; if it is the logger, name it under loggers"
            " in the settings",
        )
    others = sorted(tags.keys() - _TELLING)
    if others:
        raise BadMessage(
            "no_logger",
            f"tags {', '.join(others)[:80]}: none is known to name the logger; expected a tag"
            f" {', '.join(_SERIAL_TAGS[:4])}",
        )
    return path_in(context.topic, skip=("influx", "telegraf", "metrics", "sensors", "devices"))


def _unit(text: str | None, name: str) -> str | None:
    """A tag `unit` that is one of temperature. A sign of another refuses the point: what is stated
    is never ignored; longer texts and numbers are other things that are called so too."""
    if text is None or celsius_of(0.0, text) is not None:
        return text
    if _UNIT_SIGN.fullmatch(text) is None:
        return None
    raise BadMessage("unit_unknown", f"{name[:40]}: unit: expected C, F or K, got {text!r}")


def _fields(text: str) -> tuple[dict[str, float], dict[str, bool]]:
    """Numeric and boolean fields; texts are passed over, anything else refuses the line."""
    numbers: dict[str, float] = {}
    flags: dict[str, bool] = {}
    for name, value in _pairs(_split(text, ",", quotes=True)):
        if value in _TRUE or value in _FALSE:
            flags[name] = value in _TRUE
        elif value.startswith('"'):
            if _TEXT.fullmatch(value) is None:
                raise BadMessage("not_line_protocol", f"field {name[:40]!r}: a quote stays open")
        else:
            bare = value[:-1] if value[-1:] in ("i", "u") else value
            if _NUMBER.fullmatch(bare) is None:
                raise BadMessage(
                    "wrong_type", f"field {name[:40]!r}: expected a number, got {value[:40]!r}"
                )
            numbers[name] = float(bare)
    return numbers, flags


def _time_ms(text: str) -> int | None:
    """Epoch ms; None without a timestamp, or where it is before 2001 because no clock was set."""
    bare = text.strip()
    if not bare:
        return None
    if not (bare.isascii() and bare.isdigit()) or len(bare) > 19:
        raise BadMessage("bad_time", f"timestamp: expected an integer, got {bare[:40]!r}")
    stamp_ms = int(bare) * 1000
    for digits, divisor in ((17, 1_000_000), (14, 1_000), (11, 1)):
        if len(bare) >= digits:
            stamp_ms = int(bare) // divisor
            break
    return stamp_ms if stamp_ms >= UNSET_BEFORE_MS else None


def _pairs(parts: list[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        key, value = _cut(part, "=")
        if not key or not value:
            raise BadMessage("not_line_protocol", f"expected key=value, got {part[:60]!r}")
        yield _plain(key), value if value.startswith('"') else _plain(value)


def _cut(text: str, mark: str) -> tuple[str, str]:
    """Text before and after the first mark that is neither escaped nor in quotes."""
    parts = _split(text, mark, quotes=True, most=1)
    return parts[0], parts[1] if len(parts) > 1 else ""


def _split(text: str, mark: str, *, quotes: bool = False, most: int = -1) -> list[str]:
    if "\\" not in text and not (quotes and '"' in text):
        return text.split(mark, most)
    parts: list[str] = []
    begun, at, quoted = 0, 0, False
    while at < len(text) and len(parts) != most:
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if quotes and char == '"':
            quoted = not quoted
        elif char == mark and not quoted:
            parts.append(text[begun:at])
            begun = at + 1
        at += 1
    parts.append(text[begun:])
    return parts


def _plain(text: str) -> str:
    return re.sub(r"\\([,= \\\"])", r"\1", text)


_LINE = re.compile(rb"[^\s={}\[\]]+(,\S+)? [^\s=]+=\S+")


FORMAT = WireFormat(
    "influx_line",
    decode=decode,
    usual_topics=ByTopic(100, r"(.*/)?(telegraf|influx)(/.*)?"),
    looks=(ByBytes(30, lambda body: body.isascii() and _LINE.match(body.strip())),),
    samples=(
        (
            "telegraf/a",
            b'm\\ x,logger=L\\,1,probe=drug temperature=4.5,h=5i,s="a b",b=true 1795230245123\n'
            b"m,logger=L drug=4,ambient=30\n",
        ),
    ),
)
