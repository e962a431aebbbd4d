"""The numbers a shipment is judged by, each with its unit, its physical range and its source."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.text import Text

SetBy = Literal["law", "standard", "bureau", "product"]
Confirmed = Literal["official_text", "reproduced", "draft", "memory", "setting"]
Words = Annotated[str, Meta(pattern=r"\S")]
"""A text in which something stands."""

_TEN_YEARS_S = 10 * 365.25 * 86400.0
Celsius = Annotated[float, Meta(ge=-100.0, le=100.0)]
Seconds = Annotated[float, Meta(ge=0.0, le=_TEN_YEARS_S)]
Metres = Annotated[float, Meta(ge=0.0, le=1e6)]
CelsiusPerMinute = Annotated[float, Meta(ge=1e-3, le=100.0)]
PerHour = Annotated[float, Meta(ge=0.0, le=1000.0)]
KmPerHour = Annotated[float, Meta(ge=1.0, le=1000.0)]
JoulePerMol = Annotated[float, Meta(ge=1e4, le=1e6)]
Multiple = Annotated[float, Meta(ge=1.0, le=10.0)]
Trips = Annotated[float, Meta(ge=10.0, le=1e6)]


@dataclass(frozen=True)
class Numbers:
    """The numbers analysis needs; units end the names. Inclusive unless said."""

    recording_interval_s: Seconds
    """Longest step between readings over which temperature is taken as linear."""
    out_of_range_interval_s: Seconds
    """Longest step demanded while out of range; a longer one is an evidence gap only."""
    interval_slack: Multiple
    """A step beyond this multiple of the logger's own interval shows a missing reading."""
    join_within_s: Seconds
    """Episodes parted by less than this inside the range are one."""
    out_of_range_tolerance_s: Seconds
    """Time out of range that the bureau tolerates in sum."""
    above_single_tolerance_s: Seconds
    """Longest single stay above the range that is tolerated, where all of them together keep
    within `above_total_tolerance_s`; either of them 0: none is."""
    above_total_tolerance_s: Seconds
    above_tolerated_up_to_c: Celsius
    """A temperature above this is tolerated for no time."""
    below_single_tolerance_s: Seconds
    below_total_tolerance_s: Seconds
    accuracy_above_zero_c: Celsius
    accuracy_below_zero_c: Celsius
    slew_max_c_per_min: CelsiusPerMinute
    freezing_c: Celsius
    accuracy_least_c: Celsius
    """A stated uncertainty below this is taken as not stated."""
    custody_clock_tolerance_s: Seconds
    """The logger's clock and those of the custody events may differ by this."""
    custody_silence_s: Seconds
    """A shipment without an ending event has ended when nothing was heard for longer."""
    event_mismatch_s: Seconds
    future_tolerance_s: Seconds
    late_import_s: Seconds
    live_upload_s: Seconds
    """A reading received within this time of its measuring counts as sent live."""
    dwell_limit_s: Seconds
    dwell_radius_m: Metres
    consumer_wait_s: Seconds
    traffic_wait_s: Seconds
    travel_speed_max_kmh: KmPerHour
    position_gap_s: Seconds
    place_radius_max_m: Metres
    """A radius stated beyond this is not used."""
    custody_place_slack_m: Metres
    """How far beyond a place's radius custody may begin or end."""
    destination_rest_s: Seconds
    """Longest rest at the destination before custody ends that is still the hand-over."""
    ambient_step_c: Celsius
    coolant_coupling_max_per_h: PerHour
    goods_coupling_max_per_h: PerHour
    fleet_least_trips: Trips
    """Compliant trips of a box model from which its limits are learned where none is on record."""
    mkt_activation_energy_j_per_mol: JoulePerMol


@dataclass(frozen=True)
class NumberSource:
    unit: str
    set_by: SetBy
    confirmed: Confirmed
    source: str
    title: Text


def _entry(value: Any) -> type[msgspec.Struct]:
    """How a number with this range stands in a pack."""
    return msgspec.defstruct(
        "Number",
        [
            ("value", value),
            ("unit", Words),
            ("set_by", SetBy),
            ("confirmed", Confirmed),
            ("source", Words),
            ("zh", Words),
            ("en", Words),
        ],
        frozen=True,
        forbid_unknown_fields=True,
    )


_RANGES = get_type_hints(Numbers, include_extras=True)
_TABLE = msgspec.defstruct(
    "NumbersTable",
    [(field.name, _entry(_RANGES[field.name])) for field in fields(Numbers)],
    frozen=True,
    forbid_unknown_fields=True,
)


def numbers_of(raw: Mapping[str, Any], *, where: str) -> tuple[Numbers, Mapping[str, NumberSource]]:
    """The numbers of a pack's table and where each comes from; raises ConfigError naming key and
    value."""
    table: Any = checked(raw, _TABLE, where=where, under="numbers")
    values: dict[str, float] = {}
    provenance: dict[str, NumberSource] = {}
    for name in sorted(_RANGES):
        entry = getattr(table, name)
        values[name] = entry.value
        provenance[name] = NumberSource(
            unit=entry.unit,
            set_by=entry.set_by,
            confirmed=entry.confirmed,
            source=entry.source,
            title=Text(entry.zh, entry.en),
        )
    numbers = Numbers(**values)
    _relations(numbers, where)
    return numbers, provenance


def _relations(numbers: Numbers, where: str) -> None:
    """Numbers that make sense only together."""
    for side in ("above", "below"):
        single = getattr(numbers, f"{side}_single_tolerance_s")
        total = getattr(numbers, f"{side}_total_tolerance_s")
        if total < single or (single == 0) != (total == 0):
            raise ConfigError(
                f"{where}: numbers.{side}_total_tolerance_s: expected both 0, or both above 0 and "
                f"no less than the single tolerance of {single:g}, got {total:g}"
            )
