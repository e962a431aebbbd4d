"""Scenarios: what is told to the physics, as TOML data; loaded and checked here.

A number may be given as one value or as `[low, high]`; then every box draws its own, evenly.
Nothing in a scenario says what a detector should answer: the truth is read off the physics.
"""

import math
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from coldwitness.domain.errors import BadInput
from coldwitness.domain.identifiers import is_id

SCENARIOS_DIR = Path(__file__).parent / "scenarios"

Span = float | tuple[float, float]
"""One value, or [low, high] to draw from evenly."""

Season = Literal["spring", "summer", "autumn", "winter"]
Place = Literal["pharmacy", "depot_room", "cold_room", "flat", "yard", "vehicle"]
Fraud = Literal[
    "none",
    "copied",
    "smoothed",
    "edited",
    "deleted",
    "line",
    "noisy_line",
    "clipped",
    "scaled",
    "squeezed",
    "random_walk",
    "typed",
    "fridge_cycle",
    "office_fridge",
]
Probe = Literal["drug", "drug.2", "coolant", "ambient", "goods"]
"""`drug` sits at the drug's surface, `drug.2` in its core."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Title(_Part, frozen=True):
    zh: str
    en: str


class Pack(_Part, frozen=True):
    """How the box was packed. What is left out comes from the season's pack-out.

    separator, partition : whether the part is really in the box. contact : share of the
    full contact area by which drug and coolant touch when the separator is missing;
    goods_contact the same for the goods.
    declares_… : what the manifest says of the parts; one_compartment : it puts the goods into
    the drug's compartment.
    """

    model: str = "EPS-18L"
    coolant: Literal["ice", "pcm3", "pcm5", "evaporator"] | None = None
    coolant_kg: Span | None = None
    coolant_start_c: Span | None = None
    coolant_melted: Span | None = None
    drug_kg: Span = (0.8, 1.2)
    drug_start_c: Span = (3.9, 5.9)
    separator: bool = True
    contact: Span = (0.7, 1.0)
    partition: bool = True
    goods_contact: Span = (0.7, 1.0)
    goods: Literal["none", "hot_meal", "drinks", "ice_cream"] = "none"
    goods_kg: Span = (1.0, 1.8)
    freeze_sensitive: bool = True
    declares_separator: bool = True
    declares_partition: bool = True
    one_compartment: bool = False


class Halt(_Part, frozen=True):
    """A stop on the way that is neither a red light nor a jam.

    at : share of the route ridden before it. declared : stands in the manifest's `sites`
    (role, max_minutes). carried_in : the box is taken into the room. recorded : the
    courier's system sends `stored` and `retrieved`; handed_over : it sends `handed_over`.
    purpose : `halt` is storage if it lasts; a `jam` that stands and a `delivery` to another
    consumer are none, whatever the record shows. moved_m : the box is put elsewhere in the yard
    every few minutes, so far at most from where it was first. deliveries : how many other shipments
    of the box are delivered there.
    """

    at: Span
    minutes: Span
    place: Place = "yard"
    room_c: Span | None = None
    carried_in: bool = False
    opened_min: Span = 0.0
    recorded: bool = False
    handed_over: bool = False
    declared: bool = False
    role: Literal["transfer", "cold_store", "service"] = "transfer"
    max_minutes: float | None = None
    purpose: Literal["halt", "jam", "delivery"] = "halt"
    moved_m: Span = 0.0
    deliveries: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0


class LidOpening(_Part, frozen=True):
    """at : share of the route; minutes : how long; seen : the lid switch works."""

    at: Span
    minutes: Span
    seen: bool = True


class Journey(_Part, frozen=True):
    """pressed_late_min : the ending event is sent so long after the drug was taken out.
    pressed_at_halt : it is sent at the first halt, and the box goes on."""

    vehicle: Literal["ebike", "van"] = "ebike"
    distance_km: Span = (13.0, 22.0)
    packing_min: Span = (6.0, 12.0)
    jam_min: Span = 0.0
    door_wait_min: Span = (2.0, 6.0)
    door_place: Place = "flat"
    ending: Literal["delivered", "refused", "returned"] = "delivered"
    pressed_late_min: Span = 0.0
    pressed_at_halt: bool = False
    halts: tuple[Halt, ...] = ()
    lid: tuple[LidOpening, ...] = ()


class Logger(_Part, frozen=True):
    """The recorder. offset_c, noise_c : per probe [°C]; lag_s : first-order response of each
    probe; clock_offset_s, clock_drift_s_per_h, clock_jump_s (at a random time): its clock.
    swapped : the plugs of drug and coolant probe are exchanged.
    late_start_min : switched on so long after the packing; dies_at : share of the recording
    after which the battery is empty (1: it lasts). motion_stuck : what the motion sensor always
    says; corrupt : one drug value is wrong by this; probe_out : before the packing and after the
    delivery the drug's probe lies in the room."""

    interval_s: float = 60.0
    jitter_s: float = 0.5
    accuracy_c: float = 0.5
    quantum_c: float = 0.1
    offset_c: Span = (-0.2, 0.2)
    noise_c: Span = (0.02, 0.05)
    lag_s: Span = (45.0, 120.0)
    probes: tuple[Probe, ...] = ("drug", "coolant", "ambient")
    swapped: bool = False
    names_shipment: bool = True
    positions: bool = True
    position_noise_m: Span = (4.0, 9.0)
    multipath: Span = 0.01
    datum: Literal["WGS84", "GCJ02"] = "WGS84"
    motion: bool = True
    motion_stuck: Literal["none", "moving", "resting"] = "none"
    corrupt: Literal["none", "sign", "bit", "zero", "minus_40", "ceiling", "fahrenheit"] = "none"
    probe_out: bool = False
    calibrated_days: Span = (60.0, 300.0)
    clock_offset_s: Span = (-1.5, 1.5)
    clock_drift_s_per_h: Span = (-0.1, 0.1)
    clock_jump_s: float = 0.0
    seq_reset: bool = False
    battery_v: Span = (3.4, 3.7)
    stuck_min: Span = 0.0
    late_start_min: Span = 0.0
    dies_at: Span = 1.0


class Receiver(_Part, frozen=True):
    """How positions fall short of the place. indoors : there are fixes in buildings; digits :
    decimals of a degree; every : the reading of which rank carries a fix; states_datum : a datum
    that is not WGS84 is said; stale_min : so long on the way the last fix is repeated; drift_m :
    standard deviation of a wandering of a quarter of an hour; mast_m : positions are those of
    masts so far apart, good to as much."""

    indoors: bool = True
    digits: Annotated[int, msgspec.Meta(ge=0, le=6)] = 6
    every: Annotated[int, msgspec.Meta(ge=1)] = 1
    states_datum: bool = True
    stale_min: Span = 0.0
    drift_m: Span = 0.0
    mast_m: Span = 0.0


class Papers(_Part, frozen=True):
    """What the manifest says of places. place_datum : the map they were read off, unsaid."""

    place_datum: Literal["WGS84", "GCJ02"] = "WGS84"
    destination_radius_m: float = 100.0


class Silence(_Part, frozen=True):
    """A hole in the radio. fate: `lost` (never sent), `backlog` (kept, sent as one array
    afterwards), `scattered` (kept, sent one by one, late and out of order), `no_position`
    (the readings come, without a fix)."""

    at: Span
    minutes: Span
    fate: Literal["lost", "backlog", "scattered", "no_position"]


class Radio(_Part, frozen=True):
    delay_s: Span = (0.3, 2.0)
    loss: Span = 0.0
    repeats: Span = 0.0
    silences: tuple[Silence, ...] = ()


class Scenario(_Part, frozen=True):
    name: str
    title: Title
    story: str
    season: Season = "summer"
    pack: Pack = Pack()
    journey: Journey = Journey()
    logger: Logger = Logger()
    receiver: Receiver = Receiver()
    radio: Radio = Radio()
    papers: Papers = Papers()
    fraud: Fraud = "none"


def draw(rng: np.random.Generator, span: Span) -> float:
    """A value of `span`; one number is drawn even for a fixed value, so that changing one
    span of a scenario leaves all other draws as they were."""
    share = rng.random()
    if isinstance(span, tuple):
        return span[0] + share * (span[1] - span[0])
    return float(span)


def load_scenario(path: Path) -> Scenario:
    """Read and check one scenario; raises BadInput naming file, key and expectation."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not TOML: {error}") from error
    try:
        scenario = msgspec.convert(raw, Scenario)
    except msgspec.ValidationError as error:
        raise BadInput(f"{path.name}: {error}") from error
    if not is_id(scenario.name):
        raise BadInput(f"{path.name}: name: expected an id, got {scenario.name!r}")
    _check(scenario, path.name)
    probes = scenario.logger.probes
    if "drug" not in probes or (scenario.logger.swapped and "coolant" not in probes):
        wanted = "drug and coolant" if scenario.logger.swapped else "drug"
        raise BadInput(f"{path.name}: logger: probes: expected {wanted}, got {list(probes)}")
    return scenario


def scenario_names() -> list[str]:
    """Names of the scenarios that come with the program."""
    return sorted(path.stem for path in SCENARIOS_DIR.glob("*.toml"))


def scenario(name: str) -> Scenario:
    """The scenario of this name that comes with the program, or the file a path names."""
    path = Path(name) if name.endswith(".toml") else SCENARIOS_DIR / f"{name}.toml"
    if not path.is_file():
        raise BadInput(f"scenario {name!r}: unknown; known: {', '.join(scenario_names())}")
    return load_scenario(path)


_POSITIVE = {"drug_kg", "coolant_kg", "goods_kg", "distance_km", "interval_s", "lag_s"}
_SIGNED = {
    "coolant_start_c",
    "drug_start_c",
    "room_c",
    "offset_c",
    "clock_offset_s",
    "clock_drift_s_per_h",
    "clock_jump_s",
    "calibrated_days",
}
_SHARES = {
    "at",
    "contact",
    "goods_contact",
    "coolant_melted",
    "loss",
    "repeats",
    "multipath",
    "dies_at",
}


def _check(part: msgspec.Struct, where: str) -> None:
    """Every number within its physical range, every [low, high] in order."""
    for field in part.__struct_fields__:
        value, place = getattr(part, field), f"{where}: {field}"
        if isinstance(value, msgspec.Struct):
            _check(value, place)
        elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            for number, inner in enumerate(value):
                _check(inner, f"{place}[{number}]")
        elif isinstance(value, float | tuple) and not isinstance(value, bool):
            ends = value if isinstance(value, tuple) else (value, value)
            if ends and all(isinstance(end, float) for end in ends):
                _check_span(ends, field, place)


def _check_span(ends: tuple[float, ...], field: str, place: str) -> None:
    low, high = ends[0], ends[-1]
    if not (math.isfinite(low) and math.isfinite(high)):
        raise BadInput(f"{place}: expected finite numbers, got [{low:g}, {high:g}]")
    if low > high:
        raise BadInput(f"{place}: expected [low, high] with low <= high, got [{low:g}, {high:g}]")
    if field in _POSITIVE and low <= 0:
        raise BadInput(f"{place}: expected more than 0, got {low:g}")
    if field in _SHARES and not (low >= 0 and high <= 1):
        raise BadInput(f"{place}: expected 0 to 1, got [{low:g}, {high:g}]")
    if field not in _SIGNED and low < 0:
        raise BadInput(f"{place}: expected no less than 0, got {low:g}")
