"""Rule packs: the numbers and requirement lines a shipment is judged by, as dated data.

A pack is one TOML file under config/packs. Every number says who set it (`law`, `standard`,
`bureau`, `product`) and where it was seen; a file with an unknown key, a missing source or a
number outside its physical range does not load, and the error names file, key and value.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache, lru_cache
from itertools import permutations
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked, text_file, toml_text
from coldwitness.config.numbers import Celsius, Confirmed, Numbers, NumberSource, Words, numbers_of
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.instants import CHINA, china_day
from coldwitness.domain.text import Text

PACKS_DIR = Path(__file__).parent / "packs"
_KEPT_PACKS = 16
"""A text read before is not parsed again: that takes longer than judging a shipment."""

Question = Literal[
    "range",
    "recording",
    "coolant_isolation",
    "goods_isolation",
    "storage_on_the_way",
    "intervals",
    "integrity",
    "probe_in_box",
    "custody_events",
    "delivery_time",
    "hold_time",
    "box_model",
    "seal",
    "entrusted",
    "packing_temperature",
    "live_upload",
    "logger_accuracy",
    "calibration",
    "ban_list",
    "box_upkeep",
]
"""What analysis answers per shipment; a requirement line is the worst of its questions."""
QUESTIONS: tuple[Question, ...] = get_args(Question)
RECORD_QUESTIONS: tuple[Question, ...] = QUESTIONS[QUESTIONS.index("custody_events") :]
"""Questions about papers and custody: what the record shows of them, what the company says, what
falls short and what is absent. Each stands alone in its line, because the worst of several would
hide one fact behind another."""

Asks = Literal["telemetry", "record"]
"""Telemetry lines ask what was measured; record lines ask for papers and custody, and move the
verdict only where they fall short."""
OnRecord = Literal["suspected", "insufficient_evidence", "to_check"]
"""What a shortfall or an absence makes of a record line: a setting of the bureau."""
Binds = Literal["always", "platform"]
"""Every shipment, or those whose manifest names a platform."""
Duty = Literal["retailer", "carrier", "platform"]
"""Who bears the duty: 零售企业, 配送企业, 平台."""
SourceKind = Literal[
    "law",
    "administrative_regulation",
    "departmental_rule",
    "normative_document",
    "standard",
    "international_guideline",
    "inspection_focus",
    "setting",
]
"""法律, 行政法规, 规章, 规范性文件, 标准, 国际指南, 检查重点, 设定."""


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the result. `questions` decide its status; `article` is shown only if
    `confirmed` is official_text, else 条款待核. `evidence` : what an inspector needs to see to
    decide the line. `on_shortfall`, `on_absence` : status of a record line that falls short, or of
    whose subject the record knows nothing. `duty` : whom the requirement binds. `binds` : which
    shipments. `carried_on` : the bureau looks at it beyond `valid_to`, by its own setting."""

    id: Words
    title: Text
    asks: Asks
    questions: Annotated[tuple[Question, ...], Meta(min_length=1)]
    evidence: Text
    confirmed: Confirmed
    source: Text
    source_kind: SourceKind
    duty: Annotated[tuple[Duty, ...], Meta(min_length=1)]
    valid_from: date
    valid_to: date | None = None
    article: Text | None = None
    on_shortfall: OnRecord | None = None
    on_absence: OnRecord | None = None
    binds: Binds = "always"
    carried_on: bool = False


class PackLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The range [°C, inclusive] a pack judges by in place of the label's: that of an indicator."""

    low_c: Celsius
    high_c: Celsius
    source: Words


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
    limits: PackLimits | None = None

    @property
    def name(self) -> str:
        """What the result prints as its rules: id and version."""
        return f"{self.id} {self.version}"

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class _PackFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pack as it stands in its file."""

    id: Words
    version: Words
    title: Text
    source: Words
    valid_from: date
    numbers: dict[str, Any]
    requirement: Annotated[list[dict[str, Any]], Meta(min_length=1)]
    valid_to: date | None = None
    limits: PackLimits | None = None


def load_pack(path: Path) -> RulePack:
    """Read and check one pack; raises ConfigError naming file, key and value."""
    return pack_from_text(text_file(path), where=path.name)


@lru_cache(maxsize=_KEPT_PACKS)
def pack_from_text(text: str, *, where: str) -> RulePack:
    """The pack in a TOML text, checked; `where` names it in errors. Raises ConfigError."""
    return _pack(toml_text(text, where=where), where=where)


def _pack(raw: Mapping[str, Any], *, where: str) -> RulePack:
    file = checked(raw, _PackFile, where=where)
    _in_order(file.valid_from, file.valid_to, where)
    if file.limits is not None and file.limits.high_c < file.limits.low_c:
        raise ConfigError(
            f"{where}: limits.high_c: expected no less than low_c, {file.limits.low_c:g}, got "
            f"{file.limits.high_c:g}"
        )
    numbers, provenance = numbers_of(file.numbers, where=where)
    requirements = tuple(_requirement(line, where) for line in file.requirement)
    ids = [requirement.id for requirement in requirements]
    for id_ in ids:
        if ids.count(id_) > 1:
            raise ConfigError(f"{where}: requirement: id {id_!r} stands twice")
    return RulePack(
        id=file.id,
        version=file.version,
        title=file.title,
        source=file.source,
        valid_from=file.valid_from,
        valid_to=file.valid_to,
        numbers=numbers,
        provenance=provenance,
        requirements=requirements,
        limits=file.limits,
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

    Between two versions, and after the last, the last one before it counts: no rule is newer than
    the delivery. A shipment older than every version is judged by the oldest, and one without a
    time by the newest, because some rule has to be named; the result prints which.
    """
    versions = [pack for pack in packs if pack.id == pack_id]
    if not versions:
        known = ", ".join(sorted({pack.id for pack in packs}))
        raise ConfigError(f"rule pack {pack_id!r}: unknown; known: {known}")
    if math.isnan(epoch_s):
        return versions[-1]
    day = china_day(epoch_s)
    begun = [pack for pack in versions if pack.valid_from <= day]
    return begun[-1] if begun else versions[0]


@cache
def day_start_s(day: date) -> float:
    """Start of a China-time day as UTC epoch seconds."""
    return datetime.combine(day, time(), tzinfo=CHINA).timestamp()


def _requirement(raw: Mapping[str, Any], where: str) -> Requirement:
    place = f"{where}: requirement {raw.get('id', '?')}"
    line = checked(raw, Requirement, where=place)
    alone = [question for question in line.questions if question in RECORD_QUESTIONS]
    if alone and len(line.questions) > 1:
        raise ConfigError(
            f"{place}: questions: expected {alone[0]!r} alone, got {list(line.questions)}"
        )
    if (line.asks == "record") != bool(alone):
        expected = "record" if alone else "telemetry"
        raise ConfigError(f"{place}: asks: expected {expected!r} here, got {line.asks!r}")
    for key in ("on_shortfall", "on_absence"):
        if (getattr(line, key) is not None) != (line.asks == "record"):
            said = "one of a record line" if line.asks == "record" else "none of a telemetry line"
            raise ConfigError(f"{place}: {key}: expected {said}, got {getattr(line, key)!r}")
    if line.article is not None and line.confirmed != "official_text":
        raise ConfigError(
            f"{place}: article: expected none unless confirmed is 'official_text', "
            f"got {line.article.zh!r}"
        )
    for key in ("title", "evidence", "source", "article"):
        told: Text | None = getattr(line, key)
        if told is not None and not (told.zh.strip() and told.en.strip()):
            raise ConfigError(f"{place}: {key}: expected a text in zh and in en, got {told}")
    _in_order(line.valid_from, line.valid_to, place)
    return line


def _in_order(start: date, end: date | None, where: str) -> None:
    if end is not None and end < start:
        raise ConfigError(f"{where}: valid_to: expected no earlier than {start}, got {end}")
