"""A stay before the door of another shipment of the same box, live: explained and verified."""

from typing import Any

from coldwitness.api.reports.packed.verification import verify_bytes
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Event, Reading
from tests.api.world import MINUTE, T0, World, manifest

DOOR = {"lat": 36.81, "lon": 118.31, "radius_m": 80}
STAY_MIN = range(10, 30)


def stayed(world: World) -> None:
    """Forty minutes, twenty of them before DOOR."""
    ends = {
        "origin": {"lat": 36.80, "lon": 118.30, "radius_m": 100},
        "destination": {"lat": 36.82, "lon": 118.32, "radius_m": 100},
    }
    end = rfc3339(T0 + 40 * MINUTE)
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", delivered_at=end, **ends))
    readings = []
    for n in range(41):
        share = min(n, 10) / 20 + max(n - 30, 0) / 20
        readings.append(
            Reading(
                logger="LG-ZB-1",
                time_ms=T0 + n * MINUTE,
                seq=n,
                temperature_c={"drug": 5.0},
                shipment="ZB-1",
                courier="ql-express",
                box="BX-ZB-1",
                lat_deg=36.80 + 0.02 * share + 1e-6 * (n % 3),
                lon_deg=118.30 + 0.02 * share,
            )
        )
    world.store.append(readings, [one.time_ms + 500 for one in readings])
    world.register.custody.note_seen({"ZB-1": "ql-express"})
    world.judge.judge_now(["ZB-1"])


def other(world: World, name: str, minute: float, *, box: str = "BX-ZB-1") -> None:
    body = manifest(name, destination=DOOR, box={"id": box})
    assert world.client.put(f"/v1/shipments/{name}", json=body).status_code in (200, 201)
    at_ms = T0 + round(minute * MINUTE)
    told = Event(event="delivered", time_ms=at_ms, shipment=name, box=box)
    world.register.custody.add_events([told], [at_ms])
    world.judge.judge_now(["ZB-1"])


def storage(world: World) -> str:
    result: dict[str, Any] = world.get("/v1/shipments/ZB-1/check").json()
    (line,) = (one for one in result["requirements"] if one["id"] == "ANNEX6-14")
    return str(line["status"])


def test_a_delivery_of_the_same_box_explains_a_stay_and_stands_in_the_evidence(
    world: World,
) -> None:
    stayed(world)
    assert storage(world) == "suspected"
    other(world, "ZB-2", 15, box="BX-other")
    assert storage(world) == "suspected"
    other(world, "ZB-3", 15)
    assert storage(world) == "insufficient_evidence"
    other(world, "ZB-4", 20)
    assert storage(world) == "compliant"
    told = world.get("/v1/shipments/ZB-1/check").json()["evidence"]["deliveries"]
    assert [one["shipment"] for one in told] == ["ZB-3", "ZB-4"]


def test_the_destination_counts_as_it_was_first_said(world: World) -> None:
    stayed(world)
    other(world, "ZB-3", 15)
    other(world, "ZB-4", 20)
    away = manifest("ZB-5", destination={**DOOR, "lat": 36.9}, box={"id": "BX-ZB-1"})
    world.client.put("/v1/shipments/ZB-5", json=away)
    other(world, "ZB-5", 25)  # moved before the door afterwards
    told = world.get("/v1/shipments/ZB-1/check").json()["evidence"]["deliveries"]
    assert {one["shipment"]: one["lat"] for one in told}["ZB-5"] == 36.9


def test_a_report_that_rests_on_another_delivery_is_judged_anew_to_the_same(world: World) -> None:
    stayed(world)
    other(world, "ZB-3", 15)
    other(world, "ZB-4", 20)
    report = world.get("/v1/shipments/ZB-1/report.json").content
    assert not verify_bytes(report, rulebook=world.services.rulebook).problems
