"""Integrity of the record, instruments and calibration, custody timeline."""

from collections.abc import Sequence

from coldwitness.api.reports.drawn.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Facts,
    Paragraph,
    Subheading,
    Table,
)
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.instants import china_time
from coldwitness.api.reports.made.wording import (
    celsius,
    duration,
    finding_words,
    kind_words,
    quantity,
    role_words,
    say,
    tell,
)
from coldwitness.config.finding_kinds import accusing_kinds
from coldwitness.domain.measures import given
from coldwitness.domain.result import Sensor


def integrity(view: View) -> Chapter:
    report, zh = view.report, view.lang == "zh"
    doubts = [f for f in report.result.findings if f.kind not in accusing_kinds()]
    rows = []
    for finding in doubts:
        settle = finding.would_settle
        rows.append(
            (
                Cell(
                    tell(finding_words(finding.kind, finding.subtype), view.lang),
                    note=tell(kind_words(finding.kind), view.lang),
                ),
                Cell(
                    china_time(finding.start) if finding.start else "—",
                    note=china_time(finding.end) if finding.end else "",
                ),
                Cell(
                    tell(finding.explanation, view.lang),
                    note=tell(settle, view.lang) if settle else "",
                ),
            )
        )
    counted = any(seq is not None for seq in report.readings.seq)
    received = any(time is not None for time in report.readings.received)
    blocks: list[Block] = [
        Facts(
            pairs=(
                (
                    "序号" if zh else "Sequence numbers",
                    say("yes" if counted else "no", view.lang),
                    "" if counted else ("无法据此发现删改" if zh else "a deletion could not show"),
                ),
                (
                    "平台接收时间" if zh else "Receive times",
                    say("yes" if received else "no", view.lang),
                    "" if received else ("来自文件" if zh else "from files"),
                ),
                (
                    "全部读数" if zh else "All readings",
                    quantity(len(report.readings.time), ""),
                    "含窗口外" if zh else "inside and outside the window",
                ),
                (
                    "互相矛盾的读数" if zh else "Contradicting readings",
                    quantity(len(report.readings.conflict), ""),
                    "",
                ),
            )
        ),
        Table(
            columns=(
                Column("发现" if zh else "Finding", 1.4),
                Column("自 / 至" if zh else "From / to", 1.4),
                Column("说明" if zh else "What was seen", 4.2),
            ),
            rows=tuple(rows),
            empty="未见证据缺口或完整性问题。" if zh else "No gap and no doubt about integrity.",
        ),
        Facts(
            pairs=(
                (
                    "读数摘要 SHA-256" if zh else "Readings SHA-256",
                    report.result.evidence.readings_sha256,
                    "",
                ),
            )
        ),
    ]
    return Chapter("integrity", "记录完整性" if zh else "Integrity of the record", tuple(blocks))


def instruments(view: View) -> Chapter:
    zh, lang = view.lang == "zh", view.lang
    rows = []
    for logger in view.report.instruments:
        state = (
            "calibration_expired_state"
            if logger.calibration == "expired"
            else (f"calibration_{logger.calibration}")
        )
        rows.append(
            (
                Cell(
                    logger.logger,
                    note=("运单申报" if zh else "declared") if logger.declared else "",
                ),
                Cell(quantity(logger.readings, "")),
                Cell(duration(logger.interval_s, lang)),
                Cell("—" if logger.accuracy_c is None else f"± {celsius(logger.accuracy_c)}"),
                Cell(
                    logger.calibrated_until or "—",
                    note=say(state, lang),
                    tone="insufficient_evidence" if logger.calibration == "expired" else "",
                ),
            )
        )
    table = Table(
        columns=(
            Column("记录仪" if zh else "Logger", 2.0),
            Column("窗口内读数" if zh else "Readings", 1.0, "right"),
            Column("记录间隔" if zh else "Interval", 1.0, "right"),
            Column("误差" if zh else "Uncertainty", 1.0, "right"),
            Column("校准有效至" if zh else "Calibrated until", 1.5),
        ),
        rows=tuple(rows),
        empty="没有记录仪。" if zh else "No logger.",
    )
    blocks: list[Block] = [table]
    sensors = given(view.report.result.evidence.sensors) or ()
    if sensors:
        blocks += [
            Subheading("测点与读数步进" if zh else "Sensors and the steps of their values"),
            _sensors(sensors, view),
            Paragraph(
                "步进是窗口内读数所落的等距格；换算单位或取平均的网关也会如实给出格外的值。仅供核对仪器。"
                if zh
                else "The step is the even grid that the values in the window lie on; a gateway "
                "that converts units or averages makes values off it honestly. For comparing "
                "with the device.",
                small=True,
            ),
        ]
    title = "仪器与校准" if zh else "Instruments and calibration"
    return Chapter("instruments", title, tuple(blocks))


def _sensors(sensors: Sequence[Sensor], view: View) -> Table:
    """`evidence.sensors` of the result: which probe of which logger, and its values' grid."""
    zh, lang = view.lang == "zh", view.lang
    rows = []
    for sensor in sensors:
        grid, off_grid = sensor.grid_c, sensor.off_grid
        rows.append(
            (
                Cell(role_words(sensor.probe, lang), note=sensor.probe),
                Cell(sensor.logger or "—"),
                Cell(quantity(sensor.readings, "")),
                Cell(quantity(grid, "°C", places=6) if grid is not None else "—"),
                Cell("—" if off_grid is None else quantity(off_grid, "")),
            )
        )
    return Table(
        columns=(
            Column("测点" if zh else "Sensor", 1.4),
            Column("记录仪" if zh else "Logger", 2.0),
            Column("窗口内读数" if zh else "Readings", 1.0, "right"),
            Column("步进" if zh else "Step", 1.0, "right"),
            Column("不在步进上" if zh else "Off the step", 1.1, "right"),
        ),
        rows=tuple(rows),
    )


def custody(view: View) -> Chapter:
    zh = view.lang == "zh"
    rows = tuple(
        (
            Cell(china_time(step.time)),
            Cell(tell(step.what, view.lang)),
            Cell(step.site or "—"),
            Cell(tell(step.source, view.lang)),
        )
        for step in view.report.custody
    )
    table = Table(
        columns=(
            Column("时间" if zh else "Time", 1.2),
            Column("环节" if zh else "Step", 1.6),
            Column("地点" if zh else "Place", 2.2),
            Column("来源" if zh else "Source", 1.2),
        ),
        rows=rows,
        empty="没有交接事件，运单也未申报时间。"
        if zh
        else "No custody event, and no time in the manifest.",
    )
    return Chapter("custody", "交接时间线" if zh else "Custody timeline", (table,))
