"""What speaks against it, methods and limits, settings in force, review, how to verify."""

from collections.abc import Iterator

from coldwitness.api.reports.drawn.chapters.decision import limits_words
from coldwitness.api.reports.drawn.document import (
    Block,
    Bullets,
    Cell,
    Chapter,
    Column,
    Paragraph,
    Signatures,
    Subheading,
    Table,
)
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.model import Opinion
from coldwitness.api.reports.made.wording import (
    duration,
    finding_words,
    quantity,
    say,
    tell,
    unit_words,
)
from coldwitness.domain.measures import given

_TOLERANCES = (
    "above_single_tolerance_s",
    "above_total_tolerance_s",
    "below_single_tolerance_s",
    "below_total_tolerance_s",
)


def against(view: View) -> Chapter | None:
    """None where nobody is accused and nothing speaks for anybody."""
    reasons = tuple(tell(text, view.lang) for text in view.report.against)
    if reasons:
        blocks: tuple[Block, ...] = (Bullets(reasons),)
    elif view.report.decision.verdict in {"breach", "suspected"}:
        blocks = (Paragraph(view.say("closing.nothing_against")),)
    else:
        blocks = ()
    risks = tuple(dict.fromkeys(_risks(view)))
    if risks:
        blocks = (*blocks, Bullets(risks, small=True))
    if not blocks:
        return None
    return Chapter("against", view.say("closing.against_title"), blocks)


def _risks(view: View) -> Iterator[str]:
    """How often findings of these kinds were wrong in simulations, one sentence a kind."""
    for finding in view.report.result.findings:
        if (risk := given(finding.risk)) is not None:
            yield view.say(
                "closing.risk",
                what=tell(finding_words(finding.kind, finding.subtype), view.lang),
                n=risk.n,
                wrong=risk.found_wrong,
                scoreboard=risk.scoreboard,
            )


def methods(view: View) -> Chapter:
    report = view.report
    rules = report.rules
    blocks: tuple[Block, ...] = (
        Bullets(tuple(tell(text, view.lang) for text in report.methods), small=True),
        Subheading(view.say("closing.numbers_in_force")),
        Paragraph(
            view.say(
                "closing.pack",
                id=rules.id,
                version=rules.version,
                title=tell(rules.title, view.lang),
                valid_from=rules.valid_from,
                limits=limits_words(view),
            ),
            small=True,
        ),
        Bullets(tuple(_numbers(view)), small=True),
    )
    return Chapter("methods", view.say("closing.methods_title"), blocks)


def _numbers(view: View) -> Iterator[str]:
    """The numbers in force, one run of text for each who set them and how sure the source is;
    without those that had no part in this judgement."""
    groups: dict[str, list[str]] = {}
    idle = _without_effect(view)
    for number in view.report.rules.numbers:
        if number.name in idle:
            continue
        who = view.say(f"set_by_{number.set_by}")
        if number.set_by not in {"bureau", "product"}:
            # Only what claims an outside source can be confirmed or not; a setting is what it is.
            sure = view.say(f"confirmed_{number.confirmed}")
            who = view.say("closing.set_and_sure", who=who, sure=sure)
        value = (
            duration(number.value, view.lang)
            if number.unit == "s"
            else quantity(number.value, unit_words(number.unit, view.lang))
        )
        groups.setdefault(who, []).append(f"{tell(number.title, view.lang)} {value}")
    for who, told in groups.items():
        values = view.say("semicolon").join(told)
        yield view.say("closing.numbers_of", who=who, values=values)


def _without_effect(view: View) -> frozenset[str]:
    """Names of numbers by which this shipment could not be judged otherwise: tolerances of single
    stays where none is tolerated, the temperature up to which they are, what would have taught a
    limit where none was learned, the limit of a zone that is not asked about."""
    report = view.report
    idle: set[str] = set()
    value = {number.name: number.value for number in report.rules.numbers}
    stays = {name for name in _TOLERANCES if value.get(name) == 0.0}
    idle |= stays
    if len(stays) == len(_TOLERANCES):
        idle.add("above_tolerated_up_to_c")
    if given(report.result.evidence.fleet_limits) is None:
        idle.add("fleet_least_trips")
    isolation = report.result.isolation
    for zone, facet in (("coolant", isolation.coolant), ("goods", isolation.goods)):
        if facet.status == "not_applicable":
            idle.add(f"{zone}_coupling_max_per_h")
    return frozenset(idle)


_OPINIONS = ("confirmed", "rejected", "undecided")
_OUTCOMES = {*_OPINIONS, "isolation_seen", "isolation_withdrawn", "correction_accepted"}


def _outcome(view: View, decision: str) -> str:
    """The outcome's word; an officer's own words as they are."""
    return say(f"review_{decision}", view.lang) if decision in _OUTCOMES else decision


def _with_photograph(view: View, opinion: Opinion) -> str:
    """The reasons, and which photograph was looked at."""
    if opinion.attachment is None:
        return opinion.reasons
    return view.say("closing.looked_at", reasons=opinion.reasons, sha256=opinion.attachment)


def review(view: View) -> Chapter:
    earlier = view.report.review.earlier
    opinions = (*view.report.review.opinions, *earlier)
    blocks: list[Block] = [
        Paragraph(view.say("closing.state", state=say(view.report.review.state, view.lang)))
    ]
    if opinions:
        blocks.append(
            Table(
                columns=(
                    Column(view.say("closing.officer"), 1.3),
                    Column(view.say("closing.decision"), 1.3),
                    Column(view.say("closing.reasons"), 3.0),
                    Column(view.say("closing.version"), 1.2),
                    Column(view.say("closing.at"), 1.4),
                ),
                rows=tuple(
                    (
                        Cell(o.officer),
                        Cell(_outcome(view, o.decision)),
                        Cell(_with_photograph(view, o)),
                        Cell("—" if o.result_version is None else str(o.result_version)),
                        Cell(o.at),
                    )
                    for o in opinions
                ),
            )
        )
    if earlier:
        blocks.append(
            Paragraph(
                view.say("closing.earlier", count=len(earlier)),
                small=True,
            )
        )
    if files := view.report.review.attachments:
        blocks.append(Paragraph(view.say("closing.attachments"), small=True))
        blocks.append(
            Bullets(
                tuple(
                    view.say(
                        "closing.attachment",
                        kind=say(f"attachment_{one.kind}", view.lang),
                        name=one.name or "—",
                        at=one.at,
                        sha256=one.sha256,
                    )
                    for one in files
                ),
                small=True,
            )
        )
    fields = tuple(
        view.say(f"closing.field_{field}")
        for field in ("officer", "certificate", "decision", "signature", "date")
    )
    blocks.append(Signatures(people=(fields, fields)))
    return Chapter("review", view.say("closing.review_title"), tuple(blocks))


def verification(view: View) -> Chapter:
    report, seal = view.report, view.report.seal
    signed = seal is not None and seal.algorithm is not None
    told = (
        ("SHA-256", seal.sha256 if seal else "—"),
        ("SM3", seal.sm3 if seal else "—"),
        (
            view.say("closing.signature"),
            f"{seal.algorithm} {seal.public_key}" if seal and signed else view.say("closing.none"),
        ),
        (
            view.say("closing.software_rules"),
            f"{report.origin.software}, {report.rules.id} {report.rules.version}",
        ),
        (view.say("closing.readings_from"), ", ".join(report.origin.readings_from)),
    )
    lines = (
        *(f"{label} {value}" for label, value in told[:2]),
        view.say("semicolon").join(f"{label} {value}" for label, value in told[2:]),
    )
    blocks: tuple[Block, ...] = (Paragraph(view.say("closing.how")), Bullets(lines, small=True))
    return Chapter("verify", view.say("closing.verify_title"), blocks)
