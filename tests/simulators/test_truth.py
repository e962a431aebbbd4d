"""The truth that is told is the truth of the physics and of the journey."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.domain.instants import instant_ms
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.shipment import Shipment
from coldwitness.simulators.truth import crossings

END_MS = instant_ms("2026-06-18T03:30:00Z")


@cache
def told(name: str, boxes: int = 5) -> tuple[Shipment, ...]:
    return simulate_fleet([scenario(name)], boxes=boxes, seed=11, end_ms=END_MS).shipments


def readings(shipment: Shipment) -> list[dict[str, Any]]:
    """As they arrive."""
    out: list[dict[str, Any]] = []
    for _, topic, payload in shipment.messages:
        if topic.endswith("/readings"):
            said = msgspec.json.decode(payload)
            out += said if isinstance(said, list) else [said]
    return out


def in_custody(shipment: Shipment) -> list[dict[str, Any]]:
    truth = shipment.truth
    start, end = instant_ms(truth["packed_at"]), instant_ms(truth["delivered_at"])
    return [r for r in readings(shipment) if start <= instant_ms(r["time"]) <= end]


def halts(truth: dict[str, Any]) -> list[dict[str, Any]]:
    return [stop for stop in truth["stops"] if stop["kind"] == "halt"]


@pytest.mark.parametrize(
    "name",
    [
        *("clean", "clean_long", "clean_spring", "clean_autumn", "clean_with_meal"),
        *("winter_cold", "traffic_jam", "allowed_transfer", "door_wait", "active_box"),
        *("one_compartment", "slow_logger", "refused", "two_drug_probes", "short_halt"),
        *("clean_with_drinks", "clean_with_ice_cream", "swapped_probes"),
    ],
)
def test_clean_boxes_stay_between_3_and_7_degrees(name: str) -> None:
    for shipment in told(name):
        drug = shipment.truth["drug"]
        assert 3.0 < drug["min_c"] <= drug["max_c"] < 7.0
        assert drug["seconds_above"] == drug["seconds_below"] == 0.0


@pytest.mark.parametrize("name", ["warm_break", "lid_left_open", "hot_meal", "drinks_contact"])
def test_warm_stories_are_truly_too_warm_by_more_than_the_sensors_uncertainty(name: str) -> None:
    for shipment in told(name):
        assert shipment.truth["drug"]["max_c"] > 8.5 + 0.2
        assert shipment.truth["drug"]["seconds_above"] > 600.0


def test_frozen_drugs_are_truly_frozen_and_contact_in_spring_stays_in_range() -> None:
    assert all(s.truth["drug"]["seconds_frozen"] > 0 for s in told("freezing"))
    for shipment in told("missing_separator"):
        assert shipment.truth["drug"]["seconds_below"] == 0.0
        assert shipment.truth["isolation"]["coolant"]["separated"] is False
        assert shipment.truth["isolation"]["coolant"]["coupling_per_h"] > 1.5


def test_a_probe_tells_the_truth_within_offset_noise_and_lag() -> None:
    shipment = told("warm_break")[0]
    truth = shipment.truth
    start_ms, step_s = instant_ms(truth["start"]), truth["step_s"]
    grid = np.arange(len(truth["drug_surface_c"])) * step_s
    for reading in readings(shipment):
        at_s = (instant_ms(reading["time"]) - start_ms) / 1000.0
        # Lag of up to 120 s at 0.1 K/min, offset 0.2, five sigma of noise, half a step.
        true_c = np.interp(at_s - 60.0, grid, truth["drug_surface_c"])
        assert abs(reading["temperature"]["drug"] - true_c) < 0.2 + 0.25 + 0.05 + 0.25


def test_depot_storage_is_one_undeclared_long_halt_and_its_events_are_sent() -> None:
    for shipment in told("depot_storage"):
        (halt,) = halts(shipment.truth)
        assert halt["duration_s"] >= 32 * 60
        assert halt["declared"] is False
        assert halt["carried_in"] is True
        events = [
            msgspec.json.decode(payload)["event"]
            for _, topic, payload in shipment.messages
            if topic.endswith("/events")
        ]
        assert "stored" in events
        assert "retrieved" in events
        rest = [stop for stop in shipment.truth["stops"] if stop["kind"] in ("light", "jam")]
        assert all(stop["duration_s"] < 15 * 60 for stop in rest)


def test_a_jam_never_stands_long_at_one_place_though_it_lasts() -> None:
    for shipment in told("traffic_jam"):
        jam = [stop for stop in shipment.truth["stops"] if stop["kind"] == "jam"]
        assert not halts(shipment.truth)
        assert sum(stop["duration_s"] for stop in jam) > 5 * 60
        assert max(stop["duration_s"] for stop in jam) < 5 * 60


def test_an_allowed_transfer_stands_in_the_manifest_and_keeps_its_limit() -> None:
    for shipment in told("allowed_transfer"):
        (halt,) = halts(shipment.truth)
        (site,) = shipment.manifest["sites"]
        assert halt["duration_s"] <= 60 * site["max_minutes"]
        assert (site["lat"], site["lon"]) == (halt["lat"], halt["lon"])


def test_a_silence_loses_forty_minutes_of_readings_and_numbers() -> None:
    for shipment in told("logger_silent"):
        times = [instant_ms(r["time"]) for r in readings(shipment)]
        numbers = [r["seq"] for r in readings(shipment)]
        hole = max(np.diff(times)) / 60_000
        assert 39.0 < hole < 42.0
        assert max(np.diff(numbers)) in (40, 41, 42)


def test_a_backlog_loses_nothing_comes_out_of_order_and_some_of_it_twice() -> None:
    for shipment in told("late_backlog"):
        times = [instant_ms(r["time"]) for r in readings(shipment)]
        assert times != sorted(times)
        unique = sorted(set(times))
        assert max(np.diff(unique)) < 62_000
        arrays = [payload for _, _, payload in shipment.messages if payload.startswith(b"[")]
        assert len(arrays) == 1
    assert any(
        len(readings(s)) > len({r["time"] for r in readings(s)}) for s in told("late_backlog")
    )


def test_edited_and_deleted_records_show_no_reading_out_of_range() -> None:
    for name in ("edited_break", "deleted_break", "smoothed_break"):
        for shipment in told(name):
            assert shipment.truth["drug"]["seconds_above"] > 0
            kept = [r["temperature"]["drug"] for r in in_custody(shipment)]
            assert 2.0 <= min(kept) <= max(kept) <= 8.0


def test_deleted_records_number_the_rest_anew_but_cannot_hide_the_hole_in_time() -> None:
    for shipment in told("deleted_break"):
        said = readings(shipment)
        assert set(np.diff([r["seq"] for r in said])) == {1}
        times = [instant_ms(r["time"]) for r in said]
        times.append(max(times[-1], instant_ms(shipment.truth["delivered_at"])))
        assert max(np.diff(times)) > 10 * 60_000


def test_a_copied_curve_is_the_other_boxs_digit_by_digit() -> None:
    fleet = simulate_fleet(
        [scenario("clean"), scenario("copied_curve")], boxes=2, seed=8, end_ms=END_MS
    )
    source, copy = ([r["temperature"] for r in readings(s)] for s in fleet.shipments)
    n = min(len(source), len(copy))
    assert copy[:n] == source[:n]
    faults = fleet.shipments[1].truth["faults"]
    (told_of,) = [fault for fault in faults if fault["kind"] == "copied"]
    assert told_of["copied_from"] == fleet.shipments[0].id


def test_exchanged_plugs_show_the_coolant_as_the_drug() -> None:
    for shipment in told("swapped_probes"):
        said = [reading["temperature"] for reading in in_custody(shipment)]
        assert np.mean([reading["drug"] for reading in said]) < 2.0
        assert np.mean([reading["coolant"] for reading in said]) > 3.0
        assert any(fault["kind"] == "swapped_probes" for fault in shipment.truth["faults"])


def test_a_second_drug_probe_is_sent_under_its_own_name() -> None:
    for shipment in told("two_drug_probes"):
        said = [reading["temperature"] for reading in in_custody(shipment)]
        assert all({"drug", "drug.2", "coolant", "ambient"} == reading.keys() for reading in said)
        apart = [abs(reading["drug"] - reading["drug.2"]) for reading in said]
        assert 0.0 < max(apart) < 1.5


@pytest.mark.parametrize("body", ["dies_at = 0.0", "late_start_min = 600", "interval_s = 9000"])
def test_a_logger_that_barely_ran_still_wrote_something(tmp_path: Path, body: str) -> None:
    head = 'name = "x"\ntitle = { zh = "甲", en = "a" }\nstory = "s"\n[logger]\n'
    (tmp_path / "x.toml").write_text(head + body, encoding="utf-8")
    (shipment,) = simulate_fleet(
        [scenario(str(tmp_path / "x.toml"))], boxes=1, seed=1, end_ms=END_MS
    ).shipments
    assert readings(shipment)
    assert shipment.truth["stops"]


def test_a_clock_jump_is_told_with_its_size() -> None:
    for shipment in told("clock_error"):
        times = [instant_ms(r["time"]) for r in readings(shipment)]
        assert max(np.diff(times)) > 660_000
        assert any(f["kind"] == "clock_jump" for f in shipment.truth["faults"])


def test_the_truth_tells_every_error_of_the_instruments_and_of_the_radio(tmp_path: Path) -> None:
    """Offset, noise and lag a probe; drift, multipath jumps and repeated messages with numbers."""
    head = 'name = "x"\ntitle = { zh = "甲", en = "a" }\nstory = "s"\n'
    body = "[logger]\nclock_drift_s_per_h = 20.0\nmultipath = 0.2\n[radio]\nrepeats = 0.3\n"
    (tmp_path / "x.toml").write_text(head + body, encoding="utf-8")
    (shipment,) = simulate_fleet(
        [scenario(str(tmp_path / "x.toml"))], boxes=1, seed=1, end_ms=END_MS
    ).shipments
    faults = {fault["kind"]: fault for fault in shipment.truth["faults"]}
    probes = {f["probe"]: f for f in shipment.truth["faults"] if f["kind"] == "offset"}
    assert probes.keys() == readings(shipment)[0]["temperature"].keys()
    assert all(45.0 <= probe["lag_s"] <= 120.0 for probe in probes.values())
    assert all({"offset_c", "noise_c"} <= probe.keys() for probe in probes.values())
    assert faults["clock_drift"]["by_s_per_h"] == 20.0
    said = readings(shipment)
    assert faults["repeated"]["messages"] == len(said) - len({r["seq"] for r in said}) > 0
    assert 0 < faults["multipath"]["fixes"] < len(said) / 2


def test_the_truth_tells_every_opening_of_the_lid() -> None:
    for shipment in told("lid_left_open"):
        openings = shipment.truth["lid"]
        assert openings
        assert all(opening["start"] < opening["end"] for opening in openings)
        seen = [o for o in openings if o["seen"]]
        for reading in readings(shipment):
            if reading["lid_open"]:
                at = reading["time"]
                assert any(o["start"] <= at < o["end"] for o in seen)


def test_expired_calibration_ended_before_the_packing() -> None:
    for shipment in told("calibration_expired"):
        until = shipment.manifest["logger"]["calibrated_until"]
        assert until < shipment.truth["packed_at"][:10]


def test_shifted_positions_say_so_and_lie_hundreds_of_metres_off() -> None:
    for shipment in told("gcj02_positions", boxes=2):
        first = readings(shipment)[0]["position"]
        assert first["datum"] == "GCJ02"
        north_m = (first["lat"] - shipment.manifest["origin"]["lat"]) * 111_195
        east_m = (first["lon"] - shipment.manifest["origin"]["lon"]) * 89_000
        assert 300 < np.hypot(north_m, east_m) < 900


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.floats(-5, 15), min_size=2, max_size=60),
    limit=st.floats(-2, 12),
)
def test_crossings_cover_what_lies_beyond_the_limit_and_nothing_else(
    values: list[float], limit: float
) -> None:
    curve, grid = np.array(values), np.arange(len(values), dtype=np.float64)
    fine = np.linspace(0, grid[-1], 50 * (grid.size - 1) + 1)
    above = crossings(grid, value=curve, limit=limit, above=True)
    below = crossings(grid, value=curve, limit=limit, above=False)
    for intervals, sign in ((above, 1.0), (below, -1.0)):
        beyond = sign * (np.interp(fine, grid, curve) - limit)
        inside = np.zeros(fine.size, dtype=bool)
        for start, end in intervals:
            inside |= (fine >= start - 1e-9) & (fine <= end + 1e-9)
        assert np.all(inside[beyond > 1e-6])
        assert np.all(beyond[inside] > -1e-6 - 0.5 * np.abs(np.diff(curve)).max())
    assert sum(e - s for s, e in above) + sum(e - s for s, e in below) <= grid[-1] + 1e-6
