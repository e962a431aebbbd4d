"""First page: the verdict, three sentences, ribbons, facts of the shipment, QR code."""

from coldwitness.api.reports.drawn.chapters.evidence import ribbons_figure
from coldwitness.api.reports.drawn.charts.qr import qr_svg
from coldwitness.api.reports.drawn.document import Block, Chapter, Facts, Verdict
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.instants import china_full
from coldwitness.api.reports.made.wording import (
    celsius,
    decimal,
    duration,
    percent,
    quantity,
    say,
    storage_words,
    tell,
)

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
    report, zh = view.report, view.lang == "zh"
    blocks: list[Block] = [
        Verdict(
            word=tell(report.decision.word, view.lang),
            mark=MARKS[report.decision.verdict],
            tone=report.decision.verdict,
            sentences=tuple(tell(s, view.lang) for s in report.decision.sentences),
            review=say(report.review.state, view.lang),
            qr_svg=qr_svg(qr_text(view), name="qr", alt="QR"),
            qr_caption="扫码核对摘要" if zh else "digest to compare",
        ),
        ribbons_figure(view, name="ribbons"),
        Facts(pairs=(*_shipment_facts(view), *_measured_facts(view))),
    ]
    return Chapter("decision", "结论" if zh else "Decision", tuple(blocks))


def qr_text(view: View) -> str:
    """The report's address if it has one, and the beginning of its digest to compare."""
    report = view.report
    digest = report.seal.sha256 if report.seal is not None else ""
    head = f"ColdWitness {report.shipment}"
    where = f"\n{report.origin.address}" if report.origin.address else ""
    return f"{head}{where}\nsha256 {digest[:32]}"


def _shipment_facts(view: View) -> list[tuple[str, str, str]]:
    report, zh = view.report, view.lang == "zh"
    source = report.manifest or {}
    terms = report.terms
    seller, courier, box = (source.get(key) or {} for key in ("seller", "courier", "box"))
    pairs = [("运单号" if zh else "Shipment", report.shipment, "")]
    if terms.start is not None and terms.end is not None:
        start, end = china_full(terms.start), china_full(terms.end)
        same_day = start[:10] == end[:10]
        length = duration(view.window[1] - view.window[0], view.lang)
        pairs.append(
            (
                "评判时段" if zh else "Judged time",
                f"{start} — {end[11:] if same_day else end}",
                length,
            )
        )
    if seller.get("name"):
        pairs.append(("销售企业" if zh else "Seller", str(seller["name"]), _code(seller)))
    if courier.get("name") or courier.get("id"):
        entrusted = courier.get("entrusted")
        note = ("委托配送" if zh else "entrusted") if entrusted else ""
        pairs.append(
            ("配送企业" if zh else "Courier", str(courier.get("name") or courier["id"]), note)
        )
    if box.get("id") or box.get("model"):
        cooling = {"passive": "保温箱" if zh else "passive", "active": "冷藏箱" if zh else "active"}
        model = str(box.get("model") or "")
        note = " · ".join(filter(None, (model, cooling.get(str(box.get("cooling")), ""))))
        pairs.append(("箱" if zh else "Box", str(box.get("id") or model), note))
    pairs.append(("温度限值" if zh else "Limits", limits_words(view), _storage_words(view)))
    return pairs


def _code(company: dict[str, object]) -> str:
    return str(company.get("uscc") or "")


def limits_words(view: View) -> str:
    terms = view.report.terms
    if terms.low_c is None and terms.high_c is None:
        return "未申报" if view.lang == "zh" else "not stated"
    if terms.low_c is None:
        return f"≤ {celsius(terms.high_c)}"
    if terms.high_c is None:
        return f"≥ {celsius(terms.low_c)}"
    return f"{decimal(terms.low_c)} – {celsius(terms.high_c)}"


def _storage_words(view: View) -> str:
    items = view.report.result.items
    stored = {item.storage for item in items if item.storage}
    return storage_words(stored.pop(), view.lang) if len(stored) == 1 else ""


def _measured_facts(view: View) -> list[tuple[str, str, str]]:
    metrics, zh = view.report.result.metrics, view.lang == "zh"
    bounds = metrics.seconds_above_bounds, metrics.seconds_below_bounds
    return [
        (
            "药品温度读数" if zh else "Drug readings",
            quantity(metrics.readings, ""),
            f"{'有效覆盖' if zh else 'coverage'} {percent(metrics.coverage)}",
        ),
        (
            "测得温度" if zh else "Measured",
            "—"
            if metrics.min_c is None
            else f"{celsius(metrics.min_c)} – {celsius(metrics.max_c)}",
            ""
            if metrics.mean_c is None
            else f"{'平均' if zh else 'mean'} {celsius(metrics.mean_c)}",
        ),
        (
            "高于上限" if zh else "Above range",
            duration(metrics.seconds_above, view.lang),
            least_most(bounds[0], view),
        ),
        (
            "低于下限" if zh else "Below range",
            duration(metrics.seconds_below, view.lang),
            least_most(bounds[1], view),
        ),
    ]


def least_most(bounds: object, view: View) -> str:
    """`least … most …` of a pair of seconds, "" where there is none."""
    if not isinstance(bounds, list | tuple) or len(bounds) != 2 or None in bounds:
        return ""
    least, most = (duration(float(b), view.lang) for b in bounds)
    zh = view.lang == "zh"
    if least == most:
        return f"最少、最多均为 {least}" if zh else f"least and most {least}"
    return f"最少 {least}，最多 {most}" if zh else f"least {least}, most {most}"
