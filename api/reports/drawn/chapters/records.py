"""Integrity of the record, instruments and calibration, custody timeline."""

from collections.abc import Sequence

from coldwitness.api.reports.drawn.chapters.evidence import probe_title
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
from coldwitness.api.reports.drawn.most_rows import MOST_ROWS, left_out, weightiest
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
    site_words,
    tell,
)
from coldwitness.config.finding_kinds import accusing_kinds
from coldwitness.domain.measures import given
from coldwitness.domain.result import Finding, Sensor


def integrity(view: View) -> Chapter:
    report = view.report
    doubts = [f for f in report.result.findings if (f.kind, f.subtype) not in accusing_kinds()]
    rows = []
    for finding in weightiest(doubts, _weight):
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
                    view.say("records.sequence_numbers"),
                    say("yes" if counted else "no", view.lang),
                    "" if counted else view.say("records.deletion_hidden"),
                ),
                (
                    view.say("records.receive_times"),
                    say("yes" if received else "no", view.lang),
                    "" if received else view.say("records.from_files"),
                ),
                (
                    view.say("records.all_readings"),
                    quantity(len(report.readings.time), ""),
                    view.say("records.also_outside"),
                ),
                (
                    view.say("records.contradicting_readings"),
                    quantity(len(report.readings.conflict), ""),
                    "",
                ),
            )
        ),
        Table(
            columns=(
                Column(view.say("records.finding"), 1.4),
                Column(view.say("from_to"), 1.4),
                Column(view.say("records.what_was_seen"), 4.2),
            ),
            rows=tuple(rows),
            empty=view.say("records.no_doubt"),
        ),
        *left_out(view, doubts),
        *_unshown(view),
        Paragraph(
            f"{view.say('records.readings_sha256')} {report.result.evidence.readings_sha256}",
            small=True,
        ),
    ]
    return Chapter("integrity", view.say("records.integrity_title"), tuple(blocks))


def _weight(finding: Finding) -> tuple[float, ...]:
    return finding.certainty == "certain", finding.duration_s or 0.0


def _unshown(view: View) -> list[Block]:
    """What the record itself cannot exclude; a result from before it was told has nothing."""
    unshown = given(view.report.result.evidence.cannot_show) or ()
    if not unshown:
        return []
    told = view.say("semicolon").join(tell(one.text, view.lang) for one in unshown)
    return [Paragraph(view.say("records.cannot_show", what=told), small=True)]


def instruments(view: View) -> Chapter:
    lang = view.lang
    rows = []
    for logger in weightiest(view.report.instruments, lambda one: (one.declared, one.readings)):
        state = (
            "calibration_expired_state"
            if logger.calibration == "expired"
            else (f"calibration_{logger.calibration}")
        )
        rows.append(
            (
                Cell(
                    logger.logger,
                    note=view.say("records.declared") if logger.declared else "",
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
            Column(view.say("records.logger"), 2.0),
            Column(view.say("records.readings"), 1.0, "right"),
            Column(view.say("records.interval"), 1.0, "right"),
            Column(view.say("records.uncertainty"), 1.0, "right"),
            Column(view.say("records.calibrated_until"), 1.5),
        ),
        rows=tuple(rows),
        empty=view.say("records.no_logger"),
    )
    blocks: list[Block] = [table, *left_out(view, view.report.instruments)]
    sensors = given(view.report.result.evidence.sensors) or ()
    if sensors and (grid := _one_grid(sensors)) is not None:
        step = quantity(grid, "°C", places=6)
        plain = [probe_title(view, one.probe) for one in sensors if one.grid_c is None]
        said = (
            view.say("records.one_step", step=step)
            if not plain
            else view.say("records.one_step_but", step=step, plain=view.say("and").join(plain))
        )
        blocks.append(Paragraph(said, small=True))
    elif sensors:
        blocks += [
            Subheading(view.say("records.sensors")),
            _sensors(sensors, view),
            *left_out(view, sensors),
            Paragraph(
                view.say("records.steps_mean"),
                small=True,
            ),
        ]
    title = view.say("records.instruments_title")
    return Chapter("instruments", title, tuple(blocks))


def _one_grid(sensors: Sequence[Sensor]) -> float | None:
    """The step of all probes' values where it is one and the same and nothing lies off it; probes
    of which none is discernible do not count."""
    grids = {sensor.grid_c for sensor in sensors if sensor.grid_c is not None}
    if len(grids) != 1 or any(sensor.off_grid for sensor in sensors):
        return None
    return grids.pop()


def _sensors(sensors: Sequence[Sensor], view: View) -> Table:
    """`evidence.sensors` of the result: which probe of which logger, and its values' grid."""
    lang = view.lang
    rows = []
    for sensor in weightiest(sensors, lambda one: (one.readings,)):
        grid, off_grid = sensor.grid_c, sensor.off_grid
        rows.append(
            (
                Cell(role_words(sensor.probe, lang)),
                Cell(sensor.logger or "—"),
                Cell(quantity(sensor.readings, "")),
                Cell(quantity(grid, "°C", places=6) if grid is not None else "—"),
                Cell("—" if off_grid is None else quantity(off_grid, "")),
            )
        )
    return Table(
        columns=(
            Column(view.say("records.sensor"), 1.4),
            Column(view.say("records.logger"), 2.0),
            Column(view.say("records.readings"), 1.0, "right"),
            Column(view.say("records.step"), 1.0, "right"),
            Column(view.say("records.off_step"), 1.1, "right"),
        ),
        rows=tuple(rows),
    )


def custody(view: View) -> Chapter:
    rows = tuple(
        (
            Cell(china_time(step.time)),
            Cell(tell(step.what, view.lang)),
            Cell(site_words(step.site, view.lang) if step.site else "—"),
            Cell(tell(step.source, view.lang)),
        )
        for step in view.report.custody[:MOST_ROWS]
    )
    table = Table(
        columns=(
            Column(view.say("records.time"), 1.7),
            Column(view.say("records.custody_step"), 1.7),
            Column(view.say("place"), 1.3),
            Column(view.say("records.source"), 1.6),
        ),
        rows=rows,
        empty=view.say("records.no_event"),
        halves=True,
    )
    return Chapter(
        "custody", view.say("records.custody_title"), (table, *left_out(view, view.report.custody))
    )
