"""Separation from coolant and goods: what was inferred from heat, and how surely."""

from coldwitness.api.reports.drawn.charts import canvas
from coldwitness.api.reports.drawn.charts.box import Exchange, box_svg
from coldwitness.api.reports.drawn.document import (
    Block,
    Bullets,
    Cell,
    Chapter,
    Column,
    Figure,
    Paragraph,
    Table,
)
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.wording import quantity, role_words, say, say_or_key, tell
from coldwitness.config.labels import labels
from coldwitness.domain.measures import given

ZONES = ("coolant", "goods")
_WHY = labels("results")["isolation"]


def isolation(view: View) -> Chapter:
    """In words that can be repeated, the rate behind them in the table; the box is drawn where a
    separation seems to be missing."""
    exchanges = [_exchange(view, zone) for zone in ZONES]
    alt = view.say("isolation.alt")
    blocks: list[Block] = [
        Paragraph(view.say("isolation.inferred"), small=True),
        Bullets(tuple(_in_words(view, exchange) for exchange in exchanges if _told(exchange))),
    ]
    if any(exchange.status == "missing" for exchange in exchanges):
        svg, narrow = (
            box_svg(exchanges, name=f"box{name}", alt=alt, lang=view.lang, width=width)
            for name, width in (("", canvas.FULL), ("-narrow", canvas.HALF))
        )
        blocks.append(Figure((svg,), view.say("isolation.figure"), alt, narrow=(narrow,)))
    blocks.append(
        Table(
            columns=(
                Column(view.say("isolation.zone"), 1.2),
                Column(view.say("isolation.status"), 1.8),
                Column(view.say("isolation.exchange_rate"), 1.2, "right"),
                Column(view.say("isolation.interval_95"), 1.4, "right"),
                Column(view.say("isolation.limit_rate"), 1.0, "right"),
                Column(view.say("isolation.declared"), 1.6),
            ),
            rows=tuple(_row(view, exchange) for exchange in exchanges),
        )
    )
    return Chapter("isolation", view.say("isolation.title"), tuple(blocks))


def _told(exchange: Exchange) -> bool:
    """Whether there is more to say than the table does; of the coolant always."""
    return exchange.zone == "coolant" or exchange.status != "not_applicable"


def _in_words(view: View, exchange: Exchange) -> str:
    """`药品温度跟着蓄冷剂走，比合格箱的上限快 3.2 倍`, or why it cannot be said."""
    zone = role_words(exchange.zone, view.lang)
    rate, limit, interval = exchange.rate_per_h, exchange.limit_per_h, exchange.interval
    if exchange.status == "not_applicable":
        return view.say("isolation.says_not_applicable", zone=zone)
    if rate is None or limit is None or interval is None:
        if exchange.why:
            return view.say("isolation.says_open", zone=zone, why=exchange.why)
        return view.say("isolation.says_not_estimated", zone=zone)
    least, most = (bound / limit for bound in interval)
    spoken = {
        "missing": "isolation.says_missing",
        "isolated": "isolation.says_isolated",
    }
    if exchange.status in spoken:
        times = quantity(rate / limit, "", places=1)
        return view.say(
            spoken[exchange.status], zone=zone, times=times, least=quantity(least, "", places=1)
        )
    if least <= 1.0 < most or not exchange.why:
        return view.say(
            "isolation.says_spans",
            zone=zone,
            least=quantity(least, "", places=1),
            most=quantity(most, "", places=1),
        )
    return view.say("isolation.says_open", zone=zone, why=exchange.why)


def _exchange(view: View, zone: str) -> Exchange:
    facets = view.report.result.isolation
    judged = facets.coolant if zone == "coolant" else facets.goods
    declared = (((view.report.manifest or {}).get("box") or {}).get("isolation") or {}).get(zone)
    reason = given(judged.reason) or ""
    low, high = judged.interval_95 or (None, None)
    return Exchange(
        zone=zone,
        status=judged.status,
        status_words=say_or_key(f"isolation_{judged.status}", view.lang),
        rate_per_h=judged.coupling_per_h,
        interval=None if low is None or high is None else (low, high),
        limit_per_h=judged.limit_per_h,
        why=tell(_WHY[reason], view.lang) if reason in _WHY else "",
        declared=declared if isinstance(declared, bool) else None,
    )


def _row(view: View, exchange: Exchange) -> tuple[Cell, ...]:
    words = {True: "declared_yes", False: "declared_no", None: "declared_unsaid"}
    tone = {"missing": "suspected", "indeterminate": "insufficient_evidence"}
    interval = exchange.interval
    return (
        Cell(role_words(exchange.zone, view.lang)),
        Cell(exchange.status_words, tone=tone.get(exchange.status, "")),
        Cell("—" if exchange.rate_per_h is None else f"{exchange.rate_per_h:.2f}"),
        Cell("—" if interval is None else f"{interval[0]:.2f} – {interval[1]:.2f}"),
        Cell("—" if exchange.limit_per_h is None else f"{exchange.limit_per_h:.2f}"),
        Cell(say(words[exchange.declared], view.lang)),
    )
