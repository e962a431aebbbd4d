"""What falls short between a sound record and the one that is sent, and what a forger draws."""

from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from coldwitness.domain.instants import instant_ms
from coldwitness.simulators.drawn_curves import DRAWN
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import Scenario, scenario
from coldwitness.simulators.shipment import Shipment

END_MS = instant_ms("2026-06-18T03:30:00Z")


def told(story: Scenario | str, seed: int = 3) -> Shipment:
    story = scenario(story) if isinstance(story, str) else story
    return simulate_fleet([story], boxes=1, seed=seed, end_ms=END_MS).shipments[0]


def sent(shipment: Shipment, kind: str) -> list[dict[str, Any]]:
    bodies = (msgspec.json.decode(body) for _, topic, body in shipment.messages if kind in topic)
    flat = [one for body in bodies for one in (body if isinstance(body, list) else [body])]
    return sorted(flat, key=lambda one: str(one["time"]))


def drug(shipment: Shipment) -> list[float]:
    return [reading["temperature"]["drug"] for reading in sent(shipment, "readings")]


def test_a_receiver_without_sky_gives_no_fix_indoors_and_else_the_same() -> None:
    clear = scenario("indoors_unseen")
    clear = replace(clear, receiver=replace(clear.receiver, indoors=True))
    seen = {r["seq"]: r["position"] for r in sent(told(clear), "readings")}
    unseen = sent(told("indoors_unseen"), "readings")
    assert "position" not in unseen[0]
    assert "position" not in unseen[-1]
    some = [r for r in unseen if "position" in r]
    assert len(some) > 10
    assert all(seen[r["seq"]] == r["position"] for r in some)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [("zero", 0.0), ("minus_40", -40.0), ("ceiling", 127.9), ("sign", None), ("bit", None)],
)
def test_one_value_and_no_more_is_corrupt(kind: str, wrong: float | None) -> None:
    right = scenario(f"corrupt_{kind}")
    right = replace(right, logger=replace(right.logger, corrupt="none"))
    pairs = zip(drug(told(f"corrupt_{kind}")), drug(told(right)), strict=True)
    changed = [(a, b) for a, b in pairs if a != b]
    assert len(changed) == 1
    assert wrong is None or changed[0][0] == wrong


def test_gcj02_that_is_unsaid_is_shifted_and_bears_no_word_of_it() -> None:
    plain = replace(scenario("datum_unsaid"), logger=scenario("clean").logger)
    shifted, true = (sent(told(s), "readings")[0]["position"] for s in ("datum_unsaid", plain))
    assert "datum" not in shifted
    assert 0.002 < abs(shifted["lon"] - true["lon"]) < 0.01


def test_delivered_pressed_late_comes_after_the_drug_was_taken_out_and_the_probe_lies_in_air() -> (
    None
):
    shipment = told("pressed_late")
    pressed = sent(shipment, "events")[-1]
    late_s = (instant_ms(pressed["time"]) - instant_ms(shipment.truth["delivered_at"])) / 1000
    assert pressed["event"] == "delivered"
    assert 60 <= late_s <= 600
    assert drug(shipment)[-1] > 15.0


def test_delivered_pressed_at_a_depot_ends_custody_before_the_way_is_over() -> None:
    shipment = told("pressed_at_depot")
    pressed = instant_ms(sent(shipment, "events")[-1]["time"])
    halt = next(stop for stop in shipment.truth["stops"] if stop["kind"] == "halt")
    assert instant_ms(halt["start"]) < pressed < instant_ms(halt["end"])
    assert pressed < instant_ms(shipment.truth["delivered_at"])


def test_a_box_shifted_about_in_a_yard_stays_within_its_reach() -> None:
    shipment = told("yard_shifted")
    halt = next(stop for stop in shipment.truth["stops"] if stop["kind"] == "halt")
    there = [
        r["position"]
        for r in sent(shipment, "readings")
        if instant_ms(halt["start"]) <= instant_ms(r["time"]) < instant_ms(halt["end"])
    ]
    north_m = 111_195 * np.array([p["lat"] - halt["lat"] for p in there if p["accuracy_m"] < 30])
    assert 20 < np.ptp(north_m) < 200


@pytest.mark.parametrize("kind", sorted(DRAWN))
def test_each_forged_curve_differs_from_the_true_one_and_keeps_the_loggers_grid(kind: str) -> None:
    true = scenario(f"forged_{kind}")
    forged, honest = drug(told(true)), drug(told(replace(true, fraud="none")))
    assert forged != honest
    assert np.allclose(forged, np.round(forged, 1))
    assert {"kind": kind} in told(true).truth["faults"]


@pytest.mark.parametrize("kind", ["line", "noisy_line", "clipped", "scaled"])
def test_a_break_that_is_drawn_over_leaves_nothing_out_of_range(kind: str) -> None:
    true = scenario(f"forged_{kind}")
    assert max(drug(told(replace(true, fraud="none")))) > 8.5
    assert max(drug(told(true))) <= 8.1
