"""Rule packs: the numbers and requirement lines a shipment is judged by, as dated data.

A pack is one TOML file under config/packs. Every number says who set it (`law`, `standard`,
`bureau`, `product`) and where it was seen; a file with an unknown key, a missing source or a
number outside its physical range does not load, and the error names file, key and value.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any, Literal, get_args

from coldwitness.domain.errors import ConfigError
from coldwitness.domain.instants import CHINA, china_day
from coldwitness.domain.text import Text

PACKS_DIR = Path(__file__).parent / "packs"

Question = Literal[
    "range",
    "recording",
    "coolant_isolation",
    "goods_isolation",
    "storage_on_the_way",
    "intervals",
    "integrity",
    "calibration",
    "custody_events",
    "delivery_time",
    "hold_time",
    "box_model",
    "seal",
    "entrusted",
    "packing_temperature",
    "live_upload",
    "logger_accuracy",
    "probe_in_box",
]
"""What analysis answers per shipment; a requirement line is the worst of its questions."""
QUESTIONS: tuple[Question, ...] = get_args(Question)
RECORD_QUESTIONS: tuple[Question, ...] = QUESTIONS[QUESTIONS.index("custody_events") :]
"""Questions that state a fact of the record and never accuse: their answer is `compliant`, or
`not_applicable` with the fact that has to be checked on site. Each stands alone in its line,
because the worst of several would hide such a fact behind another's `compliant`."""

SetBy = Literal["law", "standard", "bureau", "product"]
Confirmed = Literal["official_text", "reproduced", "draft", "memory"]


@dataclass(frozen=True)
class Numbers:
    """The numbers analysis needs; units end the names. Inclusive unless said."""

    recording_interval_s: float
    """Longest step between readings over which temperature is taken as linear."""
    out_of_range_interval_s: float
    """Longest step demanded while out of range; a longer one is an evidence gap only."""
    interval_slack: float
    """A step beyond this multiple of the logger's own interval shows a missing reading."""
    join_within_s: float
    """Episodes parted by less than this inside the range are one."""
    out_of_range_tolerance_s: float
    """Time out of range that the bureau tolerates in sum."""
    above_single_tolerance_s: float
    """Longest single stay above the range that is tolerated, where all of them together keep
    within `above_total_tolerance_s`; either of them 0: none is."""
    above_total_tolerance_s: float
    above_tolerated_up_to_c: float
    """A temperature above this is tolerated for no time."""
    below_single_tolerance_s: float
    below_total_tolerance_s: float
    accuracy_above_zero_c: float
    accuracy_below_zero_c: float
    slew_max_c_per_min: float
    freezing_c: float
    event_mismatch_s: float
    future_tolerance_s: float
    late_import_s: float
    live_upload_s: float
    """A reading received within this time of its measuring counts as sent live."""
    dwell_limit_s: float
    dwell_radius_m: float
    consumer_wait_s: float
    traffic_wait_s: float
    travel_speed_max_kmh: float
    position_gap_s: float
    ambient_step_c: float
    coolant_coupling_max_per_h: float
    goods_coupling_max_per_h: float
    fleet_least_trips: float
    """Compliant trips of a box model from which its limits are learned where none is on record."""
    mkt_activation_energy_j_per_mol: float


@dataclass(frozen=True)
class NumberSource:
    unit: str
    set_by: SetBy
    confirmed: Confirmed
    source: str
    title: Text


@dataclass(frozen=True)
class Requirement:
    """One line of the result. `questions` decide its status; `article` is shown only if
    `confirmed` is official_text, else 条款待核. `evidence` : what an inspector needs to see to
    decide the line."""

    id: str
    title: Text
    questions: tuple[Question, ...]
    evidence: Text
    confirmed: Confirmed
    source: Text
    valid_from: date
    valid_to: date | None
    article: Text | None = None


@dataclass(frozen=True)
class RulePack:
    id: str
    version: str
    title: Text
    source: str
    valid_from: date
    valid_to: date | None
    numbers: Numbers
    provenance: Mapping[str, NumberSource]
    requirements: tuple[Requirement, ...]

    @property
    def name(self) -> str:
        """What the result prints as its rules: id and version."""
        return f"{self.id} {self.version}"

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


_RANGES: Mapping[str, tuple[float, float]] = {
    "_c": (-100.0, 100.0),
    "_s": (0.0, 10 * 365.25 * 86400.0),
    "_m": (0.0, 1e6),
    "_c_per_min": (1e-3, 100.0),
    "_per_h": (0.0, 1000.0),
    "_kmh": (1.0, 1000.0),
    "_j_per_mol": (1e4, 1e6),
    "_slack": (1.0, 10.0),
    "_trips": (10.0, 1e6),
}


def load_pack(path: Path) -> RulePack:
    """Read and check one pack; raises ConfigError naming file, key and value."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    return pack_from_text(text, where=path.name)


def pack_from_text(text: str, *, where: str) -> RulePack:
    """The pack in a TOML text, checked; `where` names it in errors. Raises ConfigError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {error}") from error
    _keys(
        raw,
        {"id", "version", "title", "source", "valid_from", "valid_to", "numbers", "requirement"},
        where,
        optional={"valid_to"},
    )
    valid_from, valid_to = _validity(raw, where)
    numbers, provenance = _numbers(_table(raw, "numbers", where), where)
    requirements = tuple(_requirement(line, where) for line in _list(raw, "requirement", where))
    _relations(numbers, where)
    ids = [requirement.id for requirement in requirements]
    for id_ in ids:
        if ids.count(id_) > 1:
            raise ConfigError(f"{where}: requirement: id {id_!r} stands twice")
    return RulePack(
        id=_string(raw, "id", where),
        version=_string(raw, "version", where),
        title=_text(raw, "title", where),
        source=_string(raw, "source", where),
        valid_from=valid_from,
        valid_to=valid_to,
        numbers=numbers,
        provenance=provenance,
        requirements=requirements,
    )


def load_packs(folder: Path = PACKS_DIR) -> tuple[RulePack, ...]:
    """All packs of a folder by id, oldest first; no version stands twice, no two overlap."""
    if not (read := [(path.name, load_pack(path)) for path in sorted(folder.glob("*.toml"))]):
        raise ConfigError(f"{folder}: no rule pack (*.toml) found")
    for (where, pack), (elsewhere, other) in permutations(read, 2):
        if other.name == pack.name:
            raise ConfigError(f"{where}: version: {pack.version!r} stands in {elsewhere} as well")
        same = other.id == pack.id and other.valid_from >= pack.valid_from
        if same and pack.in_force(other.valid_from):
            raise ConfigError(
                f"{elsewhere}: valid_from: {other.valid_from}: {other.name} and {pack.name} "
                f"({where}) are both in force"
            )
    return tuple(sorted((pack for _, pack in read), key=lambda pack: (pack.id, pack.valid_from)))


def pack_for(packs: Sequence[RulePack], *, pack_id: str, epoch_s: float) -> RulePack:
    """The version of `pack_id` in force on the China-time day of `epoch_s`.

    A shipment older than every version is judged by the oldest, and one without a time by
    the newest, because some rule has to be named; the result prints which.
    """
    versions = [pack for pack in packs if pack.id == pack_id]
    if not versions:
        known = ", ".join(sorted({pack.id for pack in packs}))
        raise ConfigError(f"rule pack {pack_id!r}: unknown; known: {known}")
    if math.isnan(epoch_s):
        return versions[-1]
    day = china_day(epoch_s)
    for pack in reversed(versions):
        if pack.in_force(day):
            return pack
    return versions[0] if day < versions[0].valid_from else versions[-1]


@cache
def day_start_s(day: date) -> float:
    """Start of a China-time day as UTC epoch seconds."""
    return datetime.combine(day, time(), tzinfo=CHINA).timestamp()


def _numbers(table: Mapping[str, Any], where: str) -> tuple[Numbers, Mapping[str, NumberSource]]:
    names = {field.name for field in fields(Numbers)}
    _keys(table, names, f"{where}: numbers")
    values: dict[str, float] = {}
    provenance: dict[str, NumberSource] = {}
    for name in sorted(names):
        place = f"{where}: numbers.{name}"
        entry = _table(table, name, f"{where}: numbers")
        _keys(entry, {"value", "unit", "set_by", "confirmed", "source", "zh", "en"}, place)
        value = entry["value"]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{place}.value: expected a number, got {value!r}")
        suffix = max((end for end in _RANGES if name.endswith(end)), key=len)
        low, high = _RANGES[suffix]
        if not low <= value <= high:
            raise ConfigError(f"{place}.value: expected {low:g} to {high:g}, got {value!r}")
        values[name] = float(value)
        provenance[name] = NumberSource(
            unit=_string(entry, "unit", place),
            set_by=_choice(entry, "set_by", get_args(SetBy), place),
            confirmed=_choice(entry, "confirmed", get_args(Confirmed), place),
            source=_string(entry, "source", place),
            title=Text(_string(entry, "zh", place), _string(entry, "en", place)),
        )
    return Numbers(**values), provenance


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


def _requirement(raw: Any, where: str) -> Requirement:
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: requirement: expected tables, got {raw!r}")
    place = f"{where}: requirement {raw.get('id', '?')}"
    _keys(
        raw,
        {
            "id",
            "title",
            "questions",
            "evidence",
            "confirmed",
            "source",
            "article",
            "valid_from",
            "valid_to",
        },
        place,
        optional={"valid_to", "article"},
    )
    if not isinstance(raw["questions"], list):
        raise ConfigError(f"{place}.questions: expected a list, got {raw['questions']!r}")
    questions = tuple(raw["questions"])
    for question in questions:
        if question not in QUESTIONS:
            raise ConfigError(
                f"{place}.questions: expected some of {', '.join(QUESTIONS)}, got {question!r}"
            )
    if not questions:
        raise ConfigError(f"{place}.questions: expected at least one, got none")
    alone = [question for question in questions if question in RECORD_QUESTIONS]
    if alone and len(questions) > 1:
        raise ConfigError(f"{place}.questions: expected {alone[0]!r} alone, got {list(questions)}")
    confirmed = _choice(raw, "confirmed", get_args(Confirmed), place)
    if "article" in raw and confirmed != "official_text":
        raise ConfigError(
            f"{place}.article: expected none unless confirmed is 'official_text', "
            f"got {raw['article']!r}"
        )
    valid_from, valid_to = _validity(raw, place)
    return Requirement(
        id=_string(raw, "id", place),
        title=_text(raw, "title", place),
        questions=questions,
        evidence=_text(raw, "evidence", place),
        confirmed=confirmed,
        source=_text(raw, "source", place),
        valid_from=valid_from,
        valid_to=valid_to,
        article=_text(raw, "article", place) if "article" in raw else None,
    )


def _validity(raw: Mapping[str, Any], where: str) -> tuple[date, date | None]:
    start, end = raw["valid_from"], raw.get("valid_to")
    for key, value in (("valid_from", start), ("valid_to", end)):
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            raise ConfigError(f"{where}: {key}: expected a date, got {value!r}")
    if end is not None and end < start:
        raise ConfigError(f"{where}: valid_to: expected no earlier than {start}, got {end}")
    return start, end


def _keys(
    raw: Mapping[str, Any],
    known: set[str],
    where: str,
    *,
    optional: set[str] = frozenset(),  # type: ignore[assignment]
) -> None:
    for key in raw:
        if key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}; expected {', '.join(sorted(known))}")
    for key in sorted(known - optional):
        if key not in raw:
            raise ConfigError(f"{where}: key {key!r} is missing")


def _table(raw: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = raw.get(key)
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: {key}: expected a table, got {value!r}")
    return value


def _list(raw: Mapping[str, Any], key: str, where: str) -> Sequence[Any]:
    value = raw.get(key)
    if not isinstance(value, list) or not value:
        raise ConfigError(f"{where}: {key}: expected a list of tables, got {value!r}")
    return value


def _string(raw: Mapping[str, Any], key: str, where: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{where}: {key}: expected a text, got {value!r}")
    return value


def _choice(raw: Mapping[str, Any], key: str, words: tuple[Any, ...], where: str) -> Any:
    value = raw.get(key)
    if value not in words:
        raise ConfigError(f"{where}: {key}: expected one of {', '.join(words)}, got {value!r}")
    return value


def _text(raw: Mapping[str, Any], key: str, where: str) -> Text:
    value = raw.get(key)
    if not isinstance(value, dict) or set(value) != {"zh", "en"}:
        raise ConfigError(f"{where}: {key}: expected {{zh, en}}, got {value!r}")
    return Text(_string(value, "zh", f"{where}: {key}"), _string(value, "en", f"{where}: {key}"))
