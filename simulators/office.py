"""What an office would have on record of a part of a simulated fleet.

Every second box, counted from the first, is of a model whose isolating parts cannot be taken out
(only where they really are in it, or where it cools itself), its logger has a certificate, its
sites are registered, and so is the agreement between its seller and its carrier; of the other boxes
nobody knows more than their company says.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from coldwitness.domain.instants import china_day
from coldwitness.simulators.fleet import Fleet
from coldwitness.simulators.packing import box_model
from coldwitness.simulators.shipment import Shipment

_YEAR = timedelta(days=365)


def registrations(fleet: Fleet) -> Iterator[tuple[str, dict[str, Any]]]:
    """Address and body of each `PUT` to the office's registers, models before their boxes."""
    known = fleet.shipments[::2]
    parted = [its for its in known if _in_order(its)]
    for model in sorted({its.scenario.pack.model for its in parted}):
        yield f"/v1/box-models/{_inseparable(model)}", _model(model)
    for shipment in parted:
        yield f"/v1/boxes/{shipment.box}", {"model": _inseparable(shipment.scenario.pack.model)}
    yield from _agreements(known)
    for shipment in known:
        yield f"/v1/devices/{shipment.manifest['logger']['id']}", _device(shipment)
        for number, site in enumerate(shipment.manifest["sites"], start=1):
            yield f"/v1/sites/{shipment.id}-{number}", site


def _in_order(shipment: Shipment) -> bool:
    pack = shipment.scenario.pack
    active = box_model(pack.model).active_w > 0
    return pack.partition and (pack.separator or active)


def _agreements(known: Sequence[Shipment]) -> Iterator[tuple[str, dict[str, object]]]:
    """One for each seller and carrier, two years old at the first of their deliveries, with an
    audit a year after it."""
    told: dict[tuple[str, str], date] = {}
    for shipment in known:
        its = (shipment.manifest["seller"]["uscc"], shipment.manifest["courier"]["uscc"])
        day = china_day(shipment.start_ms / 1000)
        told[its] = min(day, told.get(its, day))
    for number, ((seller, carrier), day) in enumerate(sorted(told.items()), start=1):
        signed = day - 2 * _YEAR
        audit = {"number": f"SH-{number:03d}", "done_at": (signed + _YEAR).isoformat()}
        yield (
            f"/v1/agreements/XY-{number:03d}",
            {
                "seller": seller,
                "carrier": carrier,
                "signed_at": signed.isoformat(),
                "audits": [audit],
            },
        )


def _inseparable(model: str) -> str:
    """The name of the variant with fixed parts."""
    return f"{model}-F"


def _model(name: str) -> dict[str, Any]:
    model = box_model(name)
    return {
        "cooling": "active" if model.active_w else "passive",
        "partition": "built_in",
        "qualification": {
            "hold_h": model.hold_h,
            "slew_max_c_per_min": model.slew_max_c_per_min,
            "coolant_coupling_max_per_h": model.coolant_coupling_max_per_h,
            "goods_coupling_max_per_h": model.goods_coupling_max_per_h,
        },
    }


def _device(shipment: Shipment) -> dict[str, Any]:
    """The certificate ends when the manifest says; it was made a year before that, or, where that
    lies after the delivery, on its day."""
    until = date.fromisoformat(shipment.manifest["logger"]["calibrated_until"])
    done = min(until - _YEAR, china_day(shipment.start_ms / 1000))
    certificate = {
        "number": f"JZ-{shipment.manifest['logger']['id']}",
        "done_at": done.isoformat(),
        "valid_until": until.isoformat(),
        "laboratory": "示例计量检定所",
    }
    return {"model": "SIM-1", "calibrations": [certificate]}
