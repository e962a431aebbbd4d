"""What a finding says to its reader: Chinese first, English second, never an accusation."""

from collections.abc import Callable, Mapping
from typing import Any

from coldwitness.domain.text import Text
from coldwitness.domain.words import Certainty, FindingType

Measures = Mapping[str, Any]


def explanation(type_: FindingType, certainty: Certainty, measures: Measures) -> Text:
    """One or two sentences: what was seen, how far, how long; 待核查 where it accuses."""
    return _EXPLAIN[type_](certainty, measures)


def number(value: float | None, digits: int = 2) -> str:
    """A number as it is read: no trailing zeros, no sign before a zero (the canonical JSON of a
    report keeps none, and words made again from it have to be the same); a dash where there is
    none."""
    if value is None:
        return "—"
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def duration(seconds: float | None) -> Text:
    """Seconds below two minutes, minutes below three hours, hours above."""
    if seconds is None:
        return Text("时长未知", "unknown length")
    if seconds < 120:
        return Text(f"{number(seconds, 0)} 秒", f"{number(seconds, 0)} s")
    if seconds < 10800:
        return Text(f"{number(seconds / 60, 1)} 分钟", f"{number(seconds / 60, 1)} min")
    return Text(f"{number(seconds / 3600, 1)} 小时", f"{number(seconds / 3600, 1)} h")


def _beyond(certainty: Certainty, m: Measures, *, zh: tuple[str, str], en: tuple[str, str]) -> Text:
    probe, limit, peak = m.get("probe") or "drug", number(m["limit_c"]), number(m["peak_c"])
    length, u = duration(m["duration_s"]), number(m["uncertainty_c"])
    sure = certainty == Certainty.CERTAIN
    zh_sure = f"超出测量误差 ±{u} °C" if sure else f"未超出测量误差 ±{u} °C，不能确定"
    en_sure = "beyond" if sure else "not beyond"
    tolerated = m.get("tolerated")
    zh_end = "在规则容许的时间内。" if tolerated else "疑似脱离冷链，待核查。"
    en_end = (
        "Within the time that the rules tolerate."
        if tolerated
        else "Suspected cold-chain break, to be checked."
    )
    return Text(
        f"探头 {probe} {zh[0]} {limit} °C，{zh[1]} {peak} °C，已知时间内约 {length.zh}；"
        f"{zh_sure}。{zh_end}",
        f"Probe {probe} {en[0]} {limit} °C, {en[1]} {peak} °C, for about {length.en} of known "
        f"time; {en_sure} the measuring error of ±{u} °C. {en_end}",
    )


def _above(certainty: Certainty, m: Measures) -> Text:
    return _beyond(
        certainty, m, zh=("高于上限", "最高"), en=("was above the upper limit of", "highest")
    )


def _below(certainty: Certainty, m: Measures) -> Text:
    return _beyond(
        certainty, m, zh=("低于下限", "最低"), en=("was below the lower limit of", "lowest")
    )


def _frozen(certainty: Certainty, m: Measures) -> Text:
    return _beyond(
        certainty,
        m,
        zh=("达到或低于怕冻药品的冻结温度", "最低"),
        en=("was at or below the freezing temperature of", "lowest"),
    )


def _budget(certainty: Certainty, m: Measures) -> Text:
    sure = certainty == Certainty.CERTAIN
    zh_sure = "按最少计算仍超出" if sure else "可能超出，不能确定"
    en_sure = "exceeded even by the least count" if sure else "possibly exceeded, not certain"
    band = f"{number(m['above_c'])}–{number(m['up_to_c'])} °C"
    return Text(
        f"药品“{m.get('item') or '—'}”在 {band} 的累计时间约 {number(m['used_min'], 1)} 分钟"
        f"（{number(m['used_least_min'], 1)}–{number(m['used_most_min'], 1)}），"
        f"生产企业允许 {number(m['allowed_min'], 1)} 分钟；{zh_sure}，待核查。",
        f"Item “{m.get('item') or '—'}” spent about {number(m['used_min'], 1)} min "
        f"({number(m['used_least_min'], 1)}–{number(m['used_most_min'], 1)}) at {band}; its "
        f"maker allows {number(m['allowed_min'], 1)} min: {en_sure}, to be checked.",
    )


def _storage(certainty: Certainty, m: Measures) -> Text:
    length, limit = duration(m.get("dwell_s")), duration(m.get("limit_s"))
    signs = m.get("signs") or []
    zh_signs = "、".join(_SIGN_ZH.get(sign, sign) for sign in signs) or "无其他旁证"
    en_signs = ", ".join(_SIGN_EN.get(sign, sign) for sign in signs) or "no other sign"
    zh_kind = "有旁证的疑似暂存" if certainty == Certainty.CERTAIN else "疑似暂存"
    return Text(
        f"在起点、终点和允许场所之外停留 {length.zh}（设定 {limit.zh}）；旁证：{zh_signs}。"
        f"{zh_kind}，待核查。",
        f"Stayed {length.en} away from origin, destination and allowed sites (setting "
        f"{limit.en}); signs: {en_signs}. Suspected temporary storage, to be checked.",
    )


_SIGN_ZH = {
    "stored_event": "有入库登记",
    "not_moving": "记录仪静止",
    "lid_opened": "箱盖打开",
    "ambient_step": "环境温度阶跃并持续",
}
_SIGN_EN = {
    "stored_event": "a 'stored' event",
    "not_moving": "logger at rest",
    "lid_opened": "lid opened",
    "ambient_step": "lasting ambient step",
}


_LIMIT_OF: Mapping[str, Text] = {
    "manifest": Text("合格箱上限", "the box's qualified limit"),
    "model": Text("合格箱上限", "the box's qualified limit"),
    "fleet": Text("同型号箱学得的上限", "the limit learned from boxes of this model"),
    "setting": Text("设定的上限", "the limit that is set"),
}


def _contact(zone_zh: str, zone_en: str) -> Callable[[Certainty, Measures], Text]:
    def words(certainty: Certainty, m: Measures) -> Text:
        del certainty
        low, high = (m.get("interval_95") or [None, None])[:2]
        k, limit = number(m.get("coupling_per_h")), number(m.get("limit_per_h"))
        whose = _LIMIT_OF.get(str(m.get("limit_source")), _LIMIT_OF["manifest"])
        return Text(
            f"药品温度随{zone_zh}变化的速率为 {k} /h（95% 区间 {number(low)}–{number(high)}），"
            f"高于{whose.zh} {limit} /h；由热交换推断，疑似缺少隔离，待核查。",
            f"The drug follows the {zone_en} at {k} /h (95 % interval {number(low)}–"
            f"{number(high)}), above {whose.en} of {limit} /h; inferred from heat "
            "exchange, isolation suspected missing, to be checked.",
        )

    return words


def _declared(certainty: Certainty, m: Measures) -> Text:
    del certainty
    lines = m.get("lines") or m.get("items") or "—"
    shown = "、".join(map(str, lines)) if isinstance(lines, list | tuple) else str(lines)
    return Text(
        f"运单本身显示未隔离：{shown}。疑似未做物理隔离，待核查。",
        f"The manifest itself shows no isolation: {shown}. To be checked.",
    )


def _gap(zh: str, en: str) -> Callable[[Certainty, Measures], Text]:
    def words(certainty: Certainty, m: Measures) -> Text:
        del certainty
        length, gaps = duration(m.get("length_s")), m.get("gaps")
        leaves = m.get("could_leave_range")
        zh_range = "期间温度可能超出范围" if leaves else "按箱体变温速率，期间温度不会超出范围"
        en_range = (
            "the range could have been left unseen"
            if leaves
            else "by how fast this box can change, the range was not left"
        )
        if m.get("permitted_s") is not None and not leaves and gaps:
            allowed = duration(m["permitted_s"])
            return Text(
                f"{int(gaps)} 处记录间隔超过 {allowed.zh}，最长 {length.zh}；{zh_range}。",
                f"{int(gaps)} recording step(s) longer than {allowed.en}, the longest "
                f"{length.en}; {en_range}.",
            )
        return Text(f"{zh} {length.zh}；{zh_range}。", f"{en} {length.en}; {en_range}.")

    return words


def _no_position(certainty: Certainty, m: Measures) -> Text:
    del certainty
    length, hidden = duration(m.get("length_s")), duration(m.get("hidden_stop_max_s"))
    return Text(
        f"缺少定位 {length.zh}；其中最长可容下一次 {hidden.zh} 的停留。",
        f"No position for {length.en}; a stop of up to {hidden.en} would fit in.",
    )


def _calibration(certainty: Certainty, m: Measures) -> Text:
    del certainty, m
    return Text(
        "记录仪校准在配送期间已过有效期；读数保留，但其误差未经证明。",
        "The logger's calibration had run out during the delivery; its readings are kept, their "
        "error is not vouched for.",
    )


def _sequence(certainty: Certainty, m: Measures) -> Text:
    del certainty
    missing, repeated, resets = (int(m.get(k) or 0) for k in ("missing", "repeated", "resets"))
    if not missing and not repeated:
        return Text(
            f"记录仪序号重新计数 {resets} 次（允许），未见缺号。",
            f"The logger's count started again {resets} time(s) (allowed); no number is missing.",
        )
    return Text(
        f"记录仪序号缺 {missing} 个、重复 {repeated} 个、重新计数 {resets} 次；记录不连续。",
        f"In the logger's count {missing} number(s) are missing, {repeated} repeated, and it "
        f"started again {resets} time(s); the record is not continuous.",
    )


def _clock(certainty: Certainty, m: Measures) -> Text:
    del certainty
    cause = m.get("cause")
    if cause == "event_mismatch":
        off = duration(m.get("event_mismatch_s"))
        return Text(
            f"交接事件与运单时间相差 {off.zh}。",
            f"Custody events and the manifest's times differ by {off.en}.",
        )
    if cause == "ahead_of_receipt":
        off = duration(m.get("ahead_max_s"))
        return Text(
            f"{int(m.get('readings') or 0)} 条读数的时间晚于其接收时间，最多 {off.zh}。",
            f"{int(m.get('readings') or 0)} reading(s) carry a time after their receipt, by up "
            f"to {off.en}.",
        )
    if cause == "behind_receipt":
        off = duration(m.get("behind_s"))
        return Text(
            f"{int(m.get('readings') or 0)} 条读数实时到达，其时间却落后于接收时间约 {off.zh}；"
            "记录仪时钟可能偏慢或被调动。",
            f"{int(m.get('readings') or 0)} reading(s) arrived live, yet carry a time about "
            f"{off.en} before their receipt; the logger's clock may be behind or have been moved.",
        )
    return Text(
        "记录仪序号递增而时间倒退；其时钟曾被调动。",
        "The logger's count goes on while its time falls back: its clock was moved.",
    )


def _stuck(certainty: Certainty, m: Measures) -> Text:
    del certainty
    length = duration(m.get("duration_s"))
    return Text(
        f"探头 {m.get('probe') or 'drug'} 连续 {int(m.get('readings') or 0)} 个读数"
        f"（{length.zh}）完全相同，而其余时间读数持续波动；传感器可能卡滞。",
        f"Probe {m.get('probe') or 'drug'} gave {int(m.get('readings') or 0)} equal readings in a "
        f"row ({length.en}) though it varies all the rest of the time; it may be stuck.",
    )


def _copied(certainty: Certainty, m: Measures) -> Text:
    del certainty
    other, share = m.get("other_shipment") or "—", number(100 * (m.get("share") or 0), 1)
    return Text(
        f"{int(m.get('readings') or 0)} 个读数的逐点变化与运单 {other} 的记录一致（{share}%），"
        "温度曲线可能为复制，待核查。",
        f"The step-by-step changes of {int(m.get('readings') or 0)} readings equal those of "
        f"shipment {other} ({share} %); the curve may be a copy, to be checked.",
    )


def _conflict(certainty: Certainty, m: Measures) -> Text:
    del certainty
    return Text(
        f"同一记录仪在 {int(m.get('instants') or 0)} 个时刻给出了不同的值"
        f"（最大相差 {number(m.get('difference_max_c'))} °C）；两者均保留，取舍未定。",
        f"One logger gave different values for {int(m.get('instants') or 0)} instant(s) (by up to "
        f"{number(m.get('difference_max_c'))} °C); both are kept, which is true is open.",
    )


def _late(certainty: Certainty, m: Measures) -> Text:
    del certainty
    delay = duration(m.get("delay_max_s"))
    return Text(
        f"{int(m.get('readings') or 0)} 条读数在测量后很久才收到，最长 {delay.zh}。",
        f"{int(m.get('readings') or 0)} reading(s) were received long after measuring, up to "
        f"{delay.en}.",
    )


def _off_grid(certainty: Certainty, m: Measures) -> Text:
    del certainty
    off, of, grid = int(m.get("off_grid") or 0), int(m.get("readings") or 0), m.get("grid_c")
    shown = ", ".join(number(value, 4) for value in m.get("values_c") or ())
    probe = m.get("probe") or "drug"
    return Text(
        f"探头 {probe} 的读数以 {number(grid, 6)} °C 为步进，{of} 个读数中却有 {off} 个不在步进上"
        f"（如 {shown}）；这些值可能经过修改、平均或换算，待核查。",
        f"The readings of probe {probe} keep steps of {number(grid, 6)} °C, yet {off} of {of} lie "
        f"between them (such as {shown}); these may have been edited, averaged or converted, to "
        "be checked.",
    )


def _below_noise(certainty: Certainty, m: Measures) -> Text:
    del certainty
    length, probe = duration(m.get("duration_s")), m.get("probe") or "drug"
    here, beside = number(m.get("scatter_c"), 3), number(m.get("scatter_beside_c"), 3)
    return Text(
        f"探头 {probe} 的 {int(m.get('readings') or 0)} 个读数（{length.zh}）波动约 {here} °C，"
        f"而前后均约 {beside} °C；该段曲线可能经过平滑、插值或绘制，待核查。",
        f"{int(m.get('readings') or 0)} readings of probe {probe} ({length.en}) scatter by about "
        f"{here} °C, those before and after by {beside} °C; the curve may have been smoothed, "
        "interpolated or drawn there, to be checked.",
    )


_EXPLAIN: Mapping[FindingType, Callable[[Certainty, Measures], Text]] = {
    FindingType.ABOVE_RANGE: _above,
    FindingType.BELOW_RANGE: _below,
    FindingType.FROZEN: _frozen,
    FindingType.BUDGET_EXCEEDED: _budget,
    FindingType.STORAGE_SUSPECTED: _storage,
    FindingType.STORAGE_CONFIRMED: _storage,
    FindingType.COOLANT_CONTACT: _contact("蓄冷剂", "coolant"),
    FindingType.GOODS_CONTACT: _contact("其他货物", "other goods"),
    FindingType.ISOLATION_DECLARED: _declared,
    FindingType.NO_READINGS: _gap("无温度记录", "No temperature recorded for"),
    FindingType.PROBE_MISSING: _gap(
        "记录仪在工作但药品探头无读数", "The logger was alive but its drug probe silent for"
    ),
    FindingType.LATE_START: _gap(
        "交接后才开始记录，晚了", "Recording began after custody did, late by"
    ),
    FindingType.EARLY_END: _gap("交付前即停止记录，早了", "Recording ended before delivery, by"),
    FindingType.NO_POSITION: _no_position,
    FindingType.CALIBRATION_EXPIRED: _calibration,
    FindingType.SEQUENCE: _sequence,
    FindingType.CLOCK: _clock,
    FindingType.STUCK: _stuck,
    FindingType.COPIED: _copied,
    FindingType.DUPLICATE_CONFLICT: _conflict,
    FindingType.LATE_IMPORT: _late,
    FindingType.OFF_GRID: _off_grid,
    FindingType.BELOW_NOISE: _below_noise,
}
