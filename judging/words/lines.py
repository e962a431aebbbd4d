"""What a requirement line rests on, in words: what was seen, and what lacks."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from coldwitness.analysis.isolation.isolation_judgement import IsolationReason
from coldwitness.analysis.judge import Judgement
from coldwitness.analysis.stops.stop_judgement import StorageReason
from coldwitness.analysis.terms import Terms
from coldwitness.config.rules import Question, RulePack, day_start_s
from coldwitness.domain.baseline import FleetBaseline, FleetZone
from coldwitness.domain.text import Text
from coldwitness.domain.words import Status
from coldwitness.judging.words.figures import number
from coldwitness.judging.words.packs import pack_words
from coldwitness.judging.words.record import record_basis

_STATUS: Mapping[Question, Mapping[int, Text]] = {
    "range": {
        Status.BREACH: Text("读数超出范围且超过测量误差", "readings out of range beyond error"),
        Status.INSUFFICIENT_EVIDENCE: Text(
            "现有记录不能确定温度是否一直在范围内",
            "the record does not show whether the range was kept all the way",
        ),
        Status.COMPLIANT: Text(
            "监管时段内的读数均在范围内，未见时间按变温速率不会超出",
            "readings of the custody time are in range, and unseen time could not leave it",
        ),
    },
    "recording": {
        Status.INSUFFICIENT_EVIDENCE: Text(
            "记录缺失、不完整，或监管起止时间不明",
            "the record is missing or incomplete, or the custody times are not known",
        ),
        Status.COMPLIANT: Text("全程有温度记录", "temperature was recorded all the way"),
    },
    "intervals": {
        Status.INSUFFICIENT_EVIDENCE: Text(
            "有超过规定间隔的空白", "there are steps longer than the demanded interval"
        ),
        Status.COMPLIANT: Text("记录间隔符合规定", "recording intervals are as demanded"),
    },
    "integrity": {
        Status.INSUFFICIENT_EVIDENCE: Text(
            "数据完整性存疑或没有数据", "the data are in doubt or absent"
        ),
        Status.COMPLIANT: Text("未见改动或缺号", "no sign of edits or missing numbers"),
    },
    "calibration": {
        Status.INSUFFICIENT_EVIDENCE: Text(
            "没有在配送期间有效的校准日期", "no calibration date valid for the delivery"
        ),
        Status.COMPLIANT: Text("校准在有效期内", "calibration was valid"),
    },
    "storage_on_the_way": {
        Status.BREACH: Text("有旁证的疑似暂存", "corroborated, suspected temporary storage"),
        Status.SUSPECTED: Text("疑似暂存", "suspected temporary storage"),
        Status.INSUFFICIENT_EVIDENCE: Text(
            "定位不足以排除途中停留", "positions do not rule out a stop on the way"
        ),
        Status.COMPLIANT: Text("未见超过设定的停留", "no stop longer than the setting"),
    },
    "coolant_isolation": {
        Status.BREACH: Text("运单本身显示未隔离", "the manifest itself shows no isolation"),
        Status.SUSPECTED: Text(
            "热交换显示疑似与蓄冷剂未隔离", "heat exchange suggests contact with the coolant"
        ),
        Status.INSUFFICIENT_EVIDENCE: Text(
            "无法判断是否与蓄冷剂隔离", "isolation from the coolant cannot be judged"
        ),
        Status.COMPLIANT: Text("与蓄冷剂的隔离未见问题", "isolation from the coolant: no issue"),
    },
    "goods_isolation": {
        Status.BREACH: Text("运单本身显示未隔离", "the manifest itself shows no isolation"),
        Status.SUSPECTED: Text(
            "热交换显示疑似与其他货物未隔断", "heat exchange suggests contact with other goods"
        ),
        Status.INSUFFICIENT_EVIDENCE: Text(
            "无法判断是否与其他货物隔断", "isolation from other goods cannot be judged"
        ),
        Status.COMPLIANT: Text("与其他货物的隔断未见问题", "isolation from goods: no issue"),
    },
}
_ISOLATION: Mapping[int, Text] = {
    IsolationReason.WITHIN_LIMIT: Text(
        "热交换速率的 95% 区间在合格箱上限之内",
        "the 95 % interval of the heat exchange lies within the qualified limit",
    ),
    IsolationReason.ABOVE_LIMIT: Text(
        "热交换速率的 95% 区间高于合格箱上限",
        "the 95 % interval of the heat exchange lies above the qualified limit",
    ),
    IsolationReason.DECLARED_ABSENT: Text("以运单所载为据", "by what the manifest itself declares"),
    IsolationReason.INTERVAL_SPANS_LIMIT: Text(
        "热交换速率的区间跨越上限，不能判断", "the interval of the heat exchange spans the limit"
    ),
    IsolationReason.TOO_LITTLE_EXCITATION: Text(
        "各处温度变化太小，不能由热交换判断", "temperatures varied too little to infer by heat"
    ),
    IsolationReason.NO_DRUG_PROBE: Text("没有药品探头读数", "there are no drug probe readings"),
    IsolationReason.NO_ZONE_PROBE: Text(
        "没有该处（蓄冷剂或其他货物）的探头读数", "there is no probe at the coolant or the goods"
    ),
    IsolationReason.NO_AMBIENT_PROBE: Text("没有环境探头读数", "there is no ambient probe"),
    IsolationReason.TOO_FEW_READINGS: Text("读数太少", "there are too few readings"),
    IsolationReason.PROBES_SWAPPED: Text("探头疑似接反", "the probes seem to be swapped"),
    IsolationReason.MODEL_MISFIT: Text(
        "曲线不符合热交换模型，不能判断", "the curves do not follow the exchange equation"
    ),
    IsolationReason.PARTS_DISAGREE: Text(
        "行程前后两段的结果不一致", "the two halves of the trip disagree"
    ),
    IsolationReason.ACTIVE_COOLING: Text(
        "主动制冷箱无蓄冷剂，不适用", "an actively cooled box has no coolant: not applicable"
    ),
    IsolationReason.NO_GOODS: Text(
        "运单未载其他货物，不适用", "the manifest carries no other goods: not applicable"
    ),
}
_HELD = (
    int(IsolationReason.WITHIN_LIMIT),
    int(IsolationReason.ABOVE_LIMIT),
    int(IsolationReason.INTERVAL_SPANS_LIMIT),
)
"""Reasons that speak of the limit."""
_ON_RECORD = Text(
    "以运单申报的隔离件为据（书面），测温未能证实也未见反证",
    "on the record: the manifest declares the isolating part; the temperatures neither prove nor "
    "contradict it",
)
_STORAGE: Mapping[int, Text] = {
    StorageReason.STAY_OUTSIDE_KNOWN_CUSTODY: Text(
        "有一次较长停留，但监管起止时间不明，不能确定药品当时在箱内",
        "there is a long stay, but the custody times do not show that the drug was in the box",
    ),
    StorageReason.STOP_POSSIBLE: Text(
        "停留延伸到无定位的时间，或定位太粗，可能有更长的停留",
        "a stay reaches into time without positions, or positions are too coarse: it may have "
        "been longer",
    ),
    StorageReason.GAP_COULD_HIDE: Text(
        "无定位的时间里可能有超过设定的停留", "a stop over the setting may hide in a position gap"
    ),
    StorageReason.NO_POSITIONS: Text("没有定位数据", "there are no positions"),
    StorageReason.NO_CUSTODY_WINDOW: Text("监管起止时间不明", "the custody times are not known"),
}
_NOT_APPLICABLE = Text("该要求在配送当日尚未施行或已失效", "not in force on the day")
_OLDER = Text(
    "配送早于本规则包，按其全部要求衡量",
    "the delivery is older than this rule pack and is held against all of its lines",
)

_TOLERATED = Text(
    "超出范围的时间（含未见时间可能超出的）在规则容许的时间内",
    "the time out of range, unseen time considered, keeps within what the rules tolerate",
)
_CUSTODY_UNKNOWN = Text(
    "监管起止时间不全（缺装箱/发出或签收事件及运单时间）",
    "custody start or end is not known (no event, no time in the manifest)",
)
_LIMITS_UNKNOWN = Text(
    "储存条件未知：缺运单", "storage condition not known: the manifest is missing"
)
_STORAGE_ASSUMED = Text(
    "储存条件为假定，非运单所载", "the storage class is assumed, not from a manifest"
)
_DELETION_HIDDEN = Text(
    "记录没有序号和记录间隔，不能显示被删的读数",
    "without sequence numbers and recording interval the record cannot show a deleted reading",
)
_NO_CALIBRATION = Text("未提供校准有效期", "no calibration date was given")


def bases(
    pack: RulePack, judgement: Judgement, terms: Terms, shipment: int, findings: slice
) -> list[Text]:
    """What the status of each of the pack's lines rests on for one shipment, then the rule's own
    source. findings : rows of the judgement's findings that are the shipment's."""
    by_question: dict[Question, list[Text]] = {}

    def said(question: Question) -> list[Text]:
        if question not in by_question:
            by_question[question] = _question_basis(question, judgement, terms, shipment, findings)
        return by_question[question]

    older = [_OLDER] if judgement.window.start_s[shipment] < day_start_s(pack.valid_from) else []
    in_force = judgement.in_force[shipment].tolist()
    told = []
    for requirement, words, holds in zip(
        pack.requirements, pack_words(pack), in_force, strict=True
    ):
        alone = requirement.questions[0]
        if not holds:
            parts = [_NOT_APPLICABLE]
        elif alone in judgement.record:
            parts = record_basis(judgement.record[alone], shipment, to_check=words.to_check)
        elif len(requirement.questions) == 1:
            parts = said(alone)
        else:
            parts = [part for question in requirement.questions for part in said(question)]
        told.append(_sentence((*parts, *older, words.source)))
    return told


@lru_cache(maxsize=4096)
def _sentence(parts: tuple[Text, ...]) -> Text:
    """Parts as one sentence in either language; the lines of a fleet are made of few."""
    zh, en = "；".join(part.zh for part in parts), "; ".join(part.en for part in parts)
    return Text(zh + "。", en + ".")


def _question_basis(
    question: Question, judgement: Judgement, terms: Terms, shipment: int, findings: slice
) -> list[Text]:
    status = int(judgement.status_of(question)[shipment])
    parts = [_STATUS[question][status]] if status in _STATUS[question] else []
    if question in ("coolant_isolation", "goods_isolation"):
        isolation = judgement.isolation
        facet = isolation.coolant if question == "coolant_isolation" else isolation.goods
        zone: FleetZone = "coolant" if question == "coolant_isolation" else "goods"
        reason = int(facet.reason[shipment])
        taught = terms.baselines.get(shipment, {}).get(zone)
        return [
            *parts,
            _ON_RECORD if facet.on_record[shipment] else _ISOLATION[reason],
            *([] if taught is None or reason not in _HELD else [_taught(taught)]),
        ]
    if question == "storage_on_the_way":
        reason = int(judgement.stops.reason[shipment])
        return [*parts, *([_STORAGE[reason]] if reason in _STORAGE else [])]
    if question == "range" and status == Status.COMPLIANT and _tolerates(judgement, findings):
        parts = [_TOLERATED]
    window = judgement.window
    known = window.start_known[shipment] and window.end_known[shipment]
    if question in ("range", "recording") and not known:
        parts.append(_CUSTODY_UNKNOWN)
    if question == "range" and not terms.limits_known[shipment]:
        parts.append(_LIMITS_UNKNOWN)
    if question == "range" and terms.storage_assumed[shipment]:
        parts.append(_STORAGE_ASSUMED)
    if question == "integrity" and not judgement.deletion_shows[shipment]:
        parts.append(_DELETION_HIDDEN)
    if question == "calibration" and np.isnan(terms.calibrated_until_s[shipment]):
        parts.append(_NO_CALIBRATION)
    return parts


def _taught(baseline: FleetBaseline) -> Text:
    limit, typical = number(baseline.limit_per_h), number(baseline.typical_per_h)
    return Text(
        f"上限 {limit}/h 由同型号箱 {baseline.model} 的 {baseline.trips} 次未发现问题的配送学得"
        f"（中位数 {typical}/h），非验证报告所载",
        f"the limit of {limit} per hour was learned from {baseline.trips} compliant deliveries in "
        f"boxes of model {baseline.model} (median {typical} per hour), not from a qualification",
    )


def _tolerates(judgement: Judgement, findings: slice) -> bool:
    """Whether something was, or unseen could have been, out of range for a tolerated time."""
    measures = judgement.findings.measures
    return any(
        bool((measures[name][findings] == 1).any())
        for name in ("tolerated", "could_leave_range")
        if name in measures
    )
