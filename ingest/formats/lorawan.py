"""What the two LoRaWAN servers have in common: a decoded object, or a raw frame and a model."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.errors import BadMessage
from domain.reading import Reading
from ingest.formats.decoded import DecodeContext, Decoded, Refusal
from ingest.formats.lorawan_frames import Sample, frame_decoder
from ingest.formats.measurements import measurements
from ingest.formats.naming import entry_of, mapping_for, reading

_MAX_FRAME = 512
"""LoRaWAN carries at most 242 bytes; longer is no frame."""


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
    for decoded in uplink.objects:
        found = measurements(decoded, mapped=mapping)
        if found.temperature_c:
            sample = Sample(
                found.temperature_c, found.humidity_pct, found.battery_v, found.light_lux
            )
            return _readings(uplink, [sample], context, (found.lat_deg, found.lon_deg))
    decode = frame_decoder(entry.get("model")) or frame_decoder(*uplink.descriptions)
    frame = _frame(uplink.frame_base64)
    if decode is None or not frame:
        has_object = any(uplink.objects)
        return Decoded(
            refused=(
                Refusal(
                    "no_temperature" if has_object or not frame else "no_decoder",
                    f"{uplink.serials[0][:64]}: no temperature in the decoded object"
                    if has_object or not frame
                    else f"{uplink.serials[0][:64]}: no decoded object, and no known model "
                    "to read the raw frame by; name it in the settings",
                ),
            )
        )
    f_port = uplink.f_port
    port = f_port if isinstance(f_port, int) and not isinstance(f_port, bool) else None
    return _readings(uplink, decode(frame, port or None), context, (None, None))


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
            readings.append(
                reading(
                    context,
                    serial=uplink.serials[0],
                    aliases=uplink.serials[1:],
                    model=uplink.model,
                    temperatures=sample.temperature_c,
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
