"""Sparkplug B on `spBv1.0/{group}/{message}/{edge node}[/{device}]`.

Births define metrics; DATA may carry only their aliases. A DATA message whose alias no
birth has named is refused: guessing which probe it was would be inventing evidence.
"""

import math
from dataclasses import dataclass, field

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.instants import LATEST_MS
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS
from coldwitness.ingest.formats.measurements import (
    celsius_of,
    is_temperature_name,
    speaks_of_roles,
    unit_in_name,
)
from coldwitness.ingest.formats.memory import DecoderMemory, MetricDefinition
from coldwitness.ingest.formats.naming import entry_of, logger_id, mapping_for, reading, serial_in
from coldwitness.ingest.formats.plausible import all_silent
from coldwitness.ingest.formats.sparkplug_payload import Metric, parse_payload
from coldwitness.ingest.formats.wire_format import Births, ByBytes, ByTopic, WireFormat

_WITHOUT_METRICS = frozenset({"NDEATH", "DDEATH", "STATE", "NCMD", "DCMD"})
_MESSAGES = _WITHOUT_METRICS | {"NBIRTH", "DBIRTH", "NDATA", "DDATA"}


@dataclass(frozen=True)
class _Address:
    message: str
    group: str
    node: str
    device: str | None


@dataclass
class _Sample:
    temperatures: dict[str, float] = field(default_factory=dict)
    humidity_pct: float | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    lid_open: bool | None = None


def decode(payload: bytes, context: DecodeContext, *, memory: DecoderMemory) -> Decoded:
    """One message; births are remembered in `memory`.

    Metrics of one device at one time become one reading; null metrics and NaN give none.
    """
    address = _address(context.topic)
    if address.message in _WITHOUT_METRICS:
        return Decoded()
    parsed = parse_payload(payload)
    definitions = memory.node(address.group, address.node)
    if address.message.endswith("BIRTH"):
        definitions = memory.born(address.group, address.node, address.device)
        for metric in parsed.metrics:
            if metric.name is not None:
                born = MetricDefinition(metric.name, metric.datatype, address.device, metric.unit)
                definitions.by_name[address.device, metric.name] = born
                if metric.alias is not None:
                    definitions.by_alias[metric.alias] = born
    refused: list[Refusal] = []
    named: list[tuple[MetricDefinition, float, int | None]] = []
    for index, metric in enumerate(parsed.metrics):
        made = _definition(metric, address, definitions.by_alias, definitions.by_name)
        if made is None:
            refused.append(
                Refusal(
                    "no_birth",
                    f"metric with alias {metric.alias} is unnamed: no birth of "
                    f"{address.group}/{address.node} was seen",
                    index,
                )
            )
            continue
        value = metric.value(metric.datatype or made.datatype)
        if value is None or not math.isfinite(value):
            value = math.nan  # its name keeps its place
        time_ms = metric.time_ms or parsed.time_ms
        if time_ms is not None and time_ms < UNSET_BEFORE_MS:
            # A clock that was never set: what is live was measured now, what was stored was not.
            if metric.historical:
                late = f"{made.name[:60]}: a historical value of the time {time_ms}"
                refused.append(Refusal("bad_time", late, index))
                continue
            time_ms = None
        named.append((made, value, time_ms))
    return _readings(named, address, context, refused)


def _address(topic: str) -> _Address:
    levels = topic.split("/")
    if len(levels) >= 2 and levels[0].startswith("spBv") and levels[1] == "STATE":
        return _Address("STATE", "", "", None)
    if len(levels) in (4, 5) and levels[2] in _MESSAGES:
        device = levels[4] if len(levels) == 5 else None
        return _Address(levels[2], levels[1], levels[3], device)
    # A captured message without its topic: what it names itself can still be read.
    return _Address("NDATA", "", serial_in(topic), None)


def _definition(
    metric: Metric,
    address: _Address,
    by_alias: dict[int, MetricDefinition],
    by_name: dict[tuple[str | None, str], MetricDefinition],
) -> MetricDefinition | None:
    if metric.name is not None:
        known = by_name.get((address.device, metric.name))
        unit = metric.unit or (known.unit if known is not None else None)
        datatype = metric.datatype or (known.datatype if known is not None else 0)
        return MetricDefinition(metric.name, datatype, address.device, unit)
    return by_alias.get(metric.alias) if metric.alias is not None else None


def _readings(
    named: list[tuple[MetricDefinition, float, int | None]],
    address: _Address,
    context: DecodeContext,
    refused: list[Refusal],
) -> Decoded:
    serial = "/".join(part for part in (address.group, address.node, address.device) if part)
    aliases = (address.device or address.node, f"{address.node}/{address.device or ''}".strip("/"))
    entry = entry_of(context.rule, serial, logger_id(serial), *aliases)
    mapping = mapping_for(context.rule, entry=entry, model=None)
    names = {made.name for made, _, _ in named}
    roles = speaks_of_roles(names)
    samples: dict[int | None, _Sample] = {}
    for made, value, time_ms in named:
        sample = samples.setdefault(time_ms, _Sample())
        last = made.name.rpartition("/")[2].lower()
        celsius = celsius_of(value, made.unit or unit_in_name(made.name, among=names))
        is_temperature = (
            made.name in mapping
            or is_temperature_name(made.name, roles=roles)
            or (made.unit is not None and made.unit.strip().lower().lstrip("°º") in ("c", "degc"))
        )
        if is_temperature and celsius is not None:
            sample.temperatures[made.name] = celsius
        elif "humidity" in last and "alarm" not in last:
            sample.humidity_pct = value
        elif last in ("lat", "latitude"):
            sample.lat_deg = value
        elif last in ("lon", "lng", "longitude"):
            sample.lon_deg = value
    readings: list[Reading] = []
    for time_ms, sample in samples.items():
        if all_silent(sample.temperatures):
            continue
        try:
            if time_ms is not None and time_ms > LATEST_MS:
                raise BadMessage("bad_time", f"timestamp: expected epoch ms, got {time_ms}")
            readings.append(
                reading(
                    context,
                    serial=serial,
                    aliases=aliases,
                    temperatures=sample.temperatures,
                    time_ms=time_ms,
                    humidity_pct=sample.humidity_pct,
                    lat_deg=sample.lat_deg,
                    lon_deg=sample.lon_deg,
                )
            )
        except BadMessage as error:
            refused.append(Refusal(error.reason, str(error)))
    return Decoded(readings=tuple(readings), refused=tuple(refused))


def _is_birth(topic: str) -> bool:
    return "/NBIRTH/" in topic or "/DBIRTH/" in topic


def _node(topic: str) -> str | None:
    """Group and edge node."""
    levels = topic.split("/")
    return f"{levels[1]}/{levels[3]}" if len(levels) >= 4 else None


FORMAT = WireFormat(
    "sparkplug_b",
    decode=decode,
    usual_topics=ByTopic(40, r"spBv1\.0/.+"),
    looks=(ByBytes(50, lambda body: body[:1] == b"\x08" and not body.isascii()),),
    written_as=("hex", "base64"),
    births=Births(_is_birth, _node),
    samples=(
        (
            "spBv1.0/G/NBIRTH/E",
            bytes.fromhex(
                "08a0e2f5a8a02b12120a05626453657118a0e2f5a8a02b2008580012210a0f426f782f54656d7065"
                "7261747572651007"
                "18a0e2f5a8a02b2009650000a8401800"
            ),
        ),
        (
            "spBv1.0/G/NDATA/E",
            bytes.fromhex("08eaf2f5a8a02b121210071888eaf5a8a02b20092801650000d0401801"),
        ),
    ),
)
