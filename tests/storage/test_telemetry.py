"""The telemetry port: one suite over every adapter."""

import threading
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.reading import Reading
from coldwitness.storage.ports import Appended, TelemetryStore
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from coldwitness.storage.telemetry.memory import MemoryTelemetry
from tests.storage.readings import FULL, MINUTE, READINGS, T0, reading, rows


def put(store: TelemetryStore, *readings: Reading, received_ms: int = T0 + 1000) -> Appended:
    return store.append(readings, [received_ms] * len(readings))


def stay(box: str, shipment: str, start: float, end: float | None) -> BoxStay:
    return BoxStay(
        box=box,
        shipment=shipment,
        start_ms=T0 + round(start * MINUTE),
        end_ms=None if end is None else T0 + round(end * MINUTE),
    )


def test_every_field_of_a_reading_comes_back(store: TelemetryStore) -> None:
    put(store, FULL, received_ms=T0 + 456)

    assert rows(store.readings(["S-9"], [])) == [
        {
            "shipment": "S-9",
            "box": "BX-9",
            "logger": "LG-9",
            "time_ms": T0 + 123,
            "received_ms": T0 + 456,
            "t:goods": 40.25,
            "t:drug": 4.5,
            "t:drug.2": 4.625,
            "t:VOC index": -0.1,
            "lat_deg": 36.82,
            "lon_deg": 118.3,
            "accuracy_m": 12.5,
            "light_lux": 880.0,
            "humidity_pct": 55.5,
            "battery_v": 3.61,
            "seq": 77,
            "lid_open": 1,
            "moving": 0,
        }
    ]


def test_what_was_not_sent_is_absent_and_never_zero(store: TelemetryStore) -> None:
    put(store, Reading(logger="LG-1", time_ms=T0, temperature_c={"drug": 0.0}, shipment="S-1"))

    assert rows(store.readings(["S-1"], [])) == [
        {
            "shipment": "S-1",
            "box": None,
            "logger": "LG-1",
            "time_ms": T0,
            "received_ms": T0 + 1000,
            "t:drug": 0.0,
        }
    ]


def test_the_answer_lists_the_shipments_asked_for_in_their_order(store: TelemetryStore) -> None:
    put(store, reading(0, shipment="S-1"), reading(1, shipment="S-2"))

    table = store.readings(["S-2", "S-none", "S-1"], [])

    assert table.shipments == ("S-2", "S-none", "S-1")
    assert sorted(zip(table.shipment.tolist(), table.time_ms.tolist(), strict=True)) == [
        (0, T0 + MINUTE),
        (2, T0),
    ]


def test_an_empty_store_answers_an_empty_table(store: TelemetryStore) -> None:
    table = store.readings(["S-1"], [stay("BX-1", "S-1", 0, None)])

    assert len(table) == 0
    assert table.shipments == ("S-1",)
    assert len(store.readings([], [])) == 0


def test_an_empty_batch_changes_nothing(store: TelemetryStore) -> None:
    assert put(store) == Appended(new=0, repeated=0, conflicting=0)


def test_the_same_batch_twice_changes_nothing(store: TelemetryStore) -> None:
    batch = [reading(minute, drug=4 + minute / 10) for minute in range(20)]
    assert put(store, *batch) == Appended(new=20, repeated=0, conflicting=0)
    before = rows(store.readings(["S-1"], []))

    assert put(store, *batch, received_ms=T0 + 9999) == Appended(new=0, repeated=20, conflicting=0)
    assert rows(store.readings(["S-1"], [])) == before


def test_a_repetition_that_arrived_earlier_gives_its_receive_time(store: TelemetryStore) -> None:
    put(store, reading(), received_ms=T0 + 5000)
    put(store, reading(), received_ms=T0 + 2000)
    put(store, reading(), received_ms=T0 + 7000)

    assert store.readings(["S-1"], []).received_ms.tolist() == [T0 + 2000]


def test_a_repetition_within_one_batch_is_kept_once(store: TelemetryStore) -> None:
    assert put(store, reading(), reading()) == Appended(new=1, repeated=1, conflicting=0)
    assert len(store.readings(["S-1"], [])) == 1


def test_other_values_at_a_known_logger_and_time_are_kept_beside_the_first(
    store: TelemetryStore,
) -> None:
    put(store, reading(drug=5.0))
    assert put(store, reading(drug=9.0)) == Appended(new=0, repeated=0, conflicting=1)
    assert put(store, reading(drug=9.0), reading(drug=5.0)).repeated == 2

    table = store.readings(["S-1"], [])
    assert sorted(table.temperature_c["drug"].tolist()) == [5.0, 9.0]


def test_a_conflict_within_one_batch_is_kept(store: TelemetryStore) -> None:
    assert put(store, reading(drug=5.0), reading(drug=9.0), reading(drug=7.0)).conflicting == 2
    assert len(store.readings(["S-1"], [])) == 3


def test_a_conflict_with_another_probe_set_does_not_merge_the_two(store: TelemetryStore) -> None:
    put(store, reading(temperature_c={"drug": 5.0}))
    put(store, reading(temperature_c={"coolant": -3.0}, seq=4))

    found = [
        {key: row[key] for key in row if key.startswith("t:") or key == "seq"}
        for row in rows(store.readings(["S-1"], []))
    ]
    assert found == [{"t:coolant": -3.0, "seq": 4}, {"t:drug": 5.0}]


def test_the_same_values_for_another_shipment_are_kept_and_are_no_conflict(
    store: TelemetryStore,
) -> None:
    put(store, reading(shipment="S-1"))
    assert put(store, reading(shipment="S-2")) == Appended(new=1, repeated=0, conflicting=0)
    assert len(store.readings(["S-1"], [])) == len(store.readings(["S-2"], [])) == 1


def test_undeclared_readings_fall_into_the_stays_of_their_box(store: TelemetryStore) -> None:
    put(store, *(reading(minute, shipment=None) for minute in range(10)))

    table = store.readings(["S-7"], [stay("BX-1", "S-7", 2, 5)])

    assert table.time_ms.tolist() == [T0 + 2 * MINUTE, T0 + 3 * MINUTE, T0 + 4 * MINUTE]
    assert table.shipment.tolist() == [0, 0, 0]


def test_an_open_stay_takes_every_later_reading(store: TelemetryStore) -> None:
    put(store, *(reading(minute, shipment=None) for minute in (0, 300, 90_000)))

    table = store.readings(["S-7"], [stay("BX-1", "S-7", 1, None)])

    assert table.time_ms.tolist() == [T0 + 300 * MINUTE, T0 + 90_000 * MINUTE]


def test_a_stay_takes_no_reading_of_another_box_or_of_a_named_shipment(
    store: TelemetryStore,
) -> None:
    put(store, reading(1, box="BX-2", shipment=None), reading(2, shipment="S-1"), reading(3))

    assert len(store.readings(["S-7"], [stay("BX-1", "S-7", 0, 9)])) == 0


def test_a_stay_of_a_shipment_not_asked_for_is_not_read(store: TelemetryStore) -> None:
    put(store, reading(1, shipment=None))

    assert len(store.readings(["S-7"], [stay("BX-1", "S-8", 0, 9)])) == 0


def test_two_shipments_in_one_box_both_have_its_readings(store: TelemetryStore) -> None:
    put(store, reading(1, shipment=None), reading(5, shipment=None))

    table = store.readings(["S-7", "S-8"], [stay("BX-1", "S-7", 0, 9), stay("BX-1", "S-8", 4, 9)])

    assert sorted(table.shipment.tolist()) == [0, 0, 1]


def test_several_loggers_of_one_shipment_are_told_apart(store: TelemetryStore) -> None:
    put(store, reading(0, logger="LG-1"), reading(0, logger="LG-2"))

    table = store.readings(["S-1"], [])

    assert {table.loggers[code] for code in table.logger} == {"LG-1", "LG-2"}


def test_threads_read_while_one_writes(store: TelemetryStore) -> None:
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(len(store.readings(["S-1"], [])))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for start in range(0, 400, 20):
        put(store, *(reading(minute) for minute in range(start, start + 20)))
    done.set()
    watcher.join()

    assert seen == sorted(seen)
    assert len(store.readings(["S-1"], [])) == 400


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(messages=st.lists(READINGS, max_size=12), data=st.data())
def test_any_order_and_repetition_ends_in_the_same_store(
    messages: list[Reading],
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    again = data.draw(st.permutations(messages))
    repeated = data.draw(st.lists(st.sampled_from(messages), max_size=5)) if messages else []
    cut = data.draw(st.integers(0, len(messages)))
    oracle = MemoryTelemetry()
    store = EmbeddedTelemetry(tmp_path_factory.mktemp("store") / "t.sqlite")
    try:
        put(oracle, *messages)
        batches: list[Sequence[Reading]] = [again[:cut], repeated, again[cut:]]
        if cut == 0 and repeated:
            batches = [again, repeated]
        for batch in batches:
            put(store, *batch)
        stays = [stay("BX-1", "S-1", 0, 60), stay("BX-2", "S-2", -1, None)]
        for shipments in (["S-1"], ["S-2", "S-1"]):
            expected = rows(oracle.readings(shipments, stays))
            assert rows(store.readings(shipments, stays)) == expected
        day = (T0 - 86_400_000, T0 + MINUTE)
        assert rows(store.between(*day).table) == rows(oracle.between(*day).table)
    finally:
        store.close()


@settings(max_examples=25, deadline=None)
@given(batches=st.lists(st.lists(READINGS, max_size=6), max_size=5))
def test_counts_are_those_of_the_oracle_batch_by_batch(
    batches: list[list[Reading]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    oracle = MemoryTelemetry()
    store = EmbeddedTelemetry(tmp_path_factory.mktemp("store") / "t.sqlite")
    try:
        for batch in batches:
            assert put(store, *batch) == put(oracle, *batch)
    finally:
        store.close()
