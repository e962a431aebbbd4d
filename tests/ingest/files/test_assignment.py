"""Readings without a shipment go to the shipment that was in their box at that time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.domain.box_stays import BoxStay, box_stays
from coldwitness.domain.reading import Event, Reading
from coldwitness.domain.reading_table import reading_table
from coldwitness.ingest.files.assignment import assigned


def event(name: str, shipment: str, time_ms: int, box: str | None = "BX") -> Event:
    return Event(event=name, time_ms=time_ms, shipment=shipment, box=box)


def reading(time_ms: int, *, box: str | None = "BX", shipment: str | None = None) -> Reading:
    return Reading(
        logger="L", time_ms=time_ms, temperature_c={"drug": 4.0}, box=box, shipment=shipment
    )


def shipments(
    readings: list[Reading], known: list[BoxStay], only: str | None = None
) -> list[str | None]:
    table = assigned(reading_table(readings, None), known, only=only)
    return [table.shipments[code] if code >= 0 else None for code in table.shipment]


def test_packed_begins_a_stay_and_delivered_ends_it() -> None:
    for ending in ("delivered", "refused", "returned"):
        told = [event(ending, "A", 200), event("picked_up", "A", 120), event("packed", "A", 100)]
        assert box_stays(told) == [BoxStay("BX", "A", 100, 200)]


def test_a_stay_without_an_ending_lasts() -> None:
    assert box_stays([event("packed", "A", 100)]) == [BoxStay("BX", "A", 100, None)]


def test_the_next_shipment_in_the_box_ends_the_stay_before() -> None:
    told = [event("packed", "A", 100), event("packed", "B", 150), event("delivered", "A", 180)]
    assert box_stays(told) == [BoxStay("BX", "A", 100, 150), BoxStay("BX", "B", 150, None)]


def test_packed_twice_for_the_same_shipment_is_one_stay() -> None:
    assert box_stays([event("packed", "A", 100), event("packed", "A", 130)]) == [
        BoxStay("BX", "A", 100, None)
    ]


def test_delivered_and_packed_at_one_instant_are_two_stays() -> None:
    told = [event("packed", "B", 150), event("delivered", "A", 150), event("packed", "A", 100)]
    assert box_stays(told) == [BoxStay("BX", "A", 100, 150), BoxStay("BX", "B", 150, None)]


def test_events_without_a_box_tell_of_no_stay() -> None:
    assert box_stays([event("packed", "A", 100, box=None)]) == []


def test_a_reading_at_the_start_is_in_the_stay_and_one_at_the_end_is_not() -> None:
    known = [BoxStay("BX", "A", 100, 200)]
    times = [99, 100, 199, 200]
    assert shipments([reading(time) for time in times], known) == [None, "A", "A", None]


def test_a_reading_that_names_its_shipment_keeps_it() -> None:
    known = [BoxStay("BX", "A", 100, 200)]
    assert shipments([reading(150, shipment="Z")], known, only="O") == ["Z"]


def test_what_no_stay_claims_goes_to_the_only_shipment_of_the_call() -> None:
    known = [BoxStay("BX", "A", 100, 200)]
    rows = [reading(150), reading(300), reading(150, box=None)]
    assert shipments(rows, known, only="O") == ["A", "O", "O"]
    assert shipments(rows, known) == ["A", None, None]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["packed", "delivered", "returned"]),
            st.sampled_from("AB"),
            st.integers(0, 30),
            st.sampled_from(["X", "Y"]),
        ),
        max_size=10,
    ),
    st.lists(st.tuples(st.integers(0, 32), st.sampled_from(["X", "Y", "Z", None])), max_size=12),
)
def test_the_search_agrees_with_looking_at_every_stay(
    told: list[tuple[str, str, int, str]], asked: list[tuple[int, str | None]]
) -> None:
    known = box_stays([event(name, who, time, box) for name, who, time, box in told])
    expected = [
        next(
            (
                stay.shipment
                for stay in known
                if stay.box == box
                and stay.start_ms <= time
                and (stay.end_ms is None or time < stay.end_ms)
            ),
            None,
        )
        for time, box in asked
    ]
    assert shipments([reading(time, box=box) for time, box in asked], known) == expected
