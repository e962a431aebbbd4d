"""A clue as the fields of forms: every one filled in, and what is not known said to be so."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from coldwitness.api.forms.record import ShipmentRecord, listed
from coldwitness.api.reports.made.wording import celsius, duration
from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.config.labels import labels
from coldwitness.domain.clues import Clue, ClueBasis, ClueDeadline, Party
from coldwitness.domain.forms import FormFields, FormLine
from coldwitness.domain.instants import CHINA, instant_ms, rfc3339
from coldwitness.domain.manifest import Item
from coldwitness.domain.probe_challenges import KeptChallenge
from coldwitness.judging.deadlines import deadline
from coldwitness.judging.run import software

_WORDS = labels("forms")["words"]
_SOURCES = labels("pages")["words"]
_MATERIALS_MOST = 20
_CURVE_MOST = 12
_SECONDS = ("range", "storage_on_the_way")


def said(key: str, **values: object) -> str:
    """Words of forms, in Chinese."""
    return _WORDS[key].zh.format(**values)


def form_fields(
    clue: Clue,
    records: Sequence[ShipmentRecord],
    *,
    office: str | None,
    maker: str,
    now_ms: int,
    number_pattern: str | None = None,
) -> FormFields:
    """All fields. office : who makes the form, None where the settings name nobody. maker : who
    has it made. number_pattern : of the settings; None: the whole number is typed."""
    at = datetime.fromtimestamp(now_ms / 1000, tz=UTC).astimezone(CHINA)
    today = at.date()
    competent = clue.office
    return FormFields(
        office=office or said("this_office"),
        number_pattern=(number_pattern or "{number}").replace("{year}", str(today.year)),
        clue=clue.id,
        source=_SOURCES[f"clue_source_{clue.source}"].zh,
        source_number=clue.source_number or said("none"),
        discovered=_minute(clue.discovered_at),
        today=_day(today),
        now=_minute_of(at),
        year=str(today.year),
        matter=_matter(clue),
        certainty=said(clue.certainty) if clue.certainty is not None else said("unknown"),
        summary=clue.summary.zh,
        facts=_joined((one.explanation.zh for one in clue.findings), "") or clue.summary.zh,
        act_time=_act_time(clue),
        act_place=_act_place(clue),
        suspects=_joined(_names(clue.parties), "、") or said("unknown"),
        parties=_joined((_party(one) for one in clue.parties), "\n") or said("unknown"),
        basis=_joined((_basis(one) for one in clue.basis), "；") or said("unknown"),
        duty=_joined(
            (said(role) for line in clue.basis for role in line.duty_of if role in _WORDS), "、"
        )
        or said("unknown"),
        bounds=_bounds(clue),
        against=_joined((one.zh for one in clue.against), "") or said("nothing_against"),
        competent_office=competent.name.zh
        if competent is not None and competent.name is not None
        else said("no_office"),
        competent_rule=said("no_office") if competent is None else competent.rule.zh,
        deadline=_joined((_due(one) for one in clue.deadlines if one.done_on is None), "\n")
        or said("none"),
        statements=_joined(
            (
                said("statement_line", said_on=one.said_on, role=said(one.role), text=one.text)
                for one in clue.statements
            ),
            "\n",
        )
        or said("no_statement"),
        attachments=_joined(
            (
                said("attachment_line", name=one.name.zh, sha256=one.sha256 or said("none"))
                for one in clue.evidence
            ),
            "\n",
        )
        or said("none"),
        shipments=_joined(clue.shipments, "、") or said("no_shipment"),
        shipment_facts=_joined(map(_shipment, records), "\n")
        or _joined(clue.shipments, "、")
        or said("no_shipment"),
        box=_joined(map(_box, records), "；") or said("unknown"),
        loggers=_joined(map(_loggers, records), "；") or said("unknown"),
        window=_joined(map(_window, records), "\n") or said("no_shipment"),
        readings=_joined(map(_readings, records), "\n") or said("no_shipment"),
        challenge=_joined(
            (_challenge(one, kept) for one in records for kept in one.challenges), "\n"
        )
        or said("no_challenge"),
        maker=maker,
        software=software(),
        rules=_joined((one.report.result.evidence.rules for one in records), "、") or said("none"),
        verified=_joined((_verified(one, at) for one in records), "；") or said("no_record"),
        assistance_due=_day(deadline("assistance", starts_on=today).due_on),
        files=listed(
            {
                f"{one.report.shipment}/{name}": body
                for one in records
                for name, body in one.files.items()
            }
        ),
        materials=_lines(
            [one.zh for one in clue.would_settle][:_MATERIALS_MOST] or [said("default_material")]
        ),
        findings=_lines([one.explanation.zh for one in clue.findings] or [clue.summary.zh]),
    )


def _joined(texts: Iterable[str], between: str) -> str:
    """Each text once."""
    return between.join(dict.fromkeys(text for text in texts if text))


def _lines(texts: Sequence[str]) -> tuple[FormLine, ...]:
    return tuple(FormLine(number=str(n), text=text) for n, text in enumerate(texts, start=1))


def _names(parties: Iterable[Party]) -> Iterable[str]:
    return (one.name or one.id or one.uscc or "" for one in parties)


def _matter(clue: Clue) -> str:
    kind = next((one for one in finding_kinds() if one.kind == clue.kind), None)
    if kind is None:
        return clue.summary.zh if clue.kind is None else clue.kind
    return kind.kind_title.zh


def _party(one: Party) -> str:
    return said(
        "company",
        role=said(one.role),
        name=one.name or one.id or said("unknown"),
        uscc=one.uscc or said("unknown"),
        address=one.address or said("unknown"),
        division=one.division or said("unknown"),
    )


def _basis(line: ClueBasis) -> str:
    return said(
        "basis_line",
        title=line.title.zh,
        document=line.document.zh,
        article=_article(line),
        confirmed=said(line.confirmed),
    )


def _article(line: ClueBasis) -> str:
    """Of a text that says itself that its article is open, nothing more."""
    if line.article is not None:
        return line.article.zh
    opened = said("article_open")
    return "" if opened.strip("，") in line.document.zh else opened


def _due(one: ClueDeadline) -> str:
    days = said("special_day")
    if one.working_days is not None:
        days = said("working_days", days=one.working_days)
    elif one.calendar_days is not None:
        days = said("calendar_days", days=one.calendar_days)
    article = one.basis.article
    return said(
        "due",
        title=one.title.zh,
        due_on=_day(one.due_on),
        starts_on=_day(one.starts_on),
        days=days,
        basis=one.basis.document.zh + ("" if article is None else article.zh),
        provisional=said("provisional") if one.provisional else "",
    )


def _act_time(clue: Clue) -> str:
    act = clue.act
    if act is None or (act.start is None and act.end is None):
        return said("unknown")
    return said("span", start=_minute(act.start), end=_minute(act.end))


def _act_place(clue: Clue) -> str:
    place = clue.place
    if place is None:
        return said("unknown")
    return said(
        "place",
        name=place.name or said("unknown"),
        division=place.division or said("unknown"),
        lat=said("unknown") if place.lat is None else f"{place.lat:.6f}°",
        lon=said("unknown") if place.lon is None else f"{place.lon:.6f}°",
    )


def _bounds(clue: Clue) -> str:
    asked = clue.bounds_of
    if clue.least is None or clue.most is None or asked is None or asked not in _WORDS:
        return said("no_bounds")
    if asked in _SECONDS:
        least, most = duration(clue.least, "zh"), duration(clue.most, "zh")
    else:
        least, most = f"{clue.least:.2f}", f"{clue.most:.2f}"
    return said(asked, least=least, most=most)


def _shipment(record: ShipmentRecord) -> str:
    newest = record.manifests[-1] if record.manifests else None
    items = () if newest is None else newest.items
    order = None if newest is None or newest.order is None else newest.order.number
    return said(
        "shipment_line",
        shipment=record.report.shipment,
        drugs=_joined(map(_drug, items), "，") or said("unknown"),
        order=order or said("unknown"),
    )


def _drug(item: Item) -> str:
    return said(
        "drug",
        name=item.name or said("unknown"),
        batch=item.batch or said("unknown"),
        quantity=said("unknown") if item.quantity is None else item.quantity,
    )


def _box(record: ShipmentRecord) -> str:
    newest = record.manifests[-1] if record.manifests else None
    if newest is None or newest.box.id is None:
        return ""
    return said("box", box=newest.box.id, model=newest.box.model or said("unknown"))


def _loggers(record: ShipmentRecord) -> str:
    return said("loggers", loggers="、".join(record.report.readings.loggers) or said("unknown"))


def _window(record: ShipmentRecord) -> str:
    window = record.report.result.window
    span = said("span", start=_minute(window.start), end=_minute(window.end))
    return said("window", shipment=record.report.shipment, span=span)


def _readings(record: ShipmentRecord) -> str:
    result, readings = record.report.result, record.report.readings
    drug = readings.temperature_c.get("drug", ())
    last = next((n for n in reversed(range(len(drug))) if drug[n] is not None), None)
    return said(
        "readings",
        shipment=result.shipment,
        count=len(readings.time),
        low=celsius(result.metrics.min_c),
        high=celsius(result.metrics.max_c),
        last=said("unknown") if last is None else celsius(drug[last]),
        at=said("unknown") if last is None else _minute(readings.time[last]),
        sha256=result.evidence.readings_sha256,
    )


def _challenge(record: ShipmentRecord, kept: KeptChallenge) -> str:
    """What was asked of a probe on the spot, what came of it, and its readings meanwhile."""
    its, decision = kept.challenge, kept.decision
    if decision is None:
        return ""
    readings = record.report.readings
    column = readings.temperature_c.get(its.probe, ())
    curve = [
        f"{_clock(time)} {celsius(value)}"
        for time, value in zip(readings.time, column, strict=False)
        if value is not None and its.ordered_ms <= instant_ms(time) <= its.until_ms
    ]
    spread = max(1, -(-len(curve) // _CURVE_MOST))
    return said(
        "challenge_line",
        probe=its.probe,
        action=said(its.action),
        by=its.by,
        at=_minute(rfc3339(its.ordered_ms)),
        outcome=said(decision.outcome),
        step=celsius(decision.step_c),
        curve="、".join(curve[::spread]) or said("none"),
    )


def _clock(text: str) -> str:
    at = datetime.fromtimestamp(instant_ms(text) / 1000, tz=UTC).astimezone(CHINA)
    return f"{at:%H:%M:%S}"


def _verified(record: ShipmentRecord, at: datetime) -> str:
    if record.problems:
        return said("differs", why="；".join(record.problems))
    return said("holds", at=_minute_of(at))


def _minute(text: str | None) -> str:
    if text is None:
        return said("unknown")
    at = datetime.fromtimestamp(instant_ms(text) / 1000, tz=UTC)
    return _minute_of(at.astimezone(CHINA))


def _minute_of(at: datetime) -> str:
    return f"{_day(at.date())} {at.hour}时{at.minute:02d}分"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
