"""Manifests, custody and lists in the register, on every database."""

from collections import Counter
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldwitness.domain.box_stays import BoxStay, box_stays
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.manifest import Box, Company, Item, Manifest
from coldwitness.domain.reading import Event, Reading
from coldwitness.domain.result import Window
from coldwitness.domain.shipment_filter import SORTS, Asked, Sort
from coldwitness.storage.ports import Review, ShipmentRow
from coldwitness.storage.register import SqlRegister, schema
from coldwitness.storage.register.shipment_list import RANKS, place_of
from tests.storage.readings import MINUTE, T0
from tests.storage.results import at, finding, record, result


def manifest(shipment: str = "S-1", **more: Any) -> Manifest:
    source = {"id": shipment, "items": [{"storage": "refrigerated"}], "note": "冷藏 \x00"}
    values = {"items": (Item(storage="refrigerated"),), "source": source} | more
    return Manifest(id=shipment, **values)


def event(name: str, minute: float, shipment: str | None = "S-1", **more: Any) -> Event:
    values = {"box": "BX-1", "courier": "ql"} | more
    return Event(event=name, shipment=shipment, time_ms=T0 + round(minute * MINUTE), **values)


def add(register: SqlRegister, *events: Event, received_ms: int = T0) -> frozenset[str]:
    return register.custody.add_events(events, [received_ms] * len(events))


def test_of_several_manifests_all_are_kept_with_when_and_by_whom(register: SqlRegister) -> None:
    register.manifests.put(manifest("S-2"), received_ms=T0)
    register.manifests.put(manifest(), received_ms=T0, sender="seller")
    register.manifests.put(manifest(dispatched_ms=T0), received_ms=T0 + 5, sender="ql")
    versions = register.manifests.versions(["S-1", "S-2", "S-3"])
    assert list(versions) == ["S-1"]
    assert [(v.version, v.received_ms, v.sender) for v in versions["S-1"]] == [
        (1, T0, "seller"),
        (2, T0 + 5, "ql"),
    ]
    assert [v.manifest.dispatched_ms for v in versions["S-1"]] == [None, T0]


def test_the_first_receipt_of_a_shipments_events_is_told(register: SqlRegister) -> None:
    add(register, event("packed", 0), received_ms=T0 + 9)
    add(register, event("picked_up", 5), received_ms=T0 + 3)
    assert register.custody.first_received(["S-1", "S-2"]) == {"S-1": T0 + 3}


def told(register: SqlRegister, *shipments: str) -> list[tuple[str, float, float | None]]:
    return [
        (
            stay.shipment,
            (stay.start_ms - T0) / MINUTE,
            None if stay.end_ms is None else (stay.end_ms - T0) / MINUTE,
        )
        for stay in register.custody.stays(shipments)
    ]


def test_a_manifest_comes_back_whole(register: SqlRegister) -> None:
    sent = manifest(
        courier=Company(id="ql-express", division="370303"),
        box=Box(id="BX-1", cooling="passive"),
        dispatched_ms=T0,
    )
    assert register.manifests.put(sent, received_ms=T0) == 1
    assert register.manifests.newest(["S-1", "S-2"]) == {"S-1": sent}


def test_the_same_manifest_again_is_the_same_version(register: SqlRegister) -> None:
    assert register.manifests.put(manifest(), received_ms=T0) == 1
    assert register.manifests.put(manifest(), received_ms=T0 + 5) == 1


def test_a_changed_manifest_is_a_new_version_and_the_old_one_stays(register: SqlRegister) -> None:
    register.manifests.put(manifest(), received_ms=T0)
    assert register.manifests.put(manifest(dispatched_ms=T0), received_ms=T0 + 5) == 2
    assert register.manifests.put(manifest(), received_ms=T0 + 6) == 3

    assert register.manifests.newest(["S-1"])["S-1"].dispatched_ms is None
    second = register.manifests.version("S-1", 2)
    assert second is not None
    assert second.dispatched_ms == T0
    assert register.manifests.version("S-1", 4) is None


def test_many_manifests_at_once_are_kept_as_one_after_another(register: SqlRegister) -> None:
    known, changed = manifest("S-2", dispatched_ms=T0), manifest("S-3", dispatched_ms=T0)
    register.manifests.put(known, received_ms=T0)
    register.manifests.put(manifest("S-3", courier=Company(id="ql")), received_ms=T0)
    sent = [changed, manifest("S-1", courier=Company(id="sf", division="3703")), known]
    assert register.manifests.put_all(sent, received_ms=T0 + 5) == [2, 1, 1]
    assert register.manifests.put_all([], received_ms=T0 + 6) == []
    assert register.manifests.newest(["S-1", "S-2", "S-3"]) == {one.id: one for one in sent}
    rows = {row.id: row for row in register.shipments.rows()}
    assert [rows[name].courier for name in ("S-1", "S-2", "S-3")] == ["sf", None, "ql"]
    assert [rows[name].division for name in ("S-1", "S-2", "S-3")] == ["3703", None, None]
    assert rows["S-1"].started_at is None
    assert rows["S-3"].started_at == rfc3339(T0)


def test_events_come_back_by_time_and_once_each(register: SqlRegister) -> None:
    late, early = event("delivered", 30), event("packed", 0, note="轻放 \x00")
    assert add(register, late, early, late) == {"S-1"}
    assert add(register, early) == frozenset()
    assert register.custody.events(["S-1", "S-9"]) == {"S-1": [early, late]}


def test_packed_begins_a_stay_and_delivered_ends_it(register: SqlRegister) -> None:
    add(register, event("packed", 0))
    assert told(register, "S-1") == [("S-1", 0, None)]
    add(register, event("delivered", 30))
    assert told(register, "S-1") == [("S-1", 0, 30)]


def test_the_next_packing_ends_a_stay_and_names_both_shipments_as_changed(
    register: SqlRegister,
) -> None:
    add(register, event("packed", 0, "S-1"))
    assert add(register, event("packed", 20, "S-2")) == {"S-1", "S-2"}
    assert told(register, "S-1", "S-2") == [("S-1", 0, 20), ("S-2", 20, None)]


def test_a_late_event_mends_the_stays_after_it(register: SqlRegister) -> None:
    add(register, event("packed", 0, "S-1"), event("delivered", 50, "S-2"))
    assert add(register, event("packed", 20, "S-2")) == {"S-1", "S-2"}
    assert told(register, "S-1", "S-2") == [("S-1", 0, 20), ("S-2", 20, 50)]


def test_the_shipment_in_a_box_is_known_at_each_time_half_open(register: SqlRegister) -> None:
    add(register, event("packed", 10, "S-1"), event("delivered", 20, "S-1"))
    add(register, event("packed", 30, "S-2"), event("packed", 0, "S-3", box="BX-3"))
    minutes = [9.9, 10, 19.9, 20, 29, 30, 500]

    found = register.custody.shipments_at(
        ["BX-1"] * 7 + ["BX-3", "BX-4"], [T0 + round(m * MINUTE) for m in minutes] + [T0, T0]
    )

    assert found == [None, "S-1", "S-1", None, None, "S-2", "S-2", "S-3", None]
    assert register.custody.shipments_at([], []) == []


EVENTS = st.builds(
    event,
    st.sampled_from(["packed", "delivered", "refused", "opened"]),
    st.integers(0, 6),
    st.sampled_from(["S-1", "S-2", "S-3", None]),
    box=st.sampled_from(["BX-1", "BX-2", None]),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=st.lists(st.lists(EVENTS, max_size=4), max_size=5))
def test_stays_are_those_of_all_events_whatever_order_they_came_in(
    batches: list[list[Event]], register: SqlRegister
) -> None:
    with register.database.write() as connection:
        connection.execute(schema.stays.delete())
        connection.execute(schema.events.delete())
    for batch in batches:
        before = {(stay.shipment, stay) for stay in register.custody.stays(["S-1", "S-2", "S-3"])}
        changed = add(register, *batch)
        after = {(stay.shipment, stay) for stay in register.custody.stays(["S-1", "S-2", "S-3"])}
        assert {shipment for shipment, _ in before ^ after} <= changed
    expected: list[BoxStay] = box_stays(event for batch in batches for event in batch)
    found = register.custody.stays(["S-1", "S-2", "S-3"])
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def test_the_list_shows_each_shipment_with_its_newest_verdict(register: SqlRegister) -> None:
    register.custody.note_seen({"S-2": None, "S-1": "ql"})
    register.custody.note_seen({"S-2": "sf", "S-1": None})
    record(register, result(finding()), reason="readings")

    first, second = register.shipments.rows()
    assert (first.id, first.verdict, first.courier, first.findings) == ("S-1", "breach", "ql", 1)
    assert (first.started_at, first.ended_at, first.result_version) == (at(0), at(60), 1)
    assert (second.id, second.verdict, second.courier, second.result_version) == (
        "S-2",
        None,
        "sf",
        0,
    )


def test_one_line_of_the_list_is_found_by_its_id(register: SqlRegister) -> None:
    record(register, result(finding()), reason="readings")
    assert register.shipments.row("S-1") == register.shipments.rows()[0]
    assert register.shipments.row("S-2") is None


def test_the_list_is_read_in_pages(register: SqlRegister) -> None:
    register.custody.note_seen({f"S-{number:03d}": None for number in range(25)})
    seen: list[str] = []
    while page := register.shipments.rows(after=seen[-1] if seen else None, limit=10):
        seen += [row.id for row in page]
    assert seen == [f"S-{number:03d}" for number in range(25)]


def test_the_list_is_cut_by_verdict_courier_division_and_period(register: SqlRegister) -> None:
    for shipment, division in (("S-1", "370305"), ("S-2", "370303"), ("S-3", "371000")):
        seller = Company(division=division)
        register.manifests.put(
            manifest(shipment, seller=seller, courier=Company(id=f"c-{shipment}")), received_ms=T0
        )
    record(register, result(shipment="S-2"))

    def ids(**filters: Any) -> list[str]:
        return [row.id for row in register.shipments.rows(**filters)]

    assert ids(verdict="compliant") == ["S-2"]
    assert ids(courier="c-S-3") == ["S-3"]
    assert ids(division="370305") == ["S-1"]
    assert ids(division="370300") == ["S-1", "S-2"]
    assert ids(division="37%") == []
    assert ids(from_ms=T0 + 60 * MINUTE) == ["S-1", "S-2", "S-3"]
    assert ids(from_ms=T0 + 61 * MINUTE) == ["S-1", "S-3"]
    assert ids(to_ms=T0) == ["S-1", "S-3"]
    assert ids(to_ms=T0 + 1) == ["S-1", "S-2", "S-3"]


def test_a_legal_hold_is_set_and_lifted(register: SqlRegister) -> None:
    register.custody.note_seen({"S-1": None, "S-2": None})
    assert register.shipments.hold("S-2", held=True)
    assert not register.shipments.hold("S-none", held=True)
    assert register.shipments.held() == ["S-2"]
    assert register.shipments.hold("S-2", held=False)
    assert register.shipments.held() == []


def test_a_rebuild_drops_events_that_the_journal_does_not_know(register: SqlRegister) -> None:
    packed, stray = event("packed", 0), event("packed", 10, "S-9")
    add(register, packed, received_ms=T0 + 5)
    add(register, stray)

    register.custody.begin_rebuild()
    add(register, packed, received_ms=T0 + 7)
    register.custody.begin_rebuild()
    live = event("delivered", 30)
    add(register, live)
    assert told(register, "S-1", "S-9") == [("S-1", 0, 10), ("S-9", 10, None)]
    changed = register.custody.finish_rebuild()

    assert changed == {"S-1", "S-9"}
    assert register.custody.events(["S-1", "S-9"]) == {"S-1": [packed, live]}
    assert told(register, "S-1", "S-9") == [("S-1", 0, 30)]
    assert register.custody.every_event() == [(packed, T0 + 7), (live, T0)]


def listed(register: SqlRegister, count: int) -> None:
    """Some shipments of all verdicts and times, and without either."""
    for n in range(count):
        name = f"S-{n * 7 % count:02d}"
        register.custody.note_seen({name: f"c-{n % 3}"})
        if n % 4:
            verdict = ("breach", "compliant", "suspected")[n % 3]
            window = Window(start=rfc3339(T0 + n % 5 * MINUTE), end=None)
            judged = result(shipment=name)
            record(register, msgspec.structs.replace(judged, verdict=verdict, window=window))


@pytest.mark.parametrize("sort", SORTS)
def test_a_list_goes_on_where_it_was_in_every_order(register: SqlRegister, sort: Sort) -> None:
    listed(register, 23)
    whole = register.shipments.rows(sort=sort)
    assert len(whole) == 23
    seen: list[ShipmentRow] = []
    while page := register.shipments.rows(
        sort=sort, limit=4, after=place_of(seen[-1]) if seen else None
    ):
        seen += page
    assert seen == whole
    times = [row.started_at or "" for row in whole if row.started_at]
    if sort in ("newest", "oldest"):
        assert times == sorted(times, reverse=sort == "newest")
        assert all(row.started_at is None for row in whole[len(times) :])
    if sort == "gravest":
        ranks = [RANKS.get(row.verdict or "", 0) for row in whole]
        assert ranks == sorted(ranks, reverse=True)


def test_counts_are_those_of_the_rows(register: SqlRegister) -> None:
    listed(register, 23)
    for asked in ({}, {"courier": "c-1"}, {"q": "s-1"}, {"verdict": "breach"}):
        filters = cast(Asked, asked)
        rows = register.shipments.rows(limit=100, **filters)
        counted = Counter((row.verdict, row.state) for row in rows)
        assert register.shipments.counts(**filters) == counted


def test_the_list_is_cut_by_seller_box_batch_review_and_found_by_a_logger(
    register: SqlRegister,
) -> None:
    for n in (1, 2):
        register.manifests.put(
            manifest(
                f"S-{n}",
                seller=Company(id=f"PH-{n}", name=f"示例第{n}大药房"),
                box=Box(id=f"BX-{n}"),
                items=(Item(name="胰岛素", storage="refrigerated", batch=f"B{n}"),),
            ),
            received_ms=T0,
        )
    add(register, event("packed", 0, "S-3", box="BX-9"))
    register.custody.note_probes(
        [Reading(logger="LG-77", time_ms=T0, temperature_c={"drug": 4.0}, box="BX-9")]
    )
    review = Review("S-2", 1, "officer", "confirmed", "seen", T0)
    register.reviews.add(review)

    def ids(**asked: Any) -> list[str]:
        return [row.id for row in register.shipments.rows(**asked)]

    assert ids(seller="示例第1大药房") == ids(seller="ph-1") == ["S-1"]
    assert ids(batch="b2") == ids(box="BX-2") == ["S-2"]
    assert ids(box="BX-9") == ids(q="bx-9") == ids(q="lg-77") == ["S-3"]
    assert ids(review="confirmed") == ids(review="any") == ["S-2"]
    assert ids(review="none") == ["S-1", "S-3"]
    assert ids(review="rejected") == ids(seller="示例第3大药房") == []
    assert ids(q="100%") == ids(q="s_1") == []


def test_couriers_of_many_names_are_told_of_those_that_are_known(register: SqlRegister) -> None:
    register.custody.note_seen({"甲 '1\"": "ql", "S-2": None})
    asked = ["甲 '1\"", "S-2", *(f"X-{n}" for n in range(40_000))]
    assert register.shipments.couriers_of(asked) == {"甲 '1\"": "ql", "S-2": None}
    assert register.shipments.couriers_of([]) == {}
