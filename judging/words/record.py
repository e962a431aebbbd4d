"""The words of lines that state a fact of the record and ask for a look on site."""

from collections.abc import Callable, Mapping

from coldwitness.analysis.verdict.record_reasons import RecordReason, RecordState
from coldwitness.config.labels import labels
from coldwitness.domain.text import Text
from coldwitness.judging.words.figures import duration, number

_Words = Callable[[float], Text]


def record_basis(
    reason: int, state: int, amount: float, *, to_check: Text | None
) -> tuple[Text, ...]:
    """The fact of a RecordLine; that the company alone says so, where it does; and where the
    record does not show what is asked, `to_check`: by what evidence it is checked on site."""
    said = _WORDS[reason]
    fact = said(amount) if callable(said) else said
    if reason in _OF_OFFICE:
        fact = Text(f"{fact.zh}（{_ENTERED_HERE.zh}）", f"{fact.en} ({_ENTERED_HERE.en})")
    if state == RecordState.STATED:
        return (fact, _ON_ITS_WORD)
    unproved = state in (RecordState.ABSENT, RecordState.SHORTFALL)
    return (fact, to_check) if unproved and to_check is not None else (fact,)


_ENTERED_HERE = labels("results")["also"]["entered_here"]
_OF_OFFICE = (
    RecordReason.CALIBRATION_REGISTERED,
    RecordReason.WITHIN_REGISTERED_HOLD_TIME,
    RecordReason.BOX_REGISTERED,
    RecordReason.AGREEMENT_REGISTERED,
)
_ON_ITS_WORD = Text(
    "以企业书面申报为据，未经登记或核验证实",
    "on the company's own word; no register and no look confirms it",
)


def _silent(zh: str, en: str) -> Text:
    return Text(
        f"本记录不含此项数据（{zh}）",
        f"the record holds nothing on this ({en})",
    )


def _lasting(zh: str, en: str) -> _Words:
    """Words with a duration at {}, of seconds."""

    def said(amount: float) -> Text:
        lasted = duration(amount)
        return Text(zh.format(lasted.zh), en.format(lasted.en))

    return said


def _packed_out(amount: float) -> Text:
    return Text(
        f"装箱时首个读数 {number(amount)} °C，不在标示范围内",
        f"the first reading at packing was {number(amount)} °C, outside the label range",
    )


def _packed_perhaps(amount: float) -> Text:
    return Text(
        f"装箱时首个读数 {number(amount)} °C 不在标示范围内，但在误差内或随即回到范围内",
        f"the first reading at packing, {number(amount)} °C, was outside the label range, but "
        "within the sensor's error or soon followed by one inside",
    )


def _sent_live(amount: float) -> Text:
    lasted = duration(max(amount, 0.0))
    return Text(
        f"读数均在设定时间内上传，最长滞后 {lasted.zh}；报警处置情况本记录不含",
        f"every reading was received within the set time, the slowest after {lasted.en}; what was "
        "done about alarms is not in the record",
    )


def _stated(amount: float) -> Text:
    return Text(
        f"运单所载误差 ±{number(amount)} °C，在允许误差内",
        f"the manifest states an error of ±{number(amount)} °C, within the permissible one",
    )


def _less_accurate(amount: float) -> Text:
    return Text(
        f"运单所载误差 ±{number(amount)} °C，大于允许误差；判定已按此误差计算",
        f"the manifest states an error of ±{number(amount)} °C, more than is permissible; the "
        "record was judged with that error",
    )


_WORDS: Mapping[int, Text | _Words] = {
    RecordReason.EVENTS_IN_ORDER: Text(
        "装箱、取件和签收等事件齐全、有序", "packing, pick-up and sign-off are recorded in order"
    ),
    RecordReason.IN_TIME: Text("在时限内签收", "signed for within the time limit"),
    RecordReason.WITHIN_HOLD_TIME: Text(
        "在箱时间未超过验证的保温时长", "the time in the box is within the validated hold time"
    ),
    RecordReason.BOX_ON_RECORD: Text(
        "箱型已登记或运单载有验证参数",
        "the box model is registered, or the manifest gives its qualification",
    ),
    RecordReason.LID_STAYED_CLOSED: Text(
        "开箱传感器覆盖全程，未见途中开箱；封签编号本记录不含",
        "the lid sensor covers the way and shows no opening on it; seal numbers are not in the "
        "record",
    ),
    RecordReason.PACKED_IN_RANGE: Text(
        "装箱时首个读数在标示范围内", "the first reading at packing is in the label range"
    ),
    RecordReason.SENT_LIVE: _sent_live,
    RecordReason.ACCURATE_ENOUGH: _stated,
    RecordReason.EVENTS_SO_FAR: Text(
        "在途，装箱等事件至今齐全、有序，签收尚未到期",
        "on its way: packing and what followed are recorded in order, sign-off is not yet due",
    ),
    RecordReason.NOT_YET_DUE: Text(
        "在途，尚未到送达时限", "on its way, and its time limit is not reached"
    ),
    RecordReason.NOT_BEGUN: Text(
        "尚未发出，此项尚不适用", "not yet on its way: nothing of this is due"
    ),
    RecordReason.OVERDUE: _lasting(
        "已超过送达时限 {}，尚未签收", "{} past its time limit and not yet signed for"
    ),
    RecordReason.PLANNED_WITHIN_HOLD_TIME: Text(
        "计划配送时长未超过验证的保温时长", "the planned time is within the validated hold time"
    ),
    RecordReason.PLANNED_BEYOND_HOLD_TIME: _lasting(
        "计划配送时长比验证的保温时长多 {}",
        "the planned time exceeds the validated hold time by {}",
    ),
    RecordReason.NO_PLANNED_TIME: _silent(
        "运单未载计划配送时长", "the manifest names no planned time"
    ),
    RecordReason.NOT_LISTED: Text(
        "运单所列药品名称未见网络销售禁止清单所列",
        "no drug that the manifest names is in the list of those banned from online sale",
    ),
    RecordReason.SOLD_OFFLINE: Text(
        "运单载明非网络销售，不适用",
        "the manifest says that it was not sold online: not applicable",
    ),
    RecordReason.DRUGS_NOT_NAMED: _silent(
        "运单未载全部药品名称", "the manifest does not name every drug"
    ),
    RecordReason.LISTED: Text(
        "运单所列药品的名称或剂型疑似属于网络销售禁止清单",
        "name or dosage form of a drug in the manifest suggest the list of those banned from "
        "online sale",
    ),
    RecordReason.NO_EVENTS: _silent("没有交接事件", "there are no custody events"),
    RecordReason.EVENTS_MISSING: Text(
        "装箱、取件、签收事件不全", "packing, pick-up or sign-off is not among the events"
    ),
    RecordReason.EVENTS_OUT_OF_ORDER: Text(
        "交接事件的先后次序不合", "the custody events are not in order"
    ),
    RecordReason.NO_TIME_LIMIT: _silent("运单未载送达时限", "the manifest names no time limit"),
    RecordReason.LATE: _lasting("签收比时限晚 {}", "signed for {} after the time limit"),
    RecordReason.NO_HOLD_TIME: _silent("没有验证的保温时长", "no validated hold time is on record"),
    RecordReason.LONGER_THAN_HOLD_TIME: _lasting(
        "在箱时间比验证的保温时长多 {}", "the time in the box exceeds the validated hold time by {}"
    ),
    RecordReason.CUSTODY_UNKNOWN: _silent("监测起止时间不明", "the custody times are not known"),
    RecordReason.NO_BOX_NAMED: _silent("运单未载箱型", "the manifest names no box model"),
    RecordReason.BOX_NOT_ON_RECORD: Text(
        "运单所载箱型未登记，也没有验证参数",
        "the box model of the manifest is not registered, and no qualification is given",
    ),
    RecordReason.NO_LID_RECORD: _silent(
        "没有开箱传感器数据，也没有封签编号", "there is no lid sensor and no seal number"
    ),
    RecordReason.LID_PARTLY_SEEN: _lasting(
        "开箱传感器未覆盖全程，最长 {} 没有信号",
        "the lid sensor does not cover the way: nothing from it for up to {}",
    ),
    RecordReason.OPENED_ON_THE_WAY: Text(
        "记录显示在起点和收货点以外开过箱",
        "the record shows the lid open away from origin and destination",
    ),
    RecordReason.OPENED_SOMEWHERE: Text(
        "记录显示在箱期间开过箱，地点不明",
        "the record shows the lid open during custody, where is not known",
    ),
    RecordReason.CARRIER_NOT_SAID: _silent(
        "运单未载是否委托配送", "the manifest does not say whether a carrier was entrusted"
    ),
    RecordReason.CARRIER_ENTRUSTED: Text(
        "运单载明委托配送；审核记录和质量协议不在本记录内",
        "the manifest says a carrier was entrusted; audit record and quality agreement are not in "
        "this record",
    ),
    RecordReason.OWN_DELIVERY: Text(
        "运单载明非委托配送，卖方与配送方为同一企业",
        "the manifest says that no carrier was entrusted, and names one company for both",
    ),
    RecordReason.OWN_DELIVERY_STATED: Text(
        "运单载明非委托配送，未载双方统一社会信用代码",
        "the manifest says that no carrier was entrusted, without the credit codes of both",
    ),
    RecordReason.CARRIER_IS_ANOTHER: Text(
        "运单称非委托配送，但所载配送方为另一企业",
        "the manifest says that no carrier was entrusted, but names another company as the carrier",
    ),
    RecordReason.NO_READING_AT_PACKING: _silent("装箱时没有读数", "there is no reading at packing"),
    RecordReason.PACKED_OUT_OF_RANGE: _packed_out,
    RecordReason.LIMITS_UNKNOWN: _silent("储存条件未知", "the storage condition is not known"),
    RecordReason.PACKED_PERHAPS_OUT_OF_RANGE: _packed_perhaps,
    RecordReason.CALIBRATION_REGISTERED: Text(
        "登记的校准证书在配送期间有效",
        "the registered calibration certificates were valid throughout",
    ),
    RecordReason.WITHIN_REGISTERED_HOLD_TIME: Text(
        "在箱时间在登记箱型的保温时间之内",
        "the time in the box is within the hold time of its registered model",
    ),
    RecordReason.BOX_REGISTERED: Text(
        "该箱及其箱型已在办案机关登记", "the office has the box and its model on record"
    ),
    RecordReason.CALIBRATION_VALID: Text("校准在有效期内", "calibration was valid"),
    RecordReason.NO_CALIBRATION_DATE: _silent("未提供校准有效期", "no calibration date was given"),
    RecordReason.CALIBRATION_EXPIRED: _lasting(
        "校准在配送结束前 {} 已过有效期", "the calibration ran out {} before the delivery ended"
    ),
    RecordReason.AGREEMENT_STATED: Text(
        "运单载有委托配送协议编号和审核日期",
        "the manifest names the agreement on entrusted delivery and the day of the audit",
    ),
    RecordReason.AGREEMENT_STATED_UNAUDITED: Text(
        "运单载有委托配送协议编号，未载审核日期",
        "the manifest names the agreement on entrusted delivery and no audit",
    ),
    RecordReason.AGREEMENT_LATER: Text(
        "运单所载协议签订或审核日期晚于本次配送",
        "the agreement or the audit that the manifest names is younger than the delivery",
    ),
    RecordReason.AGREEMENT_REGISTERED: Text(
        "双方的委托配送协议和审核已在办案机关登记，配送当日有效",
        "the office has the agreement of both companies and an audit on record, valid on the day",
    ),
    RecordReason.AGREEMENT_NOT_IN_FORCE: Text(
        "办案机关登记的双方协议在配送当日未生效或已期满",
        "the agreement of both companies that the office has on record was not in force on the day",
    ),
    RecordReason.CARRIER_NOT_AUDITED: Text(
        "双方协议已登记，但没有在配送当日有效的审核登记",
        "the agreement is on record, an audit of the carrier that was valid on the day is not",
    ),
    RecordReason.SUB_CARRIER_UNNAMED: Text(
        "运单载有转委托的配送方，登记的协议未列入该企业",
        "the manifest names a sub-carrier that the registered agreement does not",
    ),
    RecordReason.RECEIPT_UNKNOWN: _silent(
        "接收时间不全", "times of receipt are not known for all readings"
    ),
    RecordReason.SENT_LATE: _lasting(
        "有读数滞后 {} 才收到", "a reading was received {} after it was taken"
    ),
    RecordReason.ACCURACY_NOT_STATED: _silent(
        "运单未载记录仪误差", "the manifest states no error of the logger"
    ),
    RecordReason.LESS_ACCURATE: _less_accurate,
}
"""Every reason has its words; a test holds that none is forgotten."""

SPOKEN_AMOUNTS = frozenset(reason for reason, said in _WORDS.items() if callable(said))
"""Reasons whose words give the amount."""
