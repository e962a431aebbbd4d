"""What somebody could do to a record so that it looks better: delete, set clocks, edit manifests.

Each change takes a record and a generator and gives the changed record, or None where there is
nothing to change. It says by which exception of the contract a line may turn `compliant` all the
same (`Allowed`): what no record can show.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from benchmarks.monotony_records import Record
from coldwitness.domain.columns import take
from coldwitness.domain.reading import ENDING_EVENTS
from coldwitness.domain.reading_table import joined
from coldwitness.domain.tracks import FloatArray

Rows = NDArray[np.bool_]
Change = Callable[[Record, np.random.Generator], "Changed | None"]


PERMITTED_MS = 300_000
"""The permitted recording interval of the shipped pack."""
TOLERANCE_MS = 300_000
"""By which the clocks of logger and custody events may differ: of the shipped pack."""
NEAR_AN_END_MS = 300_000
"""So near in time a fix tells where an event was pressed: detail 18 of the contract."""
STOOD_MS = 120_000
"""So near it tells where a box stood; one further off is granted the road of that time."""
SLEW_C_PER_MIN = 0.3
"""How fast a box can change, where nobody says: of the shipped pack."""


class Allowed(StrEnum):
    """What no record can show: the six things that the contract names, and the tolerance that it
    grants clocks. Of the second there are two forms: what is lost in a short hole weighs on no line
    (detail 17); in a longer one the lines on recording and on the data are insufficient, and only
    that on the range, which asks how far the box can have come, does not know of readings that no
    box could have given."""

    NEVER_SENT = "a probe that was never sent"
    SHORT_HOLE = "readings deleted inside a hole no longer than the permitted interval"
    STEEP = "the range alone: readings steeper than the slew limit, deleted inside a longer hole"
    NO_COUNT = "readings deleted from a record that has neither seq nor interval_s"
    LEFT_OUT = "a manifest version or an event that never reached the journal"
    PRESSED = "where an end of custody was pressed, if no fix near it was recorded"
    CLOCK = "in files, a clock shift that nothing else in the record contradicts"
    TOLERANCE = "live, a clock shift within the 300 s by which loggers and scanners may differ"
    SET_RIGHT = "live, a clock shown to be wrong that is right from the first reading on"


@dataclass(frozen=True)
class Changed:
    """allowed : exceptions under which this change may improve a line."""

    record: Record
    allowed: frozenset[Allowed] = frozenset()


def some_readings(record: Record, rng: np.random.Generator) -> Changed | None:
    return _without(record, rng.random(len(record.readings)) < rng.uniform(0.02, 0.95))


def few_readings(record: Record, rng: np.random.Generator) -> Changed | None:
    n = len(record.readings)
    rows = np.zeros(n, dtype=np.bool_)
    if n:
        rows[rng.integers(0, n, size=int(rng.integers(1, 5)))] = True
    return _without(record, rows)


def stretches_of_readings(record: Record, rng: np.random.Generator) -> Changed | None:
    return _without(record, _stretches(record, rng))


def first_readings(record: Record, rng: np.random.Generator) -> Changed | None:
    return _without(record, _share(record) < rng.uniform(0.01, 0.9))


def last_readings(record: Record, rng: np.random.Generator) -> Changed | None:
    return _without(record, _share(record) > rng.uniform(0.1, 0.99))


def all_readings(record: Record, rng: np.random.Generator) -> Changed | None:
    return _without(record, np.ones(len(record.readings), dtype=np.bool_))


def worst_readings(record: Record, rng: np.random.Generator) -> Changed | None:
    """What a forger would take first: those near or beyond 2 to 8 °C, with some around them."""
    beyond = np.zeros(len(record.readings), dtype=np.bool_)
    margin_c = rng.choice([0.0, 0.3, 1.0])
    for name, column in record.readings.temperature_c.items():
        if name.startswith("drug"):
            beyond |= (column > 8.0 - margin_c) | (column < 2.0 + margin_c)
    return _without(record, _widened(beyond, int(rng.integers(0, 4))))


def a_logger(record: Record, rng: np.random.Generator) -> Changed | None:
    loggers = np.unique(record.readings.logger)
    if loggers.size < 2:
        return None
    return _without(record, record.readings.logger == rng.choice(loggers))


def a_probe(record: Record, rng: np.random.Generator) -> Changed | None:
    """As if it had never been sent."""
    return _probe_without(record, rng, np.ones(len(record.readings), dtype=np.bool_))


def a_probe_for_a_while(record: Record, rng: np.random.Generator) -> Changed | None:
    return _probe_without(record, rng, _stretches(record, rng))


def some_positions(record: Record, rng: np.random.Generator) -> Changed | None:
    return _unplaced(record, rng.random(len(record.readings)) < rng.uniform(0.05, 1.0))


def stretches_of_positions(record: Record, rng: np.random.Generator) -> Changed | None:
    return _unplaced(record, _stretches(record, rng))


def positions_of_one_place(record: Record, rng: np.random.Generator) -> Changed | None:
    """All fixes within some hundred metres of one of them, wherever in the record they are."""
    placed = np.flatnonzero(~np.isnan(record.readings.lat_deg))
    if placed.size == 0:
        return None
    at = rng.choice(placed)
    lat, lon = record.readings.lat_deg, record.readings.lon_deg
    away_m = np.hypot((lat - lat[at]) * 111_000.0, (lon - lon[at]) * 89_000.0)
    return _unplaced(record, away_m < rng.uniform(30.0, 600.0))


def readings_of_one_place(record: Record, rng: np.random.Generator) -> Changed | None:
    """The same, the readings with them."""
    changed = positions_of_one_place(record, rng)
    if changed is None:
        return None
    gone = np.isnan(changed.record.readings.lat_deg) & ~np.isnan(record.readings.lat_deg)
    return _without(record, gone)


def a_channel(record: Record, rng: np.random.Generator) -> Changed | None:
    """Motion, lid or light, as if the logger had no such sensor."""
    table, nothing = record.readings, np.full(len(record.readings), -1, dtype=np.int8)
    match rng.integers(3):
        case 0:
            table = replace(table, moving=nothing)
        case 1:
            table = replace(table, lid_open=nothing)
        case _:
            table = replace(table, light_lux=np.full(len(table), np.nan))
    return Changed(replace(record, readings=table), frozenset({Allowed.NEVER_SENT}))


def sequence_numbers(record: Record, rng: np.random.Generator) -> Changed | None:
    """The count taken off, so that no deletion shows by it, and readings with it."""
    bare = replace(record.readings, seq=np.full(len(record.readings), -1, dtype=np.int64))
    return some_readings(replace(record, readings=bare), rng)


def an_event(record: Record, rng: np.random.Generator) -> Changed | None:
    if not record.events:
        return None
    gone = int(rng.integers(len(record.events)))
    return _left_out(replace(record, events=record.events[:gone] + record.events[gone + 1 :]))


def all_events(record: Record, rng: np.random.Generator) -> Changed | None:
    return _left_out(replace(record, events=())) if record.events else None


def a_version(record: Record, rng: np.random.Generator) -> Changed | None:
    if len(record.versions) < 2:
        return None
    gone = int(rng.integers(len(record.versions)))
    return _left_out(replace(record, versions=record.versions[:gone] + record.versions[gone + 1 :]))


def a_clock_set(record: Record, rng: np.random.Generator) -> Changed | None:
    """The logger's clock runs ahead or behind, all along or from one reading on."""
    since = rng.uniform(-0.2, 0.9)
    rows = _share(record) >= since
    by_ms = int(rng.choice([60, 300, 900, 3600, 86_400]) * rng.uniform(-1.0, 1.0) * 1000)
    return _timed(record, record.readings.time_ms + np.where(rows, by_ms, 0))


def a_clock_set_right(record: Record, rng: np.random.Generator) -> Changed | None:
    """The logger's clock shows the time of receipt, all along or from one reading on: what somebody
    would do whose clock was told to be wrong."""
    told = record.readings.received_ms >= 0
    rows = told & (_share(record) >= rng.uniform(-0.5, 0.9))
    right_ms = record.readings.received_ms - int(rng.integers(0, 3_000))
    return _timed(record, np.where(rows, right_ms, record.readings.time_ms))


def sent_again_with_the_right_clock(record: Record, rng: np.random.Generator) -> Changed | None:
    """Readings sent a second time an hour later, with the time of their first receipt: under their
    own number, or under a new one."""
    table = record.readings
    again = (table.received_ms >= 0) & (_share(record) >= rng.uniform(-0.5, 0.9))
    if not again.any():
        return None
    copy = take(table, again)
    seq = copy.seq
    if rng.random() < 0.5:
        seq = np.where(seq >= 0, seq + int(table.seq.max()) + 1, seq)
    copy = replace(
        copy, time_ms=copy.received_ms, received_ms=copy.received_ms + 3_600_000, seq=seq
    )
    return Changed(replace(record, readings=joined([table, copy])))


def a_clock_slowed(record: Record, rng: np.random.Generator) -> Changed | None:
    """The logger's clock goes too fast or too slow from its first reading on."""
    time_ms = record.readings.time_ms
    if time_ms.size == 0:
        return None
    begin = time_ms.min()
    return _timed(record, begin + ((time_ms - begin) * rng.uniform(0.5, 1.5)).astype(np.int64))


DELETIONS: Mapping[str, Change] = {
    change.__name__: change
    for change in (
        some_readings,
        few_readings,
        stretches_of_readings,
        first_readings,
        last_readings,
        all_readings,
        worst_readings,
        a_logger,
        a_probe,
        a_probe_for_a_while,
        some_positions,
        stretches_of_positions,
        positions_of_one_place,
        readings_of_one_place,
        a_channel,
        sequence_numbers,
        an_event,
        all_events,
        a_version,
    )
}
CLOCKS: Mapping[str, Change] = {
    change.__name__: change
    for change in (
        a_clock_set,
        a_clock_set_right,
        a_clock_slowed,
        sent_again_with_the_right_clock,
    )
}


def _without(record: Record, gone: Rows) -> Changed | None:
    if not gone.any():
        return None
    allowed = {Allowed.SHORT_HOLE} if _only_short_holes(record, gone) else set()
    if _some_steep(record, gone):
        allowed.add(Allowed.STEEP)
    if _end_unseen(record, gone):
        allowed.add(Allowed.PRESSED)
    manifest = record.versions[0].manifest if record.versions else None
    counted = bool((record.readings.seq >= 0).all())
    if not counted and (manifest is None or manifest.logger.interval_s is None):
        allowed.add(Allowed.NO_COUNT)
    for column in record.readings.temperature_c.values():
        told = ~np.isnan(column)
        if told.any() and not told[~gone].any():
            allowed.add(Allowed.NEVER_SENT)
    return Changed(record.kept(~gone), frozenset(allowed))


def _probe_without(record: Record, rng: np.random.Generator, gone: Rows) -> Changed | None:
    columns = {
        name: column
        for name, column in record.readings.temperature_c.items()
        if not np.isnan(column).all()
    }
    if not columns:
        return None
    name = str(rng.choice(sorted(columns)))
    fewer: FloatArray = np.where(gone, np.nan, columns[name])
    table = replace(record.readings, temperature_c={**columns, name: fewer})
    whole = bool(np.isnan(fewer).all())
    told = ~np.isnan(columns[name])
    short = _only_short_holes(record.kept(told), gone[told])
    allowed = {Allowed.NEVER_SENT} if whole else {Allowed.SHORT_HOLE} if short else set()
    if name.startswith("drug") and _some_steep(record, gone):
        allowed.add(Allowed.STEEP)
    return Changed(replace(record, readings=table), frozenset(allowed))


def _only_short_holes(record: Record, gone: Rows) -> bool:
    """Whether what is gone lies in holes no longer, within custody, than the permitted interval."""
    time_ms = record.readings.time_ms
    order = np.argsort(time_ms, kind="stable")
    time_ms, gone = time_ms[order], gone[order]
    kept_ms = time_ms[~gone]
    if kept_ms.size == 0:
        return False
    after = np.searchsorted(kept_ms, time_ms[gone])
    begin_ms = np.concatenate([time_ms[:1], kept_ms])[after]
    end_ms = np.concatenate([kept_ms, time_ms[-1:]])[after]
    first_ms, last_ms = _custody_ms(record)
    length_ms = np.minimum(end_ms, last_ms) - np.maximum(begin_ms, first_ms)
    return bool((length_ms <= PERMITTED_MS).all())


def _custody_ms(record: Record) -> tuple[float, float]:
    """Begin and end by the events, else by the manifest; infinite where neither says."""
    packed = [event.time_ms for event in record.events if event.event == "packed"]
    ended = [event.time_ms for event in record.events if event.event in ENDING_EVENTS]
    manifest = record.manifest
    if not packed and manifest is not None and manifest.dispatched_ms is not None:
        packed = [manifest.dispatched_ms]
    if not ended and manifest is not None and manifest.delivered_ms is not None:
        ended = [manifest.delivered_ms]
    return min(packed, default=-np.inf), max(ended, default=np.inf)


def _end_unseen(record: Record, gone: Rows) -> bool:
    """Whether an end of custody had a fix near it in time, and has none any more that would tell
    where a box stood."""
    time_ms, placed = record.readings.time_ms, ~np.isnan(record.readings.lat_deg)
    for end_ms in _custody_ms(record):
        for near_ms in (NEAR_AN_END_MS, STOOD_MS):
            near = placed & (np.abs(time_ms - end_ms) <= near_ms)
            if near.any() and not (near & ~gone).any():
                return True
    return False


def _some_steep(record: Record, gone: Rows) -> bool:
    """Whether a value of the drug that is gone was steeper than the default slew limit."""
    order = np.argsort(record.readings.time_ms, kind="stable")
    minutes = record.readings.time_ms[order] / 60_000.0
    for name, column in record.readings.temperature_c.items():
        told = ~np.isnan(column[order]) & name.startswith("drug")
        value_c, at_min = column[order][told], minutes[told]
        steep = np.abs(np.diff(value_c)) > SLEW_C_PER_MIN * np.diff(at_min)
        beside = np.append(steep, False) | np.insert(steep, 0, False)
        if (beside & gone[order][told]).any():
            return True
    return False


def _unplaced(record: Record, gone: Rows) -> Changed | None:
    table = record.readings
    if not (gone & ~np.isnan(table.lat_deg)).any():
        return None
    nowhere = replace(
        table,
        lat_deg=np.where(gone, np.nan, table.lat_deg),
        lon_deg=np.where(gone, np.nan, table.lon_deg),
        accuracy_m=np.where(gone, np.nan, table.accuracy_m),
    )
    return Changed(replace(record, readings=nowhere), frozenset({Allowed.PRESSED}))


def _left_out(record: Record) -> Changed:
    return Changed(record, frozenset({Allowed.LEFT_OUT}))


def _timed(record: Record, time_ms: NDArray[np.int64]) -> Changed | None:
    if np.array_equal(time_ms, record.readings.time_ms):
        return None
    shift_ms = np.abs(time_ms - record.readings.time_ms)
    allowed = frozenset({Allowed.SET_RIGHT if record.live else Allowed.CLOCK})
    if record.live and (shift_ms <= TOLERANCE_MS).all():
        allowed |= {Allowed.TOLERANCE}
    return Changed(replace(record, readings=replace(record.readings, time_ms=time_ms)), allowed)


def _share(record: Record) -> FloatArray:
    """(n,) where in the record each reading is, from 0 to 1 by time."""
    time_ms = record.readings.time_ms.astype(np.float64)
    if time_ms.size == 0:
        return time_ms
    span: float = np.ptp(time_ms) or 1.0
    share: FloatArray = (time_ms - time_ms.min()) / span
    return share


def _stretches(record: Record, rng: np.random.Generator) -> Rows:
    share = _share(record)
    rows = np.zeros(share.size, dtype=np.bool_)
    for _ in range(int(rng.integers(1, 4))):
        begin = rng.uniform(-0.1, 1.0)
        rows |= (share >= begin) & (share <= begin + rng.choice([0.03, 0.1, 0.3, 0.6]))
    return rows


def _widened(rows: Rows, by: int) -> Rows:
    wide = rows.copy()
    for k in range(1, by + 1):
        wide[k:] |= rows[:-k]
        wide[:-k] |= rows[k:]
    return wide
