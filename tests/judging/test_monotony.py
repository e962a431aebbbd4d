"""Nothing that is deleted, no clock and no later edit makes a line compliant, outside the
exceptions that the contract names. 100,000 trials: `python -m benchmarks.monotony`."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.monotony import Improved, Tally, clock_is_wrong, improved, judged, run, table
from benchmarks.monotony_changes import CLOCKS, DELETIONS, Allowed
from benchmarks.monotony_edits import EDITS
from benchmarks.monotony_records import Office, Record, records_of, records_of_file, registered
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.instants import instant_ms
from coldwitness.ingest.manifests import read_manifest_files
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario
from tests.unchanged.recorded import MANIFESTS, TELEMETRY, recorded_results

BOOK = load_rulebook(JudgingSettings())
STORIES = (
    "clean",
    "warm_break",
    "depot_storage",
    "missing_separator",
    "drinks_contact",
    "no_coolant_probe",
    "logger_silent",
    "loss_three_percent",
    "corrupt_zero",
    "clock_minutes_slow",
    "forged_line",
    "transfer_overstayed",
)
BY_RECEIPT = {"a_clock_set_right", "sent_again_with_the_right_clock"}
"""Changes that need times of receipt; files have none here."""
FLEET = simulate_fleet(
    [scenario(name) for name in STORIES],
    boxes=5 * len(STORIES),  # many in a run are judged faster than few in many
    seed=20,
    end_ms=instant_ms("2026-06-18T03:30:00Z"),
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(registered(FLEET, tmp_path_factory.mktemp("office")))


@pytest.fixture(scope="module")
def nothing_on_record(tmp_path_factory: pytest.TempPathFactory) -> Office:
    empty = simulate_fleet([scenario("clean")], boxes=1, seed=1, end_ms=1_781_753_400_000)
    return Office(registered(empty, tmp_path_factory.mktemp("empty")))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("live", [False, True])
def test_no_line_of_a_simulated_fleet_improves_outside_the_exceptions(
    live: bool, office: Office
) -> None:
    records = records_of(FLEET, rulebook=BOOK, live=live)
    assert {one.live for one in records} == {live}
    tally = run(records, office=office, rulebook=BOOK, trials=400, seed=7)
    assert not tally.forbidden, table(tally)
    assert tally.trials.keys() >= {*DELETIONS, *EDITS} - {"a_logger"}
    assert tally.trials.keys() >= {*CLOCKS} - (set() if live else BY_RECEIPT)


@pytest.mark.timeout(900)
def test_no_line_of_the_recorded_shipments_improves_outside_the_exceptions(
    nothing_on_record: Office,
) -> None:
    manifests, _ = read_manifest_files([MANIFESTS], classes=BOOK.classes)
    # A copy is found beside its original: where both are changed at once neither is one.
    copies = {
        name
        for name, one in recorded_results().items()
        if any(finding["subtype"] == "copied" for finding in one["findings"])
    }
    assert len(copies) == 2
    records = records_of_file(TELEMETRY, manifests=[m for m in manifests if m.id not in copies])
    tally = run(records, office=nothing_on_record, rulebook=BOOK, trials=400, seed=11)
    assert not tally.forbidden, table(tally)


def test_a_clock_that_was_shown_wrong_and_is_set_right_later_improves_nothing(
    office: Office,
) -> None:
    """From some reading on, or by sending all of them again: what was received first stays."""
    records = [one for one in records_of(FLEET, rulebook=BOOK, live=True) if one.live]
    _, before = judged(records, office, BOOK)
    rng = np.random.default_rng(4)
    slow = [
        replace(one, readings=replace(one.readings, time_ms=one.readings.time_ms - 1_200_000))
        for one in records
        if before[one.shipment].verdict in ("compliant", "asserted")
    ]
    assert len(slow) >= 4
    packs, wrong = judged(slow, office, BOOK)
    assert all(clock_is_wrong(one) for one in wrong.values())
    for name in ("a_clock_set_right", "sent_again_with_the_right_clock"):
        again = [CLOCKS[name](one, rng) for one in slow]
        changed = {one.record.shipment: one for one in again if one is not None}
        _, after = judged([one.record for one in changed.values()], office, BOOK)
        better = [
            found
            for shipment, one in changed.items()
            for found in improved(wrong[shipment], after[shipment], (name,), one, packs[shipment])
        ]
        assert not [found for found in better if found.by != {Allowed.SET_RIGHT}]
        assert name == "a_clock_set_right" or not better


def test_an_improvement_that_nothing_allows_is_told(office: Office) -> None:
    """The comparison itself can fail: without its exceptions a deletion that hides is found."""
    told = Tally()
    told.improved.append(Improved("S1", ("x",), "ANNEX6-10", "breach", "compliant", frozenset()))
    told.improved.append(
        Improved("S1", ("y",), "ANNEX6-10", "breach", "compliant", frozenset({Allowed.CLOCK}))
    )
    told.trials.update(["x", "y"])
    assert [one.changes for one in told.forbidden] == [("x",)]
    assert told.excused == {Allowed.CLOCK: 1}
    assert "| x | 1 | 1 | 1 |" in table(told)


def test_each_change_leaves_the_record_it_was_given_as_it_was() -> None:
    record = records_of(FLEET, rulebook=BOOK, live=False)[0]
    before = _columns(record)
    rng = np.random.default_rng(1)
    for change in (*DELETIONS.values(), *CLOCKS.values()):
        for _ in range(3):
            change(record, rng)
    for now, then in zip(_columns(record), before, strict=True):
        np.testing.assert_array_equal(now, then)


def _columns(record: Record) -> list[np.ndarray]:
    table_ = record.readings
    return [
        column.copy()
        for column in (table_.time_ms, table_.seq, table_.lat_deg, table_.temperature_c["drug"])
    ]
