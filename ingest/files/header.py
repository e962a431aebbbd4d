"""Which column of a file's header is which: ours by their names, and by what spreadsheets and the
programs of common loggers call time, humidity and temperatures.
"""

from collections.abc import Mapping, Sequence

from coldwitness.domain.channels import CHANNELS
from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading import plain_probe
from coldwitness.ingest.files.titles import (
    is_temperature,
    is_time,
    name_and_unit,
    name_and_zone,
)
from coldwitness.ingest.formats.drug_names import may_be_drug

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "time": (
        "time",
        "timestamp",
        "datetime",
        "date time",
        "date/time",
        "date / time",
        "date",
        "时间",
        "日期时间",
        "记录时间",
        "采集时间",
        "测量时间",
        "uhrzeit",
        "zeit",
        "日期",
    ),
    "shipment": ("shipment",),
    "courier": ("courier",),
    "box": ("box",),
    "logger": ("logger",),
    **{channel.sent: (channel.sent, channel.name) for channel in CHANNELS},
    "datum": ("datum",),
    "unit": ("unit", "units", "temperature_unit", "单位", "温度单位"),
    "received_ms": ("received_at", "received"),
    "quantity": (
        *("quantity", "type", "parameter", "measurement", "metric", "variable"),
        *("field", "_field", "sensor", "channel"),
        *("参数", "类型", "测量项", "测量类型", "指标", "项目", "变量", "通道", "传感器"),
    ),
}
"""Our column -> the header names that mean it, the first that is there counts."""
_DRUG_ALIASES = ("drug", "drug.1", "药品温度")
_TEMPERATURE_ALIASES = ("temperature", "temp", "temp.", "温度")
_VALUE_ALIASES = ("value", "_value", "reading", "数值", "测量值", "读数")
"""What holds the drug's temperature where no column says that it is one."""
_DAY_ALIASES = ("date", "日期", "datum", "day", "记录日期", "采集日期")
_HUMIDITY_ALIASES = (
    "rh",
    "relative humidity",
    "relative_humidity",
    "rf",
    "hum",
    "湿度",
    "相对湿度",
    "湿度值",
)


def columns_of(header: Sequence[str]) -> dict[str, int]:
    """Our columns and probes -> position in the header; others are not ours and ignored.

    Names are compared without case and surrounding blanks. A probe stands under its canonical
    name (`drug`, `drug.2`). Of temperatures under other titles the first is the drug's where none
    is called so and its title says nothing else; the others keep their titles.
    """
    place = _places(header)
    found: dict[str, int] = {}
    for column, names in _ALIASES.items():
        there = next((name for name in names if name in place), None)
        if there is not None:
            found[column] = place[there]
    time = found.get("time", _time_column(header))
    if time is not None:
        found["time"] = time
    drug = next((place[name] for name in _DRUG_ALIASES if name in place), None)
    called = [place[name] for name in _TEMPERATURE_ALIASES if name in place]
    drug = min(called) if drug is None and called else drug
    if drug is not None:
        found["drug"] = drug
    day = next((place[name] for name in _DAY_ALIASES if name in place), None)
    if day is not None and found.get("time", day) != day:
        found["date"] = day
    humid = next((name for name in _HUMIDITY_ALIASES if name in place), None)
    if humid is not None:
        found.setdefault("humidity", place[humid])
    for name, position in place.items():
        role, at, _ = name.partition("@")
        plain = plain_probe(role)
        if plain is not None:
            found.setdefault(plain + (at + _compartment(header[position]) if at else ""), position)
    _add_temperatures(found, header, place)
    return found


def _time_column(header: Sequence[str]) -> int | None:
    """Where the time of each row stands under a title that names its zone, or none of ours."""
    names = [name_and_zone(title)[0] for title in header]
    for name in _ALIASES["time"]:
        if name in names:
            return names.index(name)
    return next((at for at, name in enumerate(names) if is_time(name)), None)


def _add_temperatures(
    found: dict[str, int], header: Sequence[str], place: Mapping[str, int]
) -> None:
    """Temperatures under titles of others; where none is the drug's so far, the first of them whose
    title says nothing else is, or else a column called value."""
    taken = set(found.values())
    others = [at for at, title in enumerate(header) if at not in taken and is_temperature(title)]
    if "drug" not in found:
        first = next((at for at in others if may_be_drug(header[at])), None)
        values = (place[name] for name in _VALUE_ALIASES if name in place)
        first = next(values, None) if first is None else first
        if first is not None:
            found["drug"] = first
    for at in others:
        if at != found.get("drug"):
            found.setdefault(kept_title(header[at]), at)


def require_names(renames: Mapping[str, str]) -> None:
    """Raise BadInput for a name of `--column` that is none of ours: its column would be taken for
    nothing, without a word."""
    known = {alias for names in _ALIASES.values() for alias in names}
    known |= {*_DRUG_ALIASES, *_TEMPERATURE_ALIASES, *_VALUE_ALIASES, *_DAY_ALIASES}
    for title, name in renames.items():
        if name not in known and plain_probe(name.partition("@")[0]) is None:
            raise BadInput(
                f"--column {title}={name}: expected time, drug, coolant, ambient or goods"
                " (drug.2 a second), humidity, logger, box, shipment, … as the name"
            )


def kept_title(title: str) -> str:
    """A title as it may stand in stores and reports as a probe's name."""
    bare = title.strip().strip("\ufeff").strip('"').strip()[:_MOST_OF_TITLE]
    return "".join(char if char.isprintable() else "?" for char in bare)


_MOST_OF_TITLE = 64


def _compartment(title: str) -> str:
    """What stands behind @ in a title, in its own letters, without the unit."""
    behind = title.strip().strip('"').partition("@")[2].strip()
    unit = name_and_unit(behind)
    return behind[: len(unit[0])] if unit[1] is not None else behind


def _places(header: Sequence[str]) -> dict[str, int]:
    """Names as they stand, then without the unit in them -> the first position of each."""
    place: dict[str, int] = {}
    for position, title in enumerate(header):
        place.setdefault(title.strip().strip('"').lower(), position)
    for position, title in enumerate(header):
        place.setdefault(name_and_unit(title)[0], position)
    return place


def units_of(header: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
    """Unit of each probe whose title names one: C, F, K or, for what is none, %RH."""
    said = {name: name_and_unit(header[at])[1] for name, at in columns.items() if is_probe(name)}
    return {name: unit for name, unit in said.items() if unit is not None}


def is_probe(column: str) -> bool:
    """True for a temperature among what `columns_of` found."""
    return column not in _ALIASES and column != "date"
