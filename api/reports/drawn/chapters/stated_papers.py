"""What a manifest states of papers: order, licence, seal, agreement, sub-carrier, and of each drug
what its package says. Printed as stated; nothing of it is judged here."""

from collections.abc import Mapping

from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.wording import duration, quantity

_AGREEMENT_DAYS = {"signed_at": "papers.signed_at", "audited_at": "papers.audited_at"}
Fact = tuple[str, str, str]
"""A label, what is stated, and a note."""


def stated_papers(view: View) -> list[Fact]:
    """Those that the manifest states, as facts of the first page."""
    source = view.report.manifest or {}
    order, seal, agreement = (_part(source, key) for key in ("order", "seal", "agreement"))
    delivery = _part(source, "delivery")
    carrier = _part(delivery, "sub_carrier")
    planned = delivery.get("planned_minutes")
    boxes = source.get("boxes")
    licence = _part(source, "seller").get("licence")
    pairs: list[Fact] = []
    if licence:
        pairs.append((view.say("papers.licence"), str(licence), ""))
    if order.get("number"):
        pairs.append((view.say("papers.order"), str(order["number"]), _sold(view, order)))
    if seal.get("number"):
        pairs.append((view.say("papers.seal"), str(seal["number"]), ""))
    if agreement.get("number"):
        days = [
            view.say(word, day=str(agreement[key])[:10])
            for key, word in _AGREEMENT_DAYS.items()
            if agreement.get(key)
        ]
        pairs.append((view.say("papers.agreement"), str(agreement["number"]), _joined(days)))
    if carrier:
        name = str(carrier.get("name") or carrier.get("id") or "—")
        pairs.append((view.say("papers.sub_carrier"), name, str(carrier.get("uscc") or "")))
    if delivery.get("platform"):
        pairs.append((view.say("papers.platform"), str(delivery["platform"]), ""))
    if isinstance(planned, int | float):
        length = duration(60.0 * planned, view.lang)
        pairs.append((view.say("papers.planned_minutes"), length, ""))
    if isinstance(boxes, list) and boxes:
        ids = [str(box.get("id")) if isinstance(box, dict) else str(box) for box in boxes]
        pairs.append((view.say("papers.boxes"), view.say("and").join(ids), ""))
    return pairs


def package_note(view: View, item: Mapping[str, object]) -> str:
    """Form, strength, holder, trace code and last day of a drug, as far as they are stated."""
    parts = [str(item[key]) for key in ("dosage_form", "strength", "holder") if item.get(key)]
    if item.get("trace_code"):
        parts.append(view.say("papers.trace_code", code=str(item["trace_code"])))
    price = item.get("price")
    if isinstance(price, int | float):
        parts.append(view.say("papers.price", price=quantity(price, "")))
    if item.get("expires"):
        parts.append(view.say("papers.expires", day=str(item["expires"])[:10]))
    return _joined(parts)


def _sold(view: View, order: Mapping[str, object]) -> str:
    parts = [str(order["sold_at"])[:10]] if order.get("sold_at") else []
    if order.get("online") is not None:
        parts.append(view.say("papers.online" if order["online"] else "papers.offline"))
    return _joined(parts)


def _part(source: Mapping[str, object], key: str) -> dict[str, object]:
    found = source.get(key)
    return found if isinstance(found, dict) else {}


def _joined(parts: list[str]) -> str:
    return " · ".join(parts)
