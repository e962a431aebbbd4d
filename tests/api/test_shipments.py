"""Shipments over HTTP: manifest in, list, one shipment, its check result."""

from tests.api.world import WARM, World


def test_an_unknown_shipment_has_no_check(world: World) -> None:
    answer = world.get("/v1/shipments/ZB-1/check")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "shipment ZB-1: unknown"


def test_the_check_of_a_judged_shipment_is_its_recorded_result(world: World) -> None:
    world.send("ZB-1", WARM)
    answer = world.get("/v1/shipments/ZB-1/check")
    assert answer.status_code == 200
    assert answer.json()["schema"] == "coldwitness.check/1"
    assert answer.json() == world.register.result("ZB-1")
