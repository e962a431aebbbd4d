"""Every word the report prints, Chinese and English side by side, and how numbers are written.

The report finds clues. It never calls an act illegal or a drug inferior: such words do not
stand here, and a test reads the rendered reports for them.
"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Literal

from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.domain.text import Text
from coldwitness.domain.words import STATUS_EN, STATUS_ZH, Status

Lang = Literal["zh", "en"]
LANGUAGES: tuple[Lang, ...] = ("zh", "en")

STATUS_WORDS = {
    status.name.lower(): Text(STATUS_ZH[status], STATUS_EN[status]) for status in Status
}

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("药品配送冷链核查报告", "Cold-chain compliance report"),
    "shipment": ("运单", "Shipment"),
    "stops": ("停留", "stops"),
    "lid_open_short": ("开箱", "lid"),
    "not_judged": ("窗口外，不评判", "not judged"),
    "span_in": ("范围内", "in range"),
    "span_out": ("超出范围", "out of range"),
    "span_doubtful": ("存疑（误差内）", "doubtful (within error)"),
    "span_unseen": ("未监测到", "unseen"),
    "span_recorded": ("有记录（无限值）", "recorded (no limits)"),
    "minutes_short": ("分钟", "min"),
    "north": ("北", "N"),
    "distance_caption": ("累计里程（按定位点）", "distance along the positions"),
    "role_drug": ("药品", "drug"),
    "role_coolant": ("蓄冷剂", "coolant"),
    "role_ambient": ("箱外环境", "outside air"),
    "role_goods": ("其他货物", "other goods"),
    "drug_space": ("药品舱", "compartment"),
    "declared_yes": ("申报有隔断", "separator declared"),
    "declared_no": ("申报无隔断", "declared without"),
    "declared_unsaid": ("隔断未申报", "separator not stated"),
    "exchange_coolant": ("药品舱 ↔ 蓄冷剂 热交换率", "exchange drug space ↔ coolant"),
    "exchange_goods": ("药品舱 ↔ 其他货物 热交换率", "exchange drug space ↔ goods"),
    "limit": ("限值", "limit"),
    "not_estimated": ("无法估计（激励不足或缺少测点）", "not estimated (too little to go by)"),
    "isolation_isolated": ("隔离有效", "separated"),
    "isolation_missing": ("疑似缺失（待核查）", "suspected missing (to be checked)"),
    "isolation_indeterminate": ("无法判定", "cannot be told"),
    "isolation_not_applicable": ("不适用", "not applicable"),
    "certain": ("确定", "certain"),
    "probable": ("很可能", "probable"),
    "possible": ("可能", "possible"),
    "article_tbc": ("条款待核", "article to be confirmed"),
    "legend_band": ("标示范围", "label range"),
    "legend_trace": ("测量值", "measured"),
    "legend_error": ("测量误差带", "sensor uncertainty"),
    "legend_cone": ("未监测时段内可能的温度", "possible temperature while unseen"),
    "legend_episode": ("超限时段（编号见表）", "episode (number in the table)"),
    "none": ("—", "—"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "open_limit": ("不限", "open"),
    "stop_origin": ("发货点", "origin"),
    "stop_destination": ("收货点", "destination"),
    "stop_allowed": ("登记站点", "registered site"),
    "stop_suspected": ("疑似暂存（待核查）", "suspected storage (to be checked)"),
    "stop_confirmed": ("有佐证，疑似暂存（待核查）", "corroborated storage (to be checked)"),
    "stop_brief": ("短暂停留", "brief stop"),
    "calibration_valid": ("有效期内", "valid"),
    "calibration_expired_state": ("已过期", "expired"),
    "calibration_unknown": ("未申报", "not stated"),
    "set_by_law": ("法规", "law"),
    "set_by_standard": ("标准", "standard"),
    "set_by_bureau": ("本局设定，非法规", "bureau's setting, not law"),
    "set_by_product": ("软件设定", "software setting"),
    "confirmed_official_text": ("原文已核", "official text seen"),
    "confirmed_reproduced": ("转载一致，待核", "reproduced, to be confirmed"),
    "confirmed_draft": ("仅见草案，待核", "draft only, to be confirmed"),
    "confirmed_memory": ("来源待核", "source to be confirmed"),
    "by_manifest": ("运单", "manifest"),
    "by_event": ("交接事件", "custody event"),
    "by_model": ("箱型验证", "box model"),
    "by_setting": ("规则包", "rule pack"),
    "by_readings": ("首末读数", "first and last reading"),
    "by_fleet": ("车队统计", "fleet"),
    "unreviewed": ("未审核", "not reviewed"),
    "reviewed": ("已审核", "reviewed"),
    "review_confirmed": ("认可线索", "clue confirmed"),
    "review_not_confirmed": ("不认可线索", "clue not confirmed"),
    "review_undecided": ("尚不能确定", "undecided"),
}

_EVENTS: dict[str, tuple[str, str]] = {
    "packed": ("装箱", "packed"),
    "picked_up": ("取件", "picked up"),
    "handed_over": ("交接", "handed over"),
    "stored": ("入库存放", "stored"),
    "retrieved": ("出库取出", "retrieved"),
    "arrived": ("到达", "arrived"),
    "delivered": ("签收", "delivered"),
    "refused": ("拒收", "refused"),
    "returned": ("退回", "returned"),
    "opened": ("开箱", "opened"),
    "closed": ("合箱", "closed"),
}


_STORAGE: dict[str, tuple[str, str]] = {
    "refrigerated": ("冷藏", "refrigerated"),
    "cold_place": ("冷处", "cold place"),
    "cool": ("阴凉处", "cool"),
    "room": ("常温", "room"),
    "frozen": ("冷冻", "frozen"),
    "deep_frozen": ("深度冷冻", "deep frozen"),
}


_UNITS: dict[str, tuple[str, str]] = {"s": ("秒", "s"), "trips": ("次", "trips")}


def unit_words(unit: str, lang: Lang) -> str:
    """A rule pack's unit as it is read; most are the same in both languages."""
    zh, en = _UNITS.get(unit, (unit, unit))
    return zh if lang == "zh" else en


def storage_words(name: str, lang: Lang) -> str:
    """The storage class; one that a bureau has added is printed by its own name."""
    zh, en = _STORAGE.get(name, (name, name))
    return zh if lang == "zh" else en


def say(key: str, lang: Lang) -> str:
    """The word for `key`; an unknown key is a mistake of ours and raises KeyError."""
    return _WORDS[key][0 if lang == "zh" else 1]


def say_or_key(key: str, lang: Lang) -> str:
    """As `say`, for words that come from a result; an unknown one is printed as it is."""
    return say(key, lang) if key in _WORDS else key


def both(key: str) -> Text:
    zh, en = _WORDS[key]
    return Text(zh, en)


def finding_words(kind: str, subtype: str) -> Text:
    """Title of a subtype; one that another version of the program named is printed as it is."""
    return _subtype_titles().get((kind, subtype), Text(subtype, subtype))


def kind_words(kind: str) -> Text:
    """Title of a kind, as `finding_words`."""
    return _kind_titles().get(kind, Text(kind, kind))


@cache
def _subtype_titles() -> Mapping[tuple[str, str], Text]:
    return {(kind.kind, kind.subtype): kind.title for kind in finding_kinds()}


@cache
def _kind_titles() -> Mapping[str, Text]:
    return {kind.kind: kind.kind_title for kind in finding_kinds()}


def event_words(name: str) -> Text:
    zh, en = _EVENTS.get(name, (name, name))
    return Text(zh, en)


def tell(text: Text, lang: Lang) -> str:
    return text.zh if lang == "zh" else text.en


def celsius(value: float | None) -> str:
    """`8.04 °C`: one decimal, two where the second is not 0, so a value never looks like a
    limit that it is beyond."""
    return "—" if value is None else f"{decimal(value)} °C"


def decimal(value: float, *, places: int = 2) -> str:
    """At least one and at most `places` decimals, with a true minus sign."""
    text = f"{value:.{places}f}"
    while text.endswith("0") and not text.endswith(".0"):
        text = text[:-1]
    return ("0.0" if text == "-0.0" else text).replace("-", "−")


def quantity(value: float | None, unit: str, *, places: int = 2) -> str:
    if value is None:
        return "—"
    text = f"{value:,.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text.replace("-", "−")
    return f"{text} {unit}".rstrip()


def percent(share: float | None) -> str:
    """One decimal, never rounded up to 100 % or down to 0 %."""
    if share is None:
        return "—"
    value = math.floor(share * 1000.0 + 1e-9) / 10.0 if share < 1.0 else 100.0
    if share > 0.0 and value == 0.0:
        return "< 0.1 %"
    return f"{value:.1f} %"


def duration(seconds: float | None, lang: Lang) -> str:
    """`1 小时 02 分 05 秒` / `1 h 02 min 05 s`; whole seconds."""
    if seconds is None:
        return "—"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    h, m, s = ("小时", "分", "秒") if lang == "zh" else ("h", "min", "s")
    if hours:
        return f"{hours} {h} {minutes:02d} {m}" + (f" {secs:02d} {s}" if secs else "")
    if minutes:
        return f"{minutes} {m}" + (f" {secs:02d} {s}" if secs else "")
    return f"{secs} {s}"


def role_words(probe: str, lang: Lang) -> str:
    """`drug.2` -> `药品 2`; other names as they are."""
    role, _, count = probe.partition(".")
    known = say_or_key(f"role_{role}", lang)
    if known == f"role_{role}":
        return probe
    return f"{known} {count}" if count else known
