"""A fleet repeats byte by byte, keeps to the contract's form, and ends when asked."""

from collections import Counter

import msgspec
import pytest

from coldwitness.domain.errors import BadInput
from coldwitness.domain.identifiers import is_id
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.reading import EVENT_NAMES, ROLES
from coldwitness.simulators.demo_fleet import DEMO_STORIES, demo_fleet
from coldwitness.simulators.fleet import Fleet, simulate_fleet
from coldwitness.simulators.scenario import scenario, scenario_names

END_MS = instant_ms("2026-06-18T03:30:00Z")


@pytest.fixture(scope="module")
def demo() -> Fleet:
    return demo_fleet(seed=5, end_ms=END_MS)


def test_same_seed_gives_the_same_bytes(demo: Fleet) -> None:
    again = demo_fleet(seed=5, end_ms=END_MS)
    assert list(again.messages()) == list(demo.messages())
    assert [s.manifest for s in again.shipments] == [s.manifest for s in demo.shipments]
    assert [s.truth for s in again.shipments] == [s.truth for s in demo.shipments]


def test_another_seed_gives_other_data(demo: Fleet) -> None:
    assert list(demo_fleet(seed=6, end_ms=END_MS).messages()) != list(demo.messages())


def test_a_box_does_not_depend_on_how_many_boxes_there_are() -> None:
    stories = [scenario("clean"), scenario("late_backlog"), scenario("clean_long")]
    few = simulate_fleet(stories, boxes=2, seed=3, end_ms=END_MS)
    more = simulate_fleet(stories, boxes=6, seed=3, end_ms=END_MS)
    for number in range(2):
        assert few.shipments[number].messages == more.shipments[number].messages


def test_demo_tells_at_least_ten_stories_in_24_boxes_within_the_promised_numbers(
    demo: Fleet,
) -> None:
    assert len(demo.shipments) >= 24
    assert len(set(DEMO_STORIES)) >= 10
    assert 2500 <= demo.message_count <= 4000
    for shipment in demo.shipments:
        truth = shipment.truth
        minutes = (instant_ms(truth["delivered_at"]) - instant_ms(truth["packed_at"])) / 60_000
        assert 45 <= minutes <= 150, shipment.scenario.name


def test_messages_come_by_publish_time_and_end_at_or_before_the_end(demo: Fleet) -> None:
    times = [message[0] for message in demo.messages()]
    assert times == sorted(times)
    assert END_MS - 60_000 * 31 < times[-1] <= END_MS
    assert len(times) == demo.message_count
    assert (times[0], times[-1]) == (
        min(s.span_ms[0] for s in demo.shipments),
        max(s.span_ms[1] for s in demo.shipments),
    )


def test_payloads_have_the_contracts_form(demo: Fleet) -> None:
    kinds: Counter[str] = Counter()
    for _, topic, payload in demo.messages():
        head, version, courier, box, kind = topic.split("/")
        assert (head, version) == ("coldchain", "v1")
        assert is_id(courier)
        assert is_id(box)
        said = msgspec.json.decode(payload)
        for entry in said if isinstance(said, list) else [said]:
            kinds[kind] += 1
            instant_ms(entry["time"])
            assert is_id(entry["logger"])
            if kind == "events":
                assert entry["event"] in EVENT_NAMES
                continue
            assert entry["temperature"].keys() <= set(ROLES)
            assert entry["temperature"]
            assert all(-60 < value < 90 for value in entry["temperature"].values())
            assert isinstance(entry["seq"], int)
            assert entry["seq"] >= 0
            assert 36 < entry.get("position", {"lat": 36.8})["lat"] < 38
    assert kinds["readings"] == demo.reading_count
    assert kinds["events"] > 3 * len(demo.shipments)


def test_every_shipment_is_packed_picked_up_and_ended_once(demo: Fleet) -> None:
    for shipment in demo.shipments:
        events = [
            msgspec.json.decode(payload)["event"]
            for _, topic, payload in shipment.messages
            if topic.endswith("/events")
        ]
        for name in ("packed", "picked_up", "arrived", "delivered"):
            assert events.count(name) == 1, (shipment.id, name)
        assert events[0] == "packed"
        assert events[-1] == "delivered"


def test_manifests_are_readable_by_whoever_knows_the_contract(demo: Fleet) -> None:
    for shipment in demo.shipments:
        manifest = shipment.manifest
        assert is_id(manifest["id"])
        assert manifest["items"][0]["storage"] == "refrigerated"
        assert manifest["box"]["id"] == shipment.box
        assert manifest["box"]["qualification"]["coolant_coupling_max_per_h"] > 0
        assert abs(manifest["origin"]["lat"] - 36.82) < 0.05
        assert manifest["logger"]["calibrated_until"][:2] == "20"


def test_no_stories_no_boxes_or_a_copy_of_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="at least one scenario"):
        simulate_fleet([], boxes=1, seed=1, end_ms=END_MS)
    with pytest.raises(BadInput, match="at least 1, got 0"):
        simulate_fleet([scenario("clean")], boxes=0, seed=1, end_ms=END_MS)
    with pytest.raises(BadInput, match="at least two boxes"):
        simulate_fleet([scenario("copied_curve")], boxes=1, seed=1, end_ms=END_MS)


def test_every_scenario_simulates() -> None:
    stories = [scenario(name) for name in scenario_names()]
    fleet = simulate_fleet(stories, boxes=len(stories), seed=2, end_ms=END_MS)
    assert [s.truth["scenario"] for s in fleet.shipments] == scenario_names()
