"""First page: the verdict, three sentences, ribbons, facts of the shipment, QR code."""

from coldwitness.api.reports.drawn.chapters.curve import main_figure
from coldwitness.api.reports.drawn.chapters.evidence import ribbons_figure
from coldwitness.api.reports.drawn.chapters.stated_papers import package_note, stated_papers
from coldwitness.api.reports.drawn.charts.qr import qr_svg
from coldwitness.api.reports.drawn.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Facts,
    Table,
    Verdict,
)
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.bounded_times import time_out
from coldwitness.api.reports.made.instants import china_full
from coldwitness.api.reports.made.reasons import worst_first
from coldwitness.api.reports.made.wording import (
    STATUS_WORDS,
    celsius,
    duration,
    percent,
    quantity,
    range_words,
    say,
    storage_words,
    tell,
)
from coldwitness.config.finding_kinds import accusing_kinds
from coldwitness.domain.result import Finding
from coldwitness.domain.text import Text

MARKS = {
    "breach": "■",
    "suspected": "▲",
    "insufficient_evidence": "◇",
    "to_check": "◎",
    "asserted": "△",
    "compliant": "○",
}
"""Verdict signs that differ in form, not only in colour."""


def decision(view: View) -> Chapter:
    report = view.report
    blocks: list[Block] = [
        Verdict(
            word=tell(report.decision.word, view.lang),
            mark=MARKS[report.decision.verdict],
            tone=report.decision.verdict,
            sentences=tuple(tell(s, view.lang) for s in report.decision.sentences),
            reasons=_reasons(view),
            review=say(report.review.state, view.lang),
            qr_svg=qr_svg(qr_text(view), name="qr", alt="QR"),
            qr_caption=view.say("decision.qr_caption"),
        ),
        ribbons_figure(view, name="ribbons"),
    ]
    if view.worst is not None:
        blocks.append(main_figure(view, view.worst))
    blocks.append(Facts(pairs=(*_shipment_facts(view), *measured_facts(view))))
    drugs = _drugs(view)
    if drugs is not None:
        blocks.append(drugs)
    return Chapter("decision", view.say("decision.title"), tuple(blocks))


def qr_text(view: View) -> str:
    """The report's address with its digest, so that a scanner opens it and the digest can be
    compared; without an address what it is and the beginning of the digest."""
    report = view.report
    digest = report.seal.sha256 if report.seal is not None else ""
    if report.origin.address:
        return f"{report.origin.address}#sha256={digest}"
    return f"ColdWitness {report.shipment}\nsha256 {digest[:32]}"


_REASONS = 6
"""Reasons on the first page; the chapters have all."""


def _reasons(view: View) -> tuple[str, ...]:
    """What accuses, worst first, where the verdict's sentence names only the worst; each with how
    sure it is and what would settle it, what is alike told by its worst and how often."""
    accused = [
        f
        for f in worst_first(view.report.result.findings)
        if (f.kind, f.subtype) in accusing_kinds()
    ]
    if len(accused) < 2:
        return ()
    alike: dict[tuple[str, str, str, Text | None], list[Finding]] = {}
    for f in accused:
        alike.setdefault((f.kind, f.subtype, f.certainty, f.would_settle), []).append(f)
    told = [_reason(view, group[0], more=len(group) - 1) for group in alike.values()][:_REASONS]
    left = sum(len(group) for group in list(alike.values())[_REASONS:])
    if left:
        told.append(view.say("decision.more_reasons", count=left))
    return tuple(told)


def _reason(view: View, finding: Finding, *, more: int) -> str:
    what = tell(finding.explanation, view.lang).rstrip("。.")
    reason = view.say("decision.reason", what=what, sure=say(finding.certainty, view.lang))
    if more:
        reason = view.say("decision.reason_alike", reason=reason, count=more)
    if finding.would_settle is None:
        return reason
    settle = tell(finding.would_settle, view.lang).rstrip("。.")
    return view.say("decision.reason_settled", reason=reason, settle=settle)


def _drugs(view: View) -> Table | None:
    """Each item with what decides which goods are meant, its limits and how it fared."""
    judged = view.report.result.items
    declared = (view.report.manifest or {}).get("items") or ()
    named = {str(item.get("name")): item for item in declared if isinstance(item, dict)}
    rows = []
    for item in judged:
        told = named.get(item.name or "", {})
        rows.append(
            (
                Cell(
                    item.name or "—",
                    note=" · ".join(
                        filter(
                            None,
                            (
                                storage_words(item.storage or "—", view.lang),
                                package_note(view, told),
                            ),
                        )
                    ),
                ),
                Cell(str(told.get("batch") or "—")),
                Cell("—" if told.get("quantity") is None else f"{told['quantity']:g}"),
                Cell(str(told.get("approval_number") or told.get("approval") or "—")),
                Cell(range_words(item.limits.low, item.limits.high)),
                Cell(
                    f"{MARKS.get(item.status, '—')} {tell(STATUS_WORDS[item.status], view.lang)}",
                    tone=item.status,
                ),
            )
        )
    if not rows:
        return None
    return Table(
        columns=(
            Column(view.say("decision.drug"), 2.6),
            Column(view.say("decision.batch"), 1.2),
            Column(view.say("decision.quantity"), 0.7, "right"),
            Column(view.say("decision.approval"), 1.5),
            Column(view.say("decision.limits"), 1.2),
            Column(view.say("requirements.status"), 1.6),
        ),
        rows=tuple(rows),
    )


def _shipment_facts(view: View) -> list[tuple[str, str, str]]:
    report = view.report
    source = report.manifest or {}
    terms = report.terms
    seller, courier, box = (source.get(key) or {} for key in ("seller", "courier", "box"))
    pairs = [(view.say("decision.shipment"), report.shipment, "")]
    if terms.start is not None and terms.end is not None:
        start, end = china_full(terms.start), china_full(terms.end)
        same_day = start[:10] == end[:10]
        length = duration(view.window[1] - view.window[0], view.lang)
        pairs.append(
            (
                view.say("decision.judged_time"),
                f"{start} — {end[11:] if same_day else end}",
                length,
            )
        )
    if seller.get("name"):
        pairs.append((view.say("decision.seller"), str(seller["name"]), _code(seller)))
    if courier.get("name") or courier.get("id"):
        entrusted = courier.get("entrusted")
        note = (view.say("decision.entrusted")) if entrusted else ""
        pairs.append(
            (view.say("decision.courier"), str(courier.get("name") or courier["id"]), note)
        )
    if box.get("id") or box.get("model"):
        cooling = {"passive": view.say("decision.passive"), "active": view.say("decision.active")}
        model = str(box.get("model") or "")
        note = " · ".join(filter(None, (model, cooling.get(str(box.get("cooling")), ""))))
        pairs.append((view.say("decision.box"), str(box.get("id") or model), note))
    pairs += stated_papers(view)
    pairs.append((view.say("decision.limits"), limits_words(view), _storage_words(view)))
    return pairs


def _code(company: dict[str, object]) -> str:
    return str(company.get("uscc") or "")


def limits_words(view: View) -> str:
    terms = view.report.terms
    ranges = dict.fromkeys((item.limits.low, item.limits.high) for item in view.report.result.items)
    if terms.low_c is None and terms.high_c is None and len(ranges) > 1:
        return "; ".join(
            f"{item.name or number}: {range_words(item.limits.low, item.limits.high)}"
            for number, item in enumerate(view.report.result.items, start=1)
        )
    if terms.low_c is None and terms.high_c is None:
        return view.say("decision.limits_not_stated")
    return range_words(terms.low_c, terms.high_c)


def _storage_words(view: View) -> str:
    items = view.report.result.items
    stored = {item.storage for item in items if item.storage}
    return storage_words(stored.pop(), view.lang) if len(stored) == 1 else ""


def measured_facts(view: View) -> list[tuple[str, str, str]]:
    metrics = view.report.result.metrics
    bounds = metrics.seconds_above_bounds, metrics.seconds_below_bounds
    return [
        (
            view.say("decision.drug_readings"),
            quantity(metrics.readings, ""),
            f"{view.say('decision.coverage')} {percent(metrics.coverage)}",
        ),
        (
            view.say("decision.measured"),
            "—"
            if metrics.min_c is None
            else f"{celsius(metrics.min_c)} – {celsius(metrics.max_c)}",
            ""
            if metrics.mean_c is None
            else f"{view.say('decision.mean')} {celsius(metrics.mean_c)}",
        ),
        (
            view.say("above_range"),
            *time_out(metrics.seconds_above, bounds[0], view.lang),
        ),
        (
            view.say("below_range"),
            *time_out(metrics.seconds_below, bounds[1], view.lang),
        ),
    ]
