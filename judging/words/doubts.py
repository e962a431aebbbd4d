"""What would settle a doubtful finding, and what speaks against one that accuses."""

from collections.abc import Callable, Mapping

from coldwitness.domain.text import Text
from coldwitness.domain.words import Certainty, FindingType
from coldwitness.judging.words.findings import Measures, number

_BREAKS = (
    FindingType.ABOVE_RANGE,
    FindingType.BELOW_RANGE,
    FindingType.FROZEN,
    FindingType.BUDGET_EXCEEDED,
)


def would_settle(type_: FindingType, certainty: Certainty, measures: Measures) -> Text | None:
    """What evidence would decide a doubtful finding; None where nothing is in doubt."""
    if type_ in _BREAKS and certainty == Certainty.CERTAIN:
        return None
    if type_ == FindingType.STORAGE_CONFIRMED:
        return None
    if type_ == FindingType.SEQUENCE and not (measures.get("missing") or measures.get("repeated")):
        return None
    return _SETTLE.get(type_)


def against(type_: FindingType, certainty: Certainty, measures: Measures) -> Text | None:
    """What speaks against a finding that accuses; None for gaps and integrity."""
    if type_ not in _AGAINST:
        return None
    return _AGAINST[type_](certainty, measures)


_LOGGER_MEMORY = Text(
    "记录仪内存中的原始数据，或同箱另一只已校准记录仪的数据。",
    "The logger's own memory, or another calibrated logger in the same box.",
)
_SETTLE: Mapping[FindingType, Text] = {
    FindingType.ABOVE_RANGE: Text(
        "该记录仪的校准证书（更小的误差），或同箱另一只记录仪的数据。",
        "The logger's calibration certificate (a smaller error), or another logger in the box.",
    ),
    FindingType.BELOW_RANGE: Text(
        "该记录仪的校准证书（更小的误差），或同箱另一只记录仪的数据。",
        "The logger's calibration certificate (a smaller error), or another logger in the box.",
    ),
    FindingType.FROZEN: Text(
        "该记录仪的校准证书，或冻结指示卡、药品外观检查。",
        "The logger's calibration certificate, a freeze indicator, or a look at the drug.",
    ),
    FindingType.BUDGET_EXCEEDED: Text(
        "记录仪内存中的完整数据和校准证书；生产企业的稳定性资料。",
        "The logger's complete data and certificate; the maker's stability data.",
    ),
    FindingType.STORAGE_SUSPECTED: Text(
        "交接记录、现场照片或监控、配送人员说明。",
        "Handover records, photographs or cameras at the place, the courier's account.",
    ),
    FindingType.COOLANT_CONTACT: Text(
        "装箱照片或开箱检查；该箱型的验证报告。",
        "A packing photograph or a look into the box; the box model's qualification report.",
    ),
    FindingType.GOODS_CONTACT: Text(
        "装箱照片或开箱检查；该箱型的验证报告。",
        "A packing photograph or a look into the box; the box model's qualification report.",
    ),
    FindingType.ISOLATION_DECLARED: Text(
        "装箱记录、照片或开箱检查。", "The packing record, a photograph or a look into the box."
    ),
    FindingType.NO_READINGS: _LOGGER_MEMORY,
    FindingType.PROBE_MISSING: _LOGGER_MEMORY,
    FindingType.LATE_START: _LOGGER_MEMORY,
    FindingType.EARLY_END: _LOGGER_MEMORY,
    FindingType.NO_POSITION: Text(
        "车辆或配送平台的轨迹、交接扫码记录。",
        "The vehicle's or the platform's track, scans at handovers.",
    ),
    FindingType.CALIBRATION_EXPIRED: Text(
        "有效的校准证书，或送检后的误差结果。",
        "A valid calibration certificate, or the error found when it is calibrated now.",
    ),
    FindingType.SEQUENCE: _LOGGER_MEMORY,
    FindingType.CLOCK: Text(
        "记录仪时钟检查，与交接扫码、平台时间比对。",
        "A check of the logger's clock against scans and the platform's times.",
    ),
    FindingType.STUCK: Text(
        "对该传感器做功能检查，或同箱另一只记录仪的数据。",
        "A functional check of the sensor, or another logger in the box.",
    ),
    FindingType.COPIED: Text(
        "两只记录仪内存中的原始数据及各自的序列号。",
        "The memories of both loggers with their serial numbers.",
    ),
    FindingType.DUPLICATE_CONFLICT: _LOGGER_MEMORY,
    FindingType.LATE_IMPORT: Text(
        "网关或平台的接收日志、记录仪内存中的原始数据。",
        "The gateway's or platform's receipt log, the logger's own memory.",
    ),
    FindingType.OFF_GRID: Text(
        "记录仪内存中的原始数据；网关或平台是否对数值做平均、修正或换算。",
        "The logger's own memory; whether gateway or platform average, correct or convert values.",
    ),
    FindingType.BELOW_NOISE: Text(
        "记录仪内存中的原始数据；网关或平台是否对曲线做平滑或补点。",
        "The logger's own memory; whether gateway or platform smooth the curve or fill it in.",
    ),
}


def _against_break(certainty: Certainty, m: Measures) -> Text:
    if m.get("open_start") or m.get("open_end"):
        return Text(
            "事件的起止有一端落在无记录的时间里，实际时长以最少与最多为界；探头位置能否代表药品温度"
            "须由验证资料证明。",
            "One end of the episode lies in unrecorded time, so its length is known only within "
            "bounds; whether the probe stands for the drug is for the box's qualification to show.",
        )
    if certainty == Certainty.CERTAIN:
        return Text(
            "探头位置能否代表药品温度须由验证资料证明；记录仪须在校准有效期内。",
            "Whether the probe stands for the drug is for the box's qualification to show; the "
            "logger has to be in calibration.",
        )
    return Text(
        "超出量不大于传感器误差，药品实际可能一直在范围内。",
        "It is no more than the sensor's error: the drug may have been in range all the time.",
    )


def _against_storage(certainty: Certainty, m: Measures) -> Text:
    moving = m.get("moving_share")
    if moving:
        share = number(100 * moving, 0)
        return Text(
            f"停留期间有 {share}% 的读数显示在移动；可能为堵车或等候收货人。",
            f"{share} % of the readings of the stay say it was moving; it may have been traffic "
            "or waiting for the consignee.",
        )
    if certainty == Certainty.CERTAIN:
        return Text(
            "可能为车辆故障等应急处置；以配送单位的应急记录为准。",
            "It may have been an emergency such as a breakdown; the firm's records may show it.",
        )
    return Text(
        "仅由定位得出；可能为堵车、等候收货人或定位偏差。",
        "From positions alone; it may have been traffic, waiting, or an error of position.",
    )


def _against_contact(certainty: Certainty, m: Measures) -> Text:
    del certainty, m
    return Text(
        "由热交换推断，并非直接看到；探头移位或装载方式不同也会使速率升高。",
        "Inferred from heat exchange, not seen; a moved probe or another load raises it too.",
    )


def _against_declared(certainty: Certainty, m: Measures) -> Text:
    del certainty, m
    return Text(
        "运单填写可能有误；实际装箱情况未见。",
        "The manifest may have been filled in wrongly; the packed box itself was not seen.",
    )


_AGAINST: Mapping[FindingType, Callable[[Certainty, Measures], Text]] = {
    FindingType.ABOVE_RANGE: _against_break,
    FindingType.BELOW_RANGE: _against_break,
    FindingType.FROZEN: _against_break,
    FindingType.BUDGET_EXCEEDED: _against_break,
    FindingType.STORAGE_SUSPECTED: _against_storage,
    FindingType.STORAGE_CONFIRMED: _against_storage,
    FindingType.COOLANT_CONTACT: _against_contact,
    FindingType.GOODS_CONTACT: _against_contact,
    FindingType.ISOLATION_DECLARED: _against_declared,
}
