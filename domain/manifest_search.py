"""What a shipment is found by: the numbers, codes and names that its manifest states."""

from collections.abc import Iterator

from coldwitness.domain.manifest import Company, Manifest

SEPARATOR = "\n"
"""Between two texts; no question holds it, so none is found across two of them."""


def searchable(manifest: Manifest) -> str:
    """All of them in one text, folded as `folded` folds a question."""
    return SEPARATOR.join(dict.fromkeys(folded(text) for text in _texts(manifest) if text))


def folded(text: str) -> str:
    """Without case, runs of blanks as one: what is compared."""
    return " ".join(text.split()).casefold()


def _texts(manifest: Manifest) -> Iterator[str | None]:
    yield manifest.id
    for company in (manifest.seller, manifest.courier):
        if company is not None:
            yield from _of_company(company)
    delivery = manifest.delivery
    if delivery is not None:
        yield delivery.mode
        yield delivery.platform
        yield _figure(delivery.planned_minutes)
        if delivery.sub_carrier is not None:
            yield from (
                delivery.sub_carrier.id,
                delivery.sub_carrier.name,
                delivery.sub_carrier.uscc,
            )
    yield manifest.box.id
    yield manifest.box.model
    yield from (box.id for box in manifest.further_boxes())
    yield from sorted(manifest.logger_ids())
    for item in manifest.items:
        yield from (
            item.name,
            item.batch,
            item.approval_number,
            item.trace_code,
            item.holder,
            item.dosage_form,
            item.strength,
            item.expires,
            _figure(item.price),
        )
    if manifest.order is not None:
        yield from (manifest.order.number, manifest.order.sold_at)
    if manifest.seal is not None:
        yield manifest.seal.number
    if manifest.agreement is not None:
        its = manifest.agreement
        yield from (its.number, its.signed_at, its.audited_at)


def _figure(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _of_company(company: Company) -> tuple[str | None, ...]:
    return company.id, company.name, company.uscc, company.licence
