"""What an office would register of a simulated fleet, and that it does not contradict the truth."""

from datetime import date
from typing import Any

from coldwitness.domain.instants import china_day, instant_ms
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.office import registrations
from coldwitness.simulators.scenario import scenario

STORIES = ("clean", "clean", "missing_separator", "clean", "allowed_transfer", "clean")


def put() -> dict[str, dict[str, Any]]:
    told = [scenario(name) for name in STORIES]
    fleet = simulate_fleet(told, boxes=6, seed=9, end_ms=instant_ms("2026-06-18T03:30:00Z"))
    return dict(registrations(fleet))


def test_every_second_box_is_registered_where_its_parts_are_really_in_it() -> None:
    boxes = [address for address in put() if address.startswith("/v1/boxes/")]
    assert boxes == ["/v1/boxes/BX-0001", "/v1/boxes/BX-0005"]


def test_a_machine_cooled_box_is_registered_as_one() -> None:
    fleet = simulate_fleet(
        [scenario("active_box")], boxes=1, seed=9, end_ms=instant_ms("2026-06-18T03:30:00Z")
    )
    entries = dict(registrations(fleet))
    (model,) = (body for address, body in entries.items() if "/box-models/" in address)
    assert model["cooling"] == "active"


def test_agreements_of_the_registered_boxes_companies_are_older_than_their_deliveries() -> None:
    agreements = {address: body for address, body in put().items() if "/agreements/" in address}
    assert list(agreements) == [f"/v1/agreements/XY-{n:03d}" for n in (1, 2, 3)]
    for body in agreements.values():
        signed = date.fromisoformat(body["signed_at"])
        audited = date.fromisoformat(body["audits"][0]["done_at"])
        assert signed < audited < china_day(instant_ms("2026-06-18T03:30:00Z") / 1000)


def test_a_model_is_registered_before_its_boxes_and_cannot_be_taken_apart() -> None:
    entries = put()
    order = list(entries)
    for address, body in entries.items():
        if address.startswith("/v1/boxes/"):
            model = f"/v1/box-models/{body['model']}"
            assert entries[model]["partition"] == "built_in"
            assert order.index(model) < order.index(address)


def test_a_logger_has_a_certificate_of_the_day_or_an_earlier_one() -> None:
    devices = {address: body for address, body in put().items() if "/devices/" in address}
    assert list(devices) == [f"/v1/devices/LG-{number}" for number in ("7000", "7002", "7004")]
    for body in devices.values():
        (certificate,) = body["calibrations"]
        done = date.fromisoformat(certificate["done_at"])
        assert done <= china_day(instant_ms("2026-06-18T03:30:00Z") / 1000)
        assert done < date.fromisoformat(certificate["valid_until"])


def test_the_sites_of_a_registered_shipment_are_registered() -> None:
    sites = [address for address in put() if address.startswith("/v1/sites/")]
    assert sites
    assert all(address.startswith("/v1/sites/ZB-20260618-0005-") for address in sites)
