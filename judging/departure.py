"""The four questions before departure, answered from what is on record at that moment."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.probes import is_drug
from coldwitness.config.labels import labels
from coldwitness.config.storage_classes import BoxModel, StorageClass, item_range_c
from coldwitness.domain.departure import DepartureLine, DepartureQuestion
from coldwitness.domain.instants import china_day
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.office import RegisteredBoxModel, RegisteredDevice
from coldwitness.domain.text import Text
from coldwitness.domain.tracks import ReadingTable

_WORDS = labels("departure")
LOOK_BACK_S = 7200.0


@dataclass(frozen=True)
class DepartureLimits:
    """Settings of the office, in minutes."""

    live_minutes: float
    precooled_minutes: float


@dataclass(frozen=True)
class DepartureFacts:
    """What is on record. readings : of the box in the last two hours. devices : registered loggers
    by id. model : the registered one of the box, None where the office has none; stated_model :
    what the program knows of the one that the manifest names."""

    manifest: Manifest
    readings: ReadingTable
    devices: Mapping[str, RegisteredDevice]
    model: RegisteredBoxModel | None
    stated_model: BoxModel | None
    planned_minutes: float | None
    now_s: float


def departure_lines(
    facts: DepartureFacts, classes: Mapping[str, StorageClass], limits: DepartureLimits
) -> tuple[DepartureLine, ...]:
    """All four, in their order. What is not known is not ok: a box is not sent off on a guess."""
    seen = _drug_readings(facts)
    return (
        _live(facts, seen, limits),
        _precooled(facts, seen, classes, limits),
        _calibrated(facts),
        _time_against_hold(facts),
    )


@dataclass(frozen=True)
class _Seen:
    """Of each drug probe by name: its times [s], ascending, and values [°C]."""

    probes: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def _drug_readings(facts: DepartureFacts) -> _Seen:
    table, found = facts.readings, {}
    time_s = table.time_ms / 1000.0
    recent = (time_s > facts.now_s - LOOK_BACK_S) & (time_s <= facts.now_s + 60.0)
    for name, column in table.temperature_c.items():
        if not is_drug(name):
            continue
        value_c = np.asarray(column, dtype=np.float64)
        rows = np.flatnonzero(recent & ~np.isnan(value_c))
        if rows.size:
            order = rows[np.argsort(time_s[rows], kind="stable")]
            found[name] = (time_s[order], value_c[order])
    return _Seen(found)


def _live(facts: DepartureFacts, seen: _Seen, limits: DepartureLimits) -> DepartureLine:
    if not seen.probes:
        return _line("probe_live", "never", ok=False)
    ages = {name: (facts.now_s - at_s[-1]) / 60.0 for name, (at_s, _) in seen.probes.items()}
    oldest = max(ages, key=ages.__getitem__)
    minutes = f"{max(ages[oldest], 0.0):.0f}"
    if ages[oldest] > limits.live_minutes:
        return _line(
            "probe_live", "silent", ok=False, minutes=minutes, most=f"{limits.live_minutes:g}"
        )
    return _line("probe_live", "ok", ok=True, probe=oldest, minutes=minutes)


def _precooled(
    facts: DepartureFacts,
    seen: _Seen,
    classes: Mapping[str, StorageClass],
    limits: DepartureLimits,
) -> DepartureLine:
    drugs = [item for item in facts.manifest.items if item.category == "drug"]
    ranges = [item_range_c(item, classes) for item in drugs]
    low = max((low for low, _ in ranges), default=-math.inf)
    high = min((high for _, high in ranges), default=math.inf)
    minutes = f"{limits.precooled_minutes:g}"
    if math.isinf(low) and math.isinf(high):
        return _line("precooled", "no_range", ok=False)
    since_s = facts.now_s - 60.0 * limits.precooled_minutes
    values, whole = [], bool(seen.probes)
    for at_s, value_c in seen.probes.values():
        within = at_s >= since_s
        values.append(value_c[within])
        # The first of them has to come from the first half of the time, else it is not known.
        first_s = at_s[within].min(initial=math.inf)
        whole &= bool(within.sum() >= 2 and first_s <= since_s + 30.0 * limits.precooled_minutes)
    told = np.concatenate(values) if values else np.array([])
    if not told.size or not whole:
        return _line("precooled", "short", ok=False, minutes=minutes)
    ok = bool((told >= low).all() and (told <= high).all())
    return _line(
        "precooled",
        "ok" if ok else "outside",
        ok=ok,
        minutes=minutes,
        low=f"{told.min():.1f} °C",
        high=f"{told.max():.1f} °C",
        range=_range(low, high),
    )


def _calibrated(facts: DepartureFacts) -> DepartureLine:
    """By the office's register where every logger is in it, else by the manifest's word."""
    today = china_day(facts.now_s)
    manifest = facts.manifest.logger
    loggers = sorted({*facts.readings.loggers, *facts.manifest.logger_ids()})
    ends = {}
    for name in loggers:
        device = facts.devices.get(name)
        valid = [] if device is None else [one.valid_until for one in device.calibrations]
        if valid:
            ends[name] = max(valid)
    if loggers and len(ends) == len(loggers):
        first = min(ends.values())
        return _dated("registered", first, today)
    stated = manifest.calibrated_until
    if stated is None:
        missing = next((name for name in loggers if name not in ends), "—")
        return _line("calibrated", "unknown", ok=False, logger=missing)
    return _dated("stated", date.fromisoformat(stated[:10]), today)


def _dated(kind: str, until: date, today: date) -> DepartureLine:
    ok = until >= today
    return _line("calibrated", kind if ok else "expired", ok=ok, day=until)


def _time_against_hold(facts: DepartureFacts) -> DepartureLine:
    manifest = facts.manifest
    planned = facts.planned_minutes
    if planned is None and manifest.delivery is not None:
        planned = manifest.delivery.planned_minutes
    if planned is None and manifest.due_ms is not None:
        planned = max((manifest.due_ms / 1000.0 - facts.now_s) / 60.0, 0.0)
    if planned is None:
        return _line("time_against_hold", "no_plan", ok=False)
    registered = facts.model
    hold_h = None if registered is None else registered.qualification.hold_h
    cooling = manifest.box.cooling if registered is None else registered.cooling
    if hold_h is None:
        hold_h = manifest.box.qualification.hold_h
    if hold_h is None and facts.stated_model is not None:
        hold_h = facts.stated_model.hold_h
    told = f"{planned:.0f}"
    if hold_h is None:
        if cooling == "active":
            return _line("time_against_hold", "active", ok=True, planned=told)
        return _line("time_against_hold", "no_hold", ok=False)
    ok = planned <= hold_h * 60.0
    return _line(
        "time_against_hold",
        "ok" if ok else "longer",
        ok=ok,
        planned=told,
        hold=f"{hold_h * 60.0:.0f}",
    )


def _range(low_c: float, high_c: float) -> str:
    if math.isinf(low_c):
        return f"≤ {high_c:g} °C"
    return f"≥ {low_c:g} °C" if math.isinf(high_c) else f"{low_c:g}–{high_c:g} °C"


def _line(question: DepartureQuestion, key: str, *, ok: bool, **values: object) -> DepartureLine:
    words = _WORDS[question][key]
    text = Text(words.zh.format(**values), words.en.format(**values))
    return DepartureLine(question=question, ok=ok, text=text)
