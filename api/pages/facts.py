"""What a shipment's papers say of it, as its page shows it: parties, box, drugs with batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coldwitness.domain.manifest import Company, FurtherBox, Item, Manifest
from coldwitness.domain.result import CheckResult
from coldwitness.domain.result import Item as JudgedItem

_BETWEEN = " · "


@dataclass(frozen=True)
class Fact:
    """word : a key of the pages' words."""

    word: str
    value: str


@dataclass(frozen=True)
class DrugLine:
    """An item as the manifest says it, and what was found of it; either may be missing."""

    stated: Item | None
    judged: JudgedItem | None


def facts_of(manifest: Manifest | None, *, courier: str | None) -> list[Fact]:
    """What is known, in the order in which an officer asks for it; without the consignee's place,
    which may be a home. courier : as its loggers' topics name it."""
    if manifest is None:
        return [] if courier is None else [Fact("courier", courier)]
    return [Fact(word, value) for word, value in _stated(manifest, courier) if value]


def _stated(manifest: Manifest, courier: str | None) -> Iterator[tuple[str, str]]:
    delivery, box, logger = manifest.delivery, manifest.box, manifest.logger
    yield "seller", _company(manifest.seller)
    yield "courier", _company(manifest.courier) or (courier or "")
    if delivery is not None:
        yield "platform", delivery.platform or ""
        carrier = delivery.sub_carrier
        yield "sub_carrier", "" if carrier is None else _told(carrier.name, carrier.uscc)
    yield "order", "" if manifest.order is None else manifest.order.number or ""
    further = [one.id if isinstance(one, FurtherBox) else one for one in manifest.boxes]
    yield "box", "、".join([_told(box.id, box.model), *further])
    loggers = [one if isinstance(one, str) else one.id for one in manifest.loggers]
    yield "logger", "、".join(filter(None, [logger.id or "", *loggers]))
    yield "calibrated_until", logger.calibrated_until or ""
    yield "seal", "" if manifest.seal is None else manifest.seal.number or ""
    yield "sent_from", "" if manifest.origin is None else manifest.origin.name or ""


def _company(company: Company | None) -> str:
    return "" if company is None else _told(company.name or company.id, company.uscc)


def _told(*parts: str | None) -> str:
    return _BETWEEN.join(part for part in parts if part)


def drug_lines(manifest: Manifest | None, result: CheckResult) -> Sequence[DrugLine]:
    """The manifest's items beside what was found of each; a result's items are in its order."""
    stated = () if manifest is None else manifest.items
    if len(stated) == len(result.items):
        return [DrugLine(*pair) for pair in zip(stated, result.items, strict=True)]
    if not result.items:
        return [DrugLine(item, None) for item in stated]
    return [DrugLine(None, judged) for judged in result.items]
