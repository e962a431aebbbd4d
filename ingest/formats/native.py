"""The native contract: readings and events as JSON objects, one or a backlog array of them.

An array's elements are judged singly: what is wrong with one is a Refusal with its index,
the others stand. Unknown fields are ignored (the journal keeps them); fields we know have
their type and range checked and one that is wrong refuses its whole object, because a sender
that garbles one field cannot be trusted on the next.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from coldwitness.domain.channels import CHANNELS, Channel
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.identifiers import ID_PATTERN
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.map_datums import to_wgs84
from coldwitness.domain.reading import EVENT_NAMES, Event, Reading
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS, time_ms
from coldwitness.ingest.formats.json_text import Broken, loads, shown, storable
from coldwitness.ingest.formats.native_channels import AnyChannels, AnyPosition
from coldwitness.ingest.formats.native_plain import known_id, plain_reading
from coldwitness.ingest.formats.native_probes import (
    ODD_KEY,
    UNITS,
    probes_as_sent,
    probes_c,
    with_its_unit,
)
from coldwitness.ingest.formats.plausible import out_of_range
from coldwitness.ingest.formats.wire_format import ByJson, ByTopic, WireFormat
from coldwitness.ingest.personal_forms import masked

MAX_ELEMENTS = 10_000
_MAX_TEXT = 2000


class _Message(AnyChannels, gc=False):
    """A reading or an event as sent; `event` decides which. `null` is absent everywhere."""

    time: str | int
    logger: str | None = None
    temperature: dict[str, float | None] | None = None
    unit: str | None = None
    shipment: str | None = None
    event: str | None = None
    site: str | None = None
    actor: str | None = None
    note: str | None = None
    courier: str | None = None
    box: str | None = None


_KEYS = frozenset(_Message.__struct_fields__)
_one = msgspec.json.Decoder(_Message)
_many = msgspec.json.Decoder(list[msgspec.Raw])


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """Decode one native message; raises BadMessage if it is not JSON of the right shape."""
    body = payload.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n")
    if body[:1] == b"[":
        return decode_array(body, context, limit=MAX_ELEMENTS)
    try:
        said = decode_object(body, context)
    except BadMessage as error:
        return Decoded(refused=(Refusal(error.reason, str(error)),))
    if isinstance(said, Event):
        return Decoded(events=(said,))
    return Decoded(readings=(said,))


def decode_array(body: bytes, context: DecodeContext, *, limit: int) -> Decoded:
    """A JSON array's readings and events; refusals carry their element's index.

    Raises BadMessage if it is not JSON or longer than `limit`.
    """
    elements: Sequence[Any]
    one: Callable[[Any, DecodeContext], Reading | Event] = decode_object
    try:
        elements = _many.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        elements, one = loads(body), convert_object
    if len(elements) > limit:
        raise BadMessage("too_many", f"expected at most {limit} elements, got {len(elements)}")
    if len(elements) > 1:
        # Of a backlog the time of receipt is nobody's: a clock that was never set refuses its
        # reading there.
        context = msgspec.structs.replace(context, received_ms=0)
    readings: list[Reading] = []
    events: list[Event] = []
    refused: list[Refusal] = []
    for index, element in enumerate(elements):
        try:
            said = one(element, context)
        except BadMessage as error:
            refused.append(Refusal(error.reason, str(error), index))
            continue
        if isinstance(said, Event):
            events.append(said)
        else:
            readings.append(said)
    return Decoded(tuple(readings), tuple(events), tuple(refused))


def decode_object(body: bytes, context: DecodeContext) -> Reading | Event:
    """The reading or event of one JSON object's bytes; raises BadMessage saying what is wrong."""
    body = bytes(body)
    reading = plain_reading(body, context)
    if reading is not None:
        return reading
    if looks_doubled(body) or ODD_KEY.search(body):
        return convert_object(loads(body), context)
    try:
        message = _one.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The slow way names what is wrong, and tells an ignorable unknown probe from an error.
        return convert_object(loads(body), context)
    return _meaning(message, context)


def convert_object(value: Any, context: DecodeContext) -> Reading | Event:
    """The reading or event of an object that JSON text was already parsed to by `loads`."""
    if isinstance(value, Broken):
        raise BadMessage(value.reason, value.text)
    if not isinstance(value, dict):
        raise BadMessage("not_an_object", f"expected a JSON object, got {shown(value)}")
    for key in value:
        inner = value[key]
        if isinstance(inner, Broken) and key in _Message.__struct_fields__:
            raise BadMessage(inner.reason, f"{key}: {inner.text}")
    value = with_its_unit(value, keys=_KEYS)
    temperature = value.get("temperature")
    if isinstance(temperature, dict):
        value["temperature"], value["unit"] = probes_as_sent(temperature, value.get("unit"))
    for key in ("time", "seq"):
        number = value.get(key)
        if isinstance(number, float) and number.is_integer():
            value[key] = int(number)
    try:
        message = msgspec.convert(value, _Message)
    except msgspec.ValidationError as error:
        raise _validation(error) from None
    return _meaning(message, context)


def _meaning(message: _Message, context: DecodeContext) -> Reading | Event:
    if message.event is not None:
        return _event(message, context)
    return _reading(message, context)


def _reading(message: _Message, context: DecodeContext) -> Reading:
    if message.logger is None:
        raise BadMessage("no_logger", "logger: required, the serial number of the logger")
    _check_ids(message)
    lat_deg, lon_deg, accuracy_m = _place(message.position)
    measured_ms = time_ms(message.time, zone=context.zone)
    # A clock that was never set gives way to the time of receipt; files and backlogs have none.
    was_set = measured_ms >= UNSET_BEFORE_MS
    if not was_set and not context.received_ms:
        raise BadMessage("bad_time", f"time: {rfc3339(measured_ms)}: a clock that was never set")
    return Reading(
        logger=message.logger,
        time_ms=measured_ms if was_set else context.received_ms,
        time_source="device" if was_set else "received",
        temperature_c=probes_c(message.temperature, message.unit),
        courier=context.courier or message.courier,
        box=context.box or message.box,
        shipment=message.shipment,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        accuracy_m=accuracy_m,
        **{
            channel.name: _possible(channel, getattr(message, channel.sent))
            for channel in CHANNELS
            if not channel.in_position
        },
    )


def _event(message: _Message, context: DecodeContext) -> Event:
    if message.event not in EVENT_NAMES:
        known = ", ".join(EVENT_NAMES)
        raise BadMessage(
            "unknown_event", f"event: expected one of {known}, got {shown(message.event)}"
        )
    if message.shipment is None:
        raise BadMessage("no_shipment", "shipment: required in an event")
    _check_ids(message)
    for name, text in (("site", message.site), ("actor", message.actor), ("note", message.note)):
        if text is not None and len(text) > _MAX_TEXT:
            raise BadMessage("too_long", f"{name}: expected at most {_MAX_TEXT} characters")
        if text is not None and not storable(text):
            raise BadMessage("wrong_type", f"{name}: expected text without NUL or half characters")
    lat_deg, lon_deg, accuracy_m = _place(message.position)
    at_ms = time_ms(message.time, zone=context.zone)
    if at_ms < UNSET_BEFORE_MS:
        # When something was done with the box is no guess: custody begins and ends by it.
        raise BadMessage("bad_time", f"time: {rfc3339(at_ms)}: a clock that was never set")
    return Event(
        event=message.event,
        time_ms=at_ms,
        shipment=message.shipment,
        logger=message.logger,
        courier=context.courier or message.courier,
        box=context.box or message.box,
        site=_shown_text(message.site),
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        accuracy_m=accuracy_m,
        actor=_shown_text(message.actor),
        note=_shown_text(message.note),
    )


def _shown_text(text: str | None) -> str | None:
    """An event's text without what may be a person's: the event stands, the journal alone has the
    text as it was sent."""
    return None if text is None else masked(text)


def _place(position: AnyPosition | None) -> tuple[float | None, float | None, float | None]:
    if position is None:
        return None, None, None
    lat, lon, accuracy_m = position.lat, position.lon, position.accuracy_m
    if not -90.0 <= lat <= 90.0:
        raise out_of_range("position.lat", lat, "-90 to 90 degrees", reason="bad_position")
    if not -180.0 <= lon <= 180.0:
        raise out_of_range("position.lon", lon, "-180 to 180 degrees", reason="bad_position")
    if accuracy_m is not None and not 0.0 <= accuracy_m < math.inf:
        raise out_of_range("position.accuracy_m", accuracy_m, "a number >= 0")
    if position.datum is not None and position.datum != "WGS84":
        try:
            lat, lon = to_wgs84(lat, lon, datum=position.datum)
        except ValueError as error:
            raise BadMessage("bad_position", f"position.{error}"[:120]) from None
    return lat, lon, accuracy_m


def _check_ids(message: _Message) -> None:
    for what, id_ in (
        ("logger", message.logger),
        ("shipment", message.shipment),
        ("courier", message.courier),
        ("box", message.box),
    ):
        if id_ is not None and not known_id(id_):
            raise BadMessage(
                "bad_id", f"{what}: expected an id matching {ID_PATTERN}, got {shown(id_)}"
            )


def _possible(channel: Channel, value: Any) -> Any:
    """The value; raises BadMessage where the channel cannot mean it."""
    if value is None or (channel.low <= value <= channel.high and math.isfinite(value)):
        return value
    if channel.kind == "count":
        raise BadMessage(
            f"bad_{channel.sent}",
            f"{channel.sent}: expected an integer from 0 to {channel.high}, got {str(value)[:40]}",
        )
    expected = f"{channel.low:g} to {channel.high:g} {channel.unit}"
    if channel.high == math.inf:
        expected = f"a number >= {channel.low:g}"
    raise out_of_range(channel.sent, value, expected)


_MISSING_FIELD = {"`time`": "no_time"}


def _validation(error: msgspec.ValidationError) -> BadMessage:
    text = str(error)
    if "missing required field" in text:
        for field, reason in _MISSING_FIELD.items():
            if field in text:
                return BadMessage(reason, text)
    if "$.unit" in text:
        return BadMessage("unit_unknown", f"unit: {UNITS}: {text[:120]}")
    reason = "bad_position" if "$.position" in text else "wrong_type"
    return BadMessage(reason, text[:200])


def looks_doubled(body: bytes) -> bool:
    """A cheap sign that a key may stand twice (or hide behind an escape); sure only the slow
    way. Looks at the keys whose doubling would change evidence; the word may also be a value,
    then the slow way finds nothing wrong."""
    return (
        body.count(b'"time"') > 1
        or body.count(b'"temperature"') > 1
        or body.count(b'"drug"') > 1
        or body.count(b'"logger"') > 1
        or body.count(b'"shipment"') > 1
        or b"\\u00" in body
    )


FORMAT = WireFormat(
    "native",
    decode=decode,
    usual_topics=ByTopic(10, r"coldchain/v1/[^/]+/[^/]+/(readings|events)"),
    looks=(ByJson(20, lambda first, _: "event" in first or {"logger", "time"} <= first.keys()),),
    samples=(
        (
            "coldchain/v1/c/b/readings",
            b'[{"logger":"L","seq":1,"time":"2026-11-21T03:04:05Z","temperature":{"drug":4.5,'
            b'"drug.2":5},"position":{"lat":36.8,"lon":118.3,"datum":"BD09"},"lid_open":true},'
            b'{"event":"packed","shipment":"Z","time":1795230245123,"note":"n"}]',
        ),
    ),
)
