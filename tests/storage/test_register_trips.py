"""Exchange rates of compliant trips in the register, on every database."""

from coldwitness.storage.ports import ModelTrip
from coldwitness.storage.register import SqlRegister


def trip(shipment: str, ended_ms: int, *, model: str = "M1", zone: str = "coolant") -> ModelTrip:
    return ModelTrip(shipment, zone, model, ended_ms, 0.312345, 0.25, 0.375)


def test_the_latest_trips_of_a_model_before_an_instant_come_back_in_order(
    register: SqlRegister,
) -> None:
    kept = [trip(f"S-{n}", 1000 * n) for n in range(6)]
    others = [trip("S-7", 2500, model="M2"), trip("S-8", 2600, zone="goods")]
    register.trips.keep({one.shipment: [one] for one in [*kept, *others]})
    assert register.trips.latest("M1", "coolant", before_ms=4000, limit=10) == kept[:4]
    assert register.trips.latest("M1", "coolant", before_ms=4000, limit=2) == kept[2:4]
    assert register.trips.latest("M1", "goods", before_ms=9999, limit=9) == [others[1]]
    assert register.trips.latest("M3", "goods", before_ms=9999, limit=9) == []


def test_a_model_that_no_database_takes_as_it_is_does_not_stop_the_judging(
    register: SqlRegister,
) -> None:
    odd = "M\x001"
    register.trips.keep({"S-1": [trip("S-1", 10, model=odd)]})
    register.trips.keep({"S-1": [trip("S-1", 10, model=odd)]})
    (kept,) = register.trips.latest(odd, "coolant", before_ms=99, limit=9)
    assert (kept.shipment, kept.rate_per_h) == ("S-1", 0.312345)


def test_keeping_again_replaces_and_a_trip_that_shows_nothing_any_more_is_gone(
    register: SqlRegister,
) -> None:
    register.trips.keep({"S-1": [trip("S-1", 10), trip("S-1", 10, zone="goods")]})
    register.trips.keep({"S-1": [trip("S-1", 20)]})
    assert register.trips.latest("M1", "coolant", before_ms=99, limit=9) == [trip("S-1", 20)]
    assert register.trips.latest("M1", "goods", before_ms=99, limit=9) == []
    register.trips.keep({"S-1": [], "S-2": []})
    assert register.trips.latest("M1", "coolant", before_ms=99, limit=9) == []
