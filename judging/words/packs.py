"""What the lines of a rule pack say of every shipment alike: title, source and settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coldwitness.config.rules import QUESTIONS, Question, Requirement, RulePack
from coldwitness.domain.result import Setting
from coldwitness.domain.text import Text
from coldwitness.judging.words.figures import decimal, duration, number

_SETTINGS: Mapping[Question, tuple[str, ...]] = {
    "range": ("out_of_range_tolerance_s",),
    "storage_on_the_way": ("dwell_limit_s", "dwell_radius_m"),
    "coolant_isolation": ("coolant_coupling_max_per_h",),
    "goods_isolation": ("goods_coupling_max_per_h",),
}
_TAUGHT: Mapping[Question, tuple[str, ...]] = {
    "coolant_isolation": ("fleet_least_trips",),
    "goods_isolation": ("fleet_least_trips",),
}
"""Shown where a limit was learned from other trips: else it has no effect."""
_TOLERANCES = (
    "above_single_tolerance_s",
    "above_total_tolerance_s",
    "below_single_tolerance_s",
    "below_total_tolerance_s",
)
"""Shown where the pack tolerates anything at all."""


@dataclass(frozen=True)
class LineWords:
    """columns : of the line's questions among QUESTIONS. source : the
    rule's. to_check : what to see on site where the record does not decide.
    setting : the bureau's settings the line is judged by, None where there are none;
    setting_taught : those where a limit was learned from other trips."""

    columns: tuple[int, ...]
    source: Text
    to_check: Text
    setting: Setting | None
    setting_taught: Setting | None


_PREPARED: dict[int, tuple[RulePack, Sequence[LineWords]]] = {}
_PREPARED_MAX = 32
"""Packs are few; only tests make more."""


def pack_words(pack: RulePack) -> Sequence[LineWords]:
    """Words of each of the pack's lines, written once a pack."""
    known = _PREPARED.get(id(pack))
    if known is not None and known[0] is pack:
        return known[1]
    words = [
        LineWords(
            columns=tuple(QUESTIONS.index(question) for question in line.questions),
            source=Text(f"依据：{line.source.zh}", f"source: {line.source.en}"),
            to_check=evidence_to_see(line),
            setting=_setting(line, pack, _SETTINGS),
            setting_taught=_setting(line, pack, _SETTINGS, _TAUGHT),
        )
        for line in pack.requirements
    ]
    if len(_PREPARED) >= _PREPARED_MAX:
        _PREPARED.clear()
    _PREPARED[id(pack)] = (pack, words)
    return words


def evidence_to_see(line: Requirement) -> Text:
    """What to see on site where the record does not decide a line."""
    return Text(f"需现场核查：{line.evidence.zh}", f"to be checked on site: {line.evidence.en}")


def _setting(
    requirement: Requirement, pack: RulePack, *tables: Mapping[Question, tuple[str, ...]]
) -> Setting | None:
    """The bureau's settings the line was judged by, shown as settings and not as law."""
    names = [
        name
        for question in requirement.questions
        for table in tables
        for name in table.get(question, ())
    ]
    if not names:
        return None
    if "range" in requirement.questions:
        names += [name for name in _TOLERANCES if getattr(pack.numbers, name) > 0]
        if "above_single_tolerance_s" in names:
            names.append("above_tolerated_up_to_c")
    parts = []
    values: dict[str, float] = {}
    for name in dict.fromkeys(names):
        value = float(getattr(pack.numbers, name))
        values[name] = value
        title = pack.provenance[name].title
        if name.endswith("_s"):
            shown = duration(value)
        elif name.endswith("_per_h"):
            shown = Text(f"{number(value)} /h", f"{number(value)} /h")
        elif name.endswith("_trips"):
            shown = Text(f"{number(value)} 次", f"{number(value)}")
        elif name.endswith("_c"):
            shown = Text(f"{decimal(value)} °C", f"{decimal(value)} °C")
        else:
            shown = Text(f"{number(value)} 米", f"{number(value)} m")
        parts.append(Text(f"{title.zh} {shown.zh}", f"{title.en} {shown.en}"))
    return Setting(
        zh="，".join(part.zh for part in parts) + "（设定，非法规）",
        en=", ".join(part.en for part in parts) + " (setting, not law)",
        values=values,
    )
