"""From what a maker calls a probe to our probe roles, and from its serial to a logger id.

The settings' rule decides: the logger's own entry over its model's over the rule's. Without
any mapping an upstream name that already is a role keeps it; else the first temperature of the
logger's first message is the drug's from then on (`drug_names`), and others keep their upstream
names, which are kept and never judged.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Unpack

from coldwitness.config.settings import ABOUT_LOGGER, FormatRule
from coldwitness.domain.channels import CHANNEL, Said
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.identifiers import is_id
from coldwitness.domain.reading import Reading, TimeSource, split_probe
from coldwitness.ingest.formats.decoded import DecodeContext
from coldwitness.ingest.formats.drug_names import may_be_drug, named_by
from coldwitness.ingest.formats.json_text import shown
from coldwitness.ingest.formats.native_probes import require_few
from coldwitness.ingest.formats.plausible import measured

_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_-]+")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5,7}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+")
_MAX_NAME = 120
_NOT_VOLTS = 1000.0
"""What makers' fields call a voltage is none from here on: millivolts, or a counter."""


def logger_id(serial: str) -> str:
    """The id of a logger by the serial its maker sends.

    A MAC address loses its separators and is upper case; other text keeps what an id may
    hold, the rest becomes `-`. What is too long, and what has letters an id may not hold
    (冷藏箱17), ends in a checksum of the whole: 保温箱17 must not become the same logger.
    Raises BadMessage if it has neither letter nor digit.
    """
    text = serial.strip()
    if is_id(text):
        return text
    if _MAC.fullmatch(text):
        return re.sub("[:-]", "", text).upper()
    plain = _NOT_IN_ID.sub("-", text).strip("-_")
    foreign = any(char.isalnum() for char in text if not char.isascii())
    if not plain and not foreign:
        raise BadMessage("bad_id", f"logger: expected a serial number, got {shown(serial)}")
    if foreign or len(plain) > 64:
        checksum = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
        plain = f"{plain[:55] or 'logger'}-{checksum}"
    return plain


def told_apart(rule: FormatRule | None, name: str, *, address: str | None, within: str) -> str:
    """The serial of a device that its owner named, where names are given anew within every
    application or at every bridge: two of one name are two loggers.

    The name alone where it holds the device's own address, and where the settings have an entry
    of that name: who wrote it says which logger is meant. Else the address, which no other has;
    else the name behind that of what it was given within, where a checksum keeps `a-b`/`c` from
    `a`/`b-c`.
    address : one that is unique wherever the device is (DevEUI, MAC); None where none is told.
    within : the application or bridge, "" where nothing names it. A settings' entry
        `within/name` means this device alone.
    """
    whole = f"{within}/{name}"
    known = rule.loggers if rule is not None else {}
    own = whole not in known and name in known
    if own or not within or (address is not None and address.lower() in name.lower()):
        return name
    if address is not None:
        return address
    serial = logger_id(whole)
    if _PLAIN_NAME.fullmatch(within):
        return serial
    return f"{serial[:55]}-{hashlib.sha256(whole.encode('utf-8', 'replace')).hexdigest()[:8]}"


def serial_in(topic: str, *, skip: Iterable[str] = ()) -> str:
    """The last level of a topic that names something; raises BadMessage if none does."""
    skipped = {word.lower() for word in skip}
    for level in reversed(topic.split("/")):
        if level and level.lower() not in skipped:
            return level
    raise BadMessage("no_logger", f"no serial in the message nor in its topic {topic[:80]!r}")


def path_in(topic: str, *, skip: Iterable[str] = ()) -> str:
    """All levels of a topic that are not the format's own words: names may hold levels, and
    `roomA/fridge` is not `roomB/fridge`. Raises BadMessage if nothing names anything."""
    skipped = {word.lower() for word in skip}
    levels = [level for level in topic.split("/") if level and level.lower() not in skipped]
    return "/".join(levels) or serial_in(topic, skip=skip)


def entry_of(rule: FormatRule | None, *serials: str) -> Mapping[str, str]:
    """The settings' entry of a logger, by any of the forms of its serial; empty if none."""
    if rule is not None:
        for serial in serials:
            if serial in rule.loggers:
                return rule.loggers[serial]
        folded = {serial.lower() for serial in serials}
        for name, entry in rule.loggers.items():
            if name.lower() in folded:
                return entry
    return {}


def mapping_for(
    rule: FormatRule | None, *, entry: Mapping[str, str], model: str | None
) -> dict[str, str]:
    """Upstream name -> probe for one logger; empty where the settings say nothing."""
    mapping: dict[str, str] = {}
    if rule is not None:
        mapping.update(rule.probes)
        model = entry.get("model", model)
        if model is not None:
            for name, probes in rule.models.items():
                if name.lower() == model.lower():
                    mapping.update(probes)
    mapping.update({name: role for name, role in entry.items() if name not in ABOUT_LOGGER})
    return mapping


def named(
    temperatures: Mapping[str, float],
    mapping: Mapping[str, str],
    *,
    fixed: Callable[[str], str] = lambda first: first,
) -> dict[str, float]:
    """Measured temperatures by probe name; names that map to nothing of ours keep theirs.

    temperatures : every name the message holds, in its order, those without a value too (NaN or
        a code): a silent first probe hands its place on to nobody.
    fixed : the drug's name of this logger, given the first that this message offers.
    """
    result: dict[str, float] = {}
    left: dict[str, float] = {}
    for name, value in temperatures.items():
        probe = mapping.get(name)
        if probe is None:
            left[name] = value
        elif measured(value) is not None:
            if probe in result:
                raise BadMessage("bad_mapping", f"two measurements are mapped to {probe[:40]!r}")
            result[probe] = value
    drug = None
    if not mapping and not any(split_probe(name) for name in left):
        first = next((name for name in left if may_be_drug(name)), None)
        drug = fixed(_kept_name(first)) if first is not None else None
    for name, value in left.items():
        if measured(value) is not None:
            kept = _kept_name(name)
            result.setdefault("drug" if kept == drug else kept, value)
    return result


def _kept_name(name: str) -> str:
    """An upstream name as it may stand in stores and reports."""
    return "".join(char if char.isprintable() else "?" for char in name[:_MAX_NAME])


def reading(
    context: DecodeContext,
    *,
    serial: str,
    temperatures: Mapping[str, float],
    aliases: Sequence[str] = (),
    model: str | None = None,
    time_ms: int | None = None,
    time_source: TimeSource = "device",
    **said: Unpack[Said],
) -> Reading:
    """One reading of a maker's logger, named and placed by the settings.

    serial, aliases : what becomes the logger's id, and further names it has in the settings.
    temperatures : upstream name -> °C in upstream order; no-value codes and impossible
        numbers are dropped here. time_ms None: the message brought no time, the receive
        time stands in and `time_source` says so.
    Raises BadMessage (`no_temperature`) if no temperature is left, or there are too many.
    """
    logger = logger_id(serial)
    entry = entry_of(context.rule, serial, logger, *aliases)
    rule = context.rule
    require_few(len(temperatures))
    names = context.drug_names
    courier = entry.get("courier") or context.courier or (rule.courier if rule else None)
    probes = named(
        temperatures,
        mapping_for(rule, entry=entry, model=model),
        fixed=partial(names.fixed, named_by(courier, logger))
        if names is not None
        else lambda first: first,
    )
    if not probes:
        raise BadMessage("no_temperature", f"{logger}: no temperature in the message")
    kept: dict[str, Any] = {name: value for name, value in said.items() if _possible(name, value)}
    if not {"lat_deg", "lon_deg"} <= kept.keys() or kept["lat_deg"] == kept["lon_deg"] == 0.0:
        # Receivers without a fix send zeros; the place they mean is open sea.
        kept = {name: value for name, value in kept.items() if not CHANNEL[name].in_position}
    return Reading(
        logger=logger,
        time_ms=context.received_ms if time_ms is None else time_ms,
        time_source="received" if time_ms is None else time_source,
        temperature_c=probes,
        courier=courier,
        box=entry.get("box") or context.box or (rule.box if rule else None),
        **kept,
    )


def _possible(name: str, value: Any) -> bool:
    """Whether anything was said, and the channel can mean it."""
    if value is None or not CHANNEL[name].low <= value <= CHANNEL[name].high:
        return False
    return name != "battery_v" or value < _NOT_VOLTS
