"""Separation from coolant and goods: what was inferred from heat, and how surely."""

from coldwitness.api.reports.drawn.charts.box import Exchange, box_svg
from coldwitness.api.reports.drawn.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Figure,
    Paragraph,
    Table,
)
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.wording import say, say_or_key

ZONES = ("coolant", "goods")


def isolation(view: View) -> Chapter:
    zh = view.lang == "zh"
    exchanges = [_exchange(view, zone) for zone in ZONES]
    alt = "箱内隔离示意" if zh else "the box and its separations"
    svg = box_svg(exchanges, name="box", alt=alt, lang=view.lang)
    blocks: list[Block] = [
        Paragraph(
            "由药品舱温度随各温区变化的快慢推断，不是直接测量；结论最多为“很可能”。"
            if zh
            else "Inferred from how fast the drug space follows each zone, not measured; at most "
            "“probable”.",
            small=True,
        ),
        Figure(
            (svg,),
            "线越粗，热交换越强；黑线为隔断（虚线为未申报）。右：估计值、95 % 区间与限值。"
            if zh
            else "The thicker the line the stronger the exchange; black: separator (dashed: not "
            "stated). Right: estimate, 95 % interval and limit.",
            alt,
        ),
        Table(
            columns=(
                Column("温区" if zh else "Zone", 1.2),
                Column("判定" if zh else "Status", 1.8),
                Column("热交换率 (1/h)" if zh else "Exchange (1/h)", 1.2, "right"),
                Column("95 % 区间" if zh else "95 % interval", 1.4, "right"),
                Column("限值 (1/h)" if zh else "Limit (1/h)", 1.0, "right"),
                Column("申报" if zh else "Declared", 1.6),
            ),
            rows=tuple(_row(view, exchange) for exchange in exchanges),
        ),
    ]
    return Chapter("isolation", "物理隔离" if zh else "Separation", tuple(blocks))


def _exchange(view: View, zone: str) -> Exchange:
    facets = view.report.result.isolation
    judged = facets.coolant if zone == "coolant" else facets.goods
    declared = (((view.report.manifest or {}).get("box") or {}).get("isolation") or {}).get(zone)
    low, high = judged.interval_95 or (None, None)
    return Exchange(
        zone=zone,
        status=judged.status,
        status_words=say_or_key(f"isolation_{judged.status}", view.lang),
        rate_per_h=judged.coupling_per_h,
        interval=None if low is None or high is None else (low, high),
        limit_per_h=judged.limit_per_h,
        declared=declared if isinstance(declared, bool) else None,
    )


def _row(view: View, exchange: Exchange) -> tuple[Cell, ...]:
    words = {True: "declared_yes", False: "declared_no", None: "declared_unsaid"}
    tone = {"missing": "suspected", "indeterminate": "insufficient_evidence"}
    interval = exchange.interval
    return (
        Cell(say(f"role_{exchange.zone}", view.lang)),
        Cell(exchange.status_words, tone=tone.get(exchange.status, "")),
        Cell("—" if exchange.rate_per_h is None else f"{exchange.rate_per_h:.2f}"),
        Cell("—" if interval is None else f"{interval[0]:.2f} – {interval[1]:.2f}"),
        Cell("—" if exchange.limit_per_h is None else f"{exchange.limit_per_h:.2f}"),
        Cell(say(words[exchange.declared], view.lang)),
    )
