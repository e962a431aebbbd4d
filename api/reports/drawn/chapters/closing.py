"""What speaks against it, methods and limits, settings in force, review, how to verify."""

from coldwitness.api.reports.drawn.chapters.decision import limits_words
from coldwitness.api.reports.drawn.document import (
    Block,
    Bullets,
    Cell,
    Chapter,
    Column,
    Facts,
    Paragraph,
    Signatures,
    Subheading,
    Table,
)
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.wording import quantity, say, tell, unit_words


def against(view: View) -> Chapter:
    reasons = tuple(tell(text, view.lang) for text in view.report.against)
    if reasons:
        blocks: tuple[Block, ...] = (Bullets(reasons),)
    elif view.report.decision.verdict in {"breach", "suspected"}:
        blocks = (Paragraph(view.say("closing.nothing_against")),)
    else:
        blocks = (Paragraph(view.say("closing.no_clue")),)
    return Chapter("against", view.say("closing.against_title"), blocks)


def methods(view: View) -> Chapter:
    report = view.report
    rules = report.rules
    rows = tuple(
        (
            Cell(tell(number.title, view.lang)),
            Cell(quantity(number.value, unit_words(number.unit, view.lang))),
            Cell(say(f"set_by_{number.set_by}", view.lang)),
            Cell(_sureness(view, number.set_by, number.confirmed)),
        )
        for number in rules.numbers
    )
    blocks: tuple[Block, ...] = (
        Bullets(tuple(tell(text, view.lang) for text in report.methods)),
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
        Table(
            columns=(
                Column(view.say("closing.number"), 3.0),
                Column(view.say("closing.value"), 1.2, "right"),
                Column(view.say("closing.set_by"), 1.7),
                Column(view.say("closing.source"), 1.7),
            ),
            rows=rows,
        ),
    )
    return Chapter("methods", view.say("closing.methods_title"), blocks)


def _sureness(view: View, set_by: str, confirmed: str) -> str:
    """Only what claims an outside source can be confirmed or not; a setting is what it is."""
    if set_by in {"bureau", "product"}:
        return "—"
    return say(f"confirmed_{confirmed}", view.lang)


def _outcome(view: View, decision: str) -> str:
    """The outcome's word; an officer's own words as they are."""
    known = {"confirmed", "rejected", "undecided", "isolation_seen", "correction_accepted"}
    return say(f"review_{decision}", view.lang) if decision in known else decision


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
                        Cell(o.reasons),
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
    fields = tuple(
        view.say(f"closing.field_{field}")
        for field in ("officer", "certificate", "decision", "signature", "date")
    )
    blocks.append(Signatures(people=(fields, fields)))
    return Chapter("review", view.say("closing.review_title"), tuple(blocks))


def verification(view: View) -> Chapter:
    report = view.report
    seal = report.seal
    blocks: tuple[Block, ...] = (
        Paragraph(view.say("closing.how")),
        Facts(
            pairs=(
                ("SHA-256", seal.sha256 if seal else "—", ""),
                ("SM3", seal.sm3 if seal else "—", ""),
                (
                    view.say("closing.signature"),
                    f"{seal.algorithm}" if seal and seal.algorithm else view.say("closing.none"),
                    (seal.public_key or "") if seal else "",
                ),
                (
                    view.say("closing.software_rules"),
                    f"{report.origin.software}",
                    f"{report.rules.id} {report.rules.version}",
                ),
                (
                    view.say("closing.readings_from"),
                    ", ".join(report.origin.readings_from),
                    "",
                ),
            )
        ),
    )
    return Chapter("verify", view.say("closing.verify_title"), blocks)
