"""What the two LoRaWAN servers have in common: a decoded object, or a raw frame and a model."""

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coldwitness.config.logger_models import LoggerModel, logger_model
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.frame_sample import Sample, clock_ms, stored
from coldwitness.ingest.formats.instants import rfc3339_ms
from coldwitness.ingest.formats.lorawan_frames import decides, frame_decoder
from coldwitness.ingest.formats.measurements import Measured, as_number, measurements
from coldwitness.ingest.formats.naming import entry_of, mapping_for, reading

_MAX_FRAME = 512
"""LoRaWAN carries at most 242 bytes; longer is no frame."""
_DRAGINO_CLOCK = "Systimestamp"
"""What Dragino's decoders call the frame's own clock, epoch seconds."""
_DRAGINO_MODEL = "Node_type"
"""Where Dragino's decoders name the model, also when they leave the rest to the server."""
_MILLISECONDS_FROM = 100_000_000_000


@dataclass(frozen=True)
class Uplink:
    """One uplink as its server describes it.

    serials : the device's names, the one that becomes the logger first.
    descriptions : brand, model and profile names, by which a raw frame finds its decoder.
    objects : what decoders upstream made of the frame, the most specific first.
    """

    serials: tuple[str, ...]
    descriptions: tuple[str | None, ...]
    model: str | None
    time_ms: int | None
    objects: tuple[Mapping[str, Any], ...]
    frame_base64: object
    f_port: object


def decode_uplink(uplink: Uplink, context: DecodeContext) -> Decoded:
    """The readings of an uplink: from the decoded object if it has a temperature, else from
    the frame by the device's model as the settings or the server name it."""
    entry = entry_of(context.rule, *uplink.serials)
    mapping = mapping_for(context.rule, entry=entry, model=uplink.model)
    said = [decoded.get(_DRAGINO_MODEL) for decoded in uplink.objects]
    described = (*uplink.descriptions, *(text for text in said if isinstance(text, str)))
    known = logger_model(entry.get("model")) or logger_model(*described) or _lsn50(uplink.objects)
    decode = frame_decoder(entry.get("model")) or frame_decoder(*described)
    port = uplink.f_port if type(uplink.f_port) is int else None
    if decode is not None and decides(decode) and uplink.frame_base64:
        try:
            samples = decode(_frame(uplink.frame_base64), port or None)
        except BadMessage:
            pass  # not in the layout that is known: what upstream made of it is all there is
        else:
            return _readings(uplink, samples, context, (None, None))
    for decoded in uplink.objects:
        found = measurements(decoded, mapped=mapping, model=known)
        samples = _history(decoded, mapping, known)
        if found.has_temperature:
            samples.append(_sample(found, clock=as_number(decoded.get(_DRAGINO_CLOCK))))
        if samples:
            return _readings(uplink, samples, context, (found.lat_deg, found.lon_deg))
    frame = _frame(uplink.frame_base64)
    if decode is None or not frame:
        has_object = any(uplink.objects)
        return Decoded(
            refused=(
                Refusal(
                    "no_temperature" if has_object or not frame else "no_decoder",
                    f"{uplink.serials[0][:64]}: no temperature in the decoded object"
                    if has_object or not frame
                    else f"{uplink.serials[0][:64]}: no decoded object, and {_unread(entry)}",
                ),
            )
        )
    return _readings(uplink, decode(frame, port or None), context, (None, None))


def _unread(entry: Mapping[str, str]) -> str:
    """Why the raw frame is not read, and what to set."""
    stated = entry.get("model")
    if stated is None:
        return "no known model to read the raw frame by; name it in the settings"
    return (
        f"frames of model {stated[:40]!r} are not known: of raw frames those of docs/formats.md are"
        " read; give the application a payload formatter, or correct the name"
    )


def _lsn50(objects: tuple[Mapping[str, Any], ...]) -> LoggerModel | None:
    """An LSN50's decoder names a working mode beside the first probe, and no model."""
    told = any({"Work_mode", "TempC1"} <= decoded.keys() for decoded in objects)
    return logger_model("LSN50v2") if told else None


def _sample(found: Measured, *, clock: float | None = None) -> Sample:
    return Sample(
        found.temperature_c,
        found.humidity_pct,
        found.battery_v,
        found.light_lux,
        None if clock is None or not 0 <= clock < 2**32 else clock_ms(int(clock)),
    )


def _history(
    decoded: Mapping[str, Any], mapping: Mapping[str, str], known: LoggerModel | None
) -> list[Sample]:
    """Records of the logger's memory as decoders upstream give them: `history`, a list of
    objects with a `timestamp` or `time` of their own."""
    records = decoded.get("history")
    samples: list[Sample] = []
    for record in records if isinstance(records, list) else ():
        if not isinstance(record, dict):
            continue
        found = measurements(record, mapped=mapping, model=known)
        if found.temperature_c:
            sample = _sample(found)
            sample.time_ms = _record_time(record.get("timestamp", record.get("time")))
            samples.append(stored(sample))
    return samples


def _record_time(value: object) -> int | None:
    """Epoch seconds or milliseconds, or RFC 3339; None for anything else."""
    number = as_number(value)
    if number is not None and number >= 0:
        return clock_ms(int(number / 1000 if number > _MILLISECONDS_FROM else number))
    try:
        return rfc3339_ms(value) if isinstance(value, str) else None
    except BadMessage:
        return None


def _readings(
    uplink: Uplink,
    samples: list[Sample],
    context: DecodeContext,
    position: tuple[float | None, float | None],
) -> Decoded:
    readings: list[Reading] = []
    refused: list[Refusal] = []
    for index, sample in enumerate(samples):
        own_clock = sample.time_ms is not None
        try:
            if sample.lost is not None:
                raise BadMessage("bad_record", f"{uplink.serials[0][:64]}: {sample.lost}")
            readings.append(
                reading(
                    context,
                    serial=uplink.serials[0],
                    aliases=uplink.serials[1:],
                    model=uplink.model,
                    temperatures=dict.fromkeys(sample.places, math.nan) | sample.temperature_c,
                    time_ms=sample.time_ms if own_clock else uplink.time_ms,
                    time_source="device" if own_clock else "gateway",
                    humidity_pct=sample.humidity_pct,
                    battery_v=sample.battery_v,
                    light_lux=sample.light_lux,
                    lat_deg=position[0],
                    lon_deg=position[1],
                )
            )
        except BadMessage as error:
            refused.append(Refusal(error.reason, str(error), index if len(samples) > 1 else None))
    return Decoded(readings=tuple(readings), refused=tuple(refused))


def _frame(value: object) -> bytes:
    if not isinstance(value, str) or not value:
        return b""
    try:
        frame = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage("bad_frame", "raw frame: expected base64") from None
    if len(frame) > _MAX_FRAME:
        raise BadMessage("bad_frame", f"raw frame: expected at most 242 bytes, got {len(frame)}")
    return frame
