"""Which shipments carried a batch of a product that was recalled."""

from dataclasses import dataclass

from coldwitness.domain.manifest import Item
from coldwitness.domain.manifest_search import folded
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.storage.ports import Register
from coldwitness.storage.shipment_pages import shipment_pages


@dataclass(frozen=True)
class Carried:
    """Ids of shipments. surely : a version of the manifest names the product's number and the batch
    in one item. perhaps : the batch, in an item that states no such number."""

    surely: tuple[str, ...]
    perhaps: tuple[str, ...]


def carried_batch(
    register: Register, product: str, batch: str, *, reach: Reach = EVERYTHING
) -> Carried:
    """Within reach, by id; whichever version of a manifest said it. product : an approval number or
    a trace code."""
    surely: list[str] = []
    perhaps: list[str] = []
    for rows in shipment_pages(register, reach=reach, batch=batch):
        names = [row.id for row in rows]
        versions = register.manifests.versions(names)
        for name, newest in register.manifests.newest(names).items():
            told = [newest, *(one.manifest for one in versions.get(name, ()))]
            items = [item for one in told for item in one.items]
            of_batch = [item for item in items if folded(item.batch or "") == folded(batch)]
            if any(product in (item.approval_number, item.trace_code) for item in of_batch):
                surely.append(name)
            elif any(_states_none(item, product) for item in of_batch):
                perhaps.append(name)
    return Carried(tuple(sorted(surely)), tuple(sorted(perhaps)))


def _states_none(item: Item, product: str) -> bool:
    """Of the kind that the product is registered by; a trace code is digits alone."""
    return (item.trace_code if product.isdecimal() else item.approval_number) is None
