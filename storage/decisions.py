"""What people and this program decide, and the bytes of the row that says so: JSON under a topic
that no publisher can use."""

import msgspec
from msgspec import Struct

from coldwitness.domain import departure, logistics, spot_checks
from coldwitness.domain.clues import Clue, ClueAct, ClueStatus, EarlierStatus
from coldwitness.domain.errors import BadInput
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.office import RegisterEntry
from coldwitness.domain.probe_challenges import ChallengeDecision, ProbeChallenge
from coldwitness.domain.reading import Event, Reading
from coldwitness.storage.clue_ports import ClueMark
from coldwitness.storage.journal import Message, Row
from coldwitness.storage.office_ports import Attachment
from coldwitness.storage.ports import Review

Subject = tuple[str, str]
"""What a decision is about: `("manifest", shipment)`, `("review", shipment)`, `("attachment",
shipment)`, `("challenge", shipment)`, `("clue", clue)`, `("clue_status", clue)`, `("drug_name",
logger)`, or a register of the office and the name of the entry in it."""


class ManifestPut(Struct, frozen=True, tag_field="decided", tag="manifest"):
    """A version of a shipment's manifest as it is kept. received_sha256 : of the body that was
    sent, None where none was."""

    manifest: Manifest
    at_ms: int
    sender: str | None
    received_sha256: str | None


class ReviewAdded(Struct, frozen=True, tag_field="decided", tag="review"):
    """An officer's decision, look or accepted correction."""

    review: Review


class EntryPut(Struct, frozen=True, tag_field="decided", tag="entry"):
    """An entry of the office's registers; `register` is the word of its address."""

    register: str
    name: str
    entry: dict[str, object]
    by: str
    at_ms: int


class ClueStatusSet(Struct, frozen=True, tag_field="decided", tag="clue_status"):
    """What a case system said of a clue, before each act was kept: the last word counts."""

    clue: str
    status: ClueStatus | EarlierStatus
    note: str | None
    at_ms: int


class ClueActed(Struct, frozen=True, tag_field="decided", tag="clue_act"):
    """What somebody did with a clue: a status, an extension, a company's statement."""

    clue: str
    act: ClueAct


class ClueTaken(Struct, frozen=True, tag_field="decided", tag="clue_taken"):
    """A clue that came from elsewhere, as it came."""

    clue: Clue
    by: str
    reason: str


class AttachmentAdded(Struct, frozen=True, tag_field="decided", tag="attachment"):
    """A file put to a shipment; its bytes lie beside the rows, by their digest."""

    attachment: Attachment


class ChallengeStarted(Struct, frozen=True, tag_field="decided", tag="challenge"):
    """An officer has a probe warmed or cooled. Until somebody reads this row nobody knows when."""

    challenge: ProbeChallenge


class ChallengeDecided(Struct, frozen=True, tag_field="decided", tag="challenge_decided"):
    """What came of it."""

    challenge: ProbeChallenge
    decision: ChallengeDecision


class DrugNameSet(Struct, frozen=True, tag_field="decided", tag="drug_name"):
    """Which name of a logger (`courier/id`) a person said is its drug's probe."""

    logger: str
    name: str
    by: str
    at_ms: int


class Redacted(Struct, frozen=True, tag_field="decided", tag="redaction"):
    """That the message of a row was taken away: who ordered it and why, who did it.

    size : its length [bytes]. names : what the row named, as its day's tally counts it. readings,
    received_ms, events : what was decoded of it, without the words of persons; it stays. about :
    what a removed decision was about. shipment, logger, courier, box : the first of each of
    `names`, so that the order is counted with them.
    """

    worker: str
    row: int
    size: int
    reason: str
    ordered_by: str
    by: str
    at_ms: int
    names: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    received_ms: tuple[int, ...] = ()
    events: tuple[Event, ...] = ()
    about: Subject | None = None
    shipment: str | None = None
    logger: str | None = None
    courier: str | None = None
    box: str | None = None


class Issued(Struct, frozen=True, tag_field="decided", tag="issued"):
    """That a package was issued. statement_sha256 : SHA-256 (hex) of its signed statement."""

    shipment: str
    report_sha256: str
    statement_sha256: str
    by: str
    at_ms: int


class Audited(Struct, frozen=True, tag_field="decided", tag="audit"):
    """A line of the audit trail: who saw or changed what, from where and through what; about which
    shipment, where it is about one."""

    actor: str
    action: str
    subject: str
    at_ms: int
    shipment: str | None = None
    address: str | None = None
    through: str | None = None


class CluesTold(Struct, frozen=True, tag_field="decided", tag="clues_told"):
    """Entries of the feed that judging or time made. cursor : of the last of them."""

    marks: tuple[ClueMark, ...]
    cursor: int
    at_ms: int


class ResultVersion(Struct, frozen=True, array_like=True):
    """One shipment's result. digest : SHA-256 of the result, as `bodies.encoded` gives it."""

    shipment: str
    version: int
    verdict: str
    digest: str


class Judged(Struct, frozen=True, tag_field="decided", tag="judged"):
    """Results that a run made. up_to : the last row of each worker that was read for them."""

    results: tuple[ResultVersion, ...]
    up_to: dict[str, int]
    reason: str
    at_ms: int


class RulesInForce(Struct, frozen=True):
    """A rule pack's file as it was read."""

    file: str
    sha256: str
    text: str


class InForce(Struct, frozen=True, tag_field="decided", tag="in_force"):
    """By what results are made from this row on. settings : without secrets."""

    software: str
    settings: dict[str, object]
    rules: tuple[RulesInForce, ...]
    at_ms: int


Decision = (
    ManifestPut
    | ReviewAdded
    | EntryPut
    | ClueStatusSet
    | ClueActed
    | ClueTaken
    | CluesTold
    | AttachmentAdded
    | ChallengeStarted
    | ChallengeDecided
    | DrugNameSet
    | Redacted
    | Issued
    | Audited
    | Judged
    | InForce
)


def entry_of(put: EntryPut) -> RegisterEntry:
    """The entry in the type of its register; BadInput where there is no such register."""
    for kind in RegisterEntry.__subclasses__():
        if kind.register == put.register:
            try:
                return msgspec.convert(put.entry, kind)
            except msgspec.ValidationError as error:
                raise BadInput(f"{put.register}: {put.name}: {error}") from error
    raise BadInput(f"{put.register}: {put.name}: there is no such register")


def subject_of(decision: Decision) -> Subject | None:
    """What a decision is about: by that it is found again. None for the audit trail, results,
    packages and settings."""
    subject: Subject | None = None
    match decision:
        case ManifestPut():
            subject = "manifest", decision.manifest.id
        case ReviewAdded():
            subject = "review", decision.review.shipment
        case AttachmentAdded():
            subject = "attachment", decision.attachment.shipment
        case ClueStatusSet():
            subject = "clue_status", decision.clue
        case ClueActed():
            subject = "clue", decision.clue
        case ClueTaken():
            subject = "clue", decision.clue.id
        case ChallengeStarted() | ChallengeDecided():
            subject = "challenge", decision.challenge.shipment
        case DrugNameSet():
            subject = "drug_name", decision.logger
        case Redacted():
            subject = decision.about
        case EntryPut():
            subject = decision.register, decision.name
    return subject


FURTHER_REGISTERS = (
    departure.KeptDepartureCheck,
    logistics.KeptLogisticsRequest,
    spot_checks.KeptSpotCheck,
)
"""Beside those of `domain/office.py`: named, so that their modules are loaded wherever a row is
read."""

TOPIC_PREFIX = "$journal/decided/"
"""Such rows carry the flag of notes too: only this program can set it."""

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Decision)


def message_of(decision: Decision, *, received_ms: int) -> Message:
    """The message that is journalled of a decision."""
    tag = str(decision.__struct_config__.tag)
    return Message(f"{TOPIC_PREFIX}{tag}", _ENCODER.encode(decision), received_ms, qos=0)


def decision_of(row: Row) -> Decision | None:
    """What a row decided, None for every other row and for one that was removed (the order says
    what it was about). Raises BadInput for a row that this version cannot read: passing it over
    would change what rests on it."""
    if row.removed or not row.note or not row.topic.startswith(TOPIC_PREFIX):
        return None
    try:
        decision: Decision = _DECODER.decode(row.payload)
    except msgspec.MsgspecError as error:
        raise BadInput(f"journal: {row.worker} row {row.row}: {row.topic}: {error}") from error
    return decision
