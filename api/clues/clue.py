"""A clue as others see it: as an entry of the feed, and as a CloudEvent in a webhook's body."""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from coldwitness.api.cursors import write_cursor
from coldwitness.domain.clues import Change, ChangeKind, EvidenceItem
from coldwitness.domain.clues import Clue as KeptClue
from coldwitness.domain.measures import Instant
from coldwitness.judging.clue_shares import was_filed
from coldwitness.storage.clue_ports import ClueEntry as KeptEntry

EventType = Literal[
    "coldwitness.clue.opened.v1",
    "coldwitness.clue.updated.v1",
    "coldwitness.clue.withdrawn.v1",
    "coldwitness.clue.reopened.v1",
    "coldwitness.clue.due.v1",
]
TrialEventType = Literal["coldwitness.webhook.test.v1"]
CaseStatus = Literal["PENDING", "FILED", "REJECTED"]
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
LISTING = "clues"


class Clue(KeptClue, frozen=True, kw_only=True):
    """A breach or suspicion to be checked (疑似，待核查), as a case system takes it: what, who,
    where, by which rule, by when. What is not known is null; it holds no reading, no route and no
    person's data: those are behind the report's address."""

    case_status: Annotated[
        CaseStatus, Meta(description="`status` in the three words of systems that know no more")
    ]
    report: str | None
    links: dict[str, str]


class ClueEntry(Struct, frozen=True, kw_only=True):
    """One change of a clue, once, with the clue as it then stood."""

    cursor: str
    change: Change
    clue: Clue


class CloudEvent(Struct, frozen=True, kw_only=True):
    """CloudEvents 1.0, structured mode; signed by Standard Webhooks headers."""

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, Meta(description="The clue's id, a point, and the version")]
    source: str
    type: EventType
    subject: Annotated[str, Meta(description="The shipment; of a clue without one, its own id")]
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    data: ClueEntry


class TrialData(Struct, frozen=True, kw_only=True):
    webhook: str


class TrialEvent(Struct, frozen=True, kw_only=True):
    """What a webhook is sent to try it: nothing happened."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: TrialEventType = "coldwitness.webhook.test.v1"
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    data: TrialData


EVENT_TYPES: dict[ChangeKind, EventType] = dict(
    zip(get_args(ChangeKind), get_args(EventType), strict=True)
)


def report_address(base_url: str, shipment: str) -> str:
    """Where an inspector or a case system finds the shipment's report page."""
    return f"{base_url}/v1/shipments/{shipment}/report.html"


def told_clue(clue: KeptClue, *, base_url: str) -> Clue:
    """The clue's resource, its addresses made whole."""
    fields = msgspec.structs.asdict(clue)
    fields["evidence"] = tuple(
        EvidenceItem(name=one.name, sha256=one.sha256, sm3=one.sm3, href=base_url + one.href)
        for one in clue.evidence
    )
    links = {"self": f"{base_url}/v1/clues/{clue.id}"}
    report = None
    if clue.shipment is not None:
        shipment_url = f"{base_url}/v1/shipments/{clue.shipment}"
        report = report_address(base_url, clue.shipment)
        links["check"] = f"{shipment_url}/check"
        links["report_json"] = f"{shipment_url}/report.json"
    return Clue(**fields, case_status=case_status(clue), report=report, links=links)


def case_status(clue: KeptClue) -> CaseStatus:
    """A case that was closed keeps what it was: filed, or not."""
    if was_filed(clue):
        return "FILED"
    return "REJECTED" if clue.status in ("rejected", "closed") else "PENDING"


def told_entry(entry: KeptEntry, *, base_url: str) -> ClueEntry:
    return ClueEntry(
        cursor=write_cursor(LISTING, entry.cursor),
        change=entry.change,
        clue=told_clue(entry.clue, base_url=base_url),
    )


def clue_event(entry: KeptEntry, *, base_url: str) -> bytes:
    """The exact bytes to sign and send: a CloudEvents 1.0 event in JSON (structured mode)."""
    return msgspec.json.encode(
        CloudEvent(
            id=f"{entry.clue.id}.{entry.change.version}",
            source=f"{base_url}/v1/clues",
            type=EVENT_TYPES[entry.change.kind],
            subject=entry.clue.shipment or entry.clue.id,
            time=entry.change.at,
            data=told_entry(entry, base_url=base_url),
        )
    )


def trial_event(webhook: str, *, name: str, at: str, base_url: str) -> bytes:
    """The bytes of an event that tries a webhook."""
    return msgspec.json.encode(
        TrialEvent(
            id=name, source=f"{base_url}/v1/webhooks", time=at, data=TrialData(webhook=webhook)
        )
    )
