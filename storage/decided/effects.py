"""What a decision does to a register: the same when it is made, caught up with, or made again."""

from collections.abc import Sequence
from pathlib import Path

from coldwitness.domain.clues import STATUS_OF
from coldwitness.storage.challenge_ports import Challenges
from coldwitness.storage.clue_ports import ClueEntry, Clues
from coldwitness.storage.decisions import (
    AttachmentAdded,
    Audited,
    ChallengeDecided,
    ChallengeStarted,
    ClueActed,
    ClueStatusSet,
    CluesTold,
    ClueTaken,
    Decision,
    DrugNameSet,
    EntryPut,
    InForce,
    Issued,
    Judged,
    ManifestPut,
    Redacted,
    ReviewAdded,
    entry_of,
)
from coldwitness.storage.journal.attached import attached_bytes
from coldwitness.storage.office_ports import Attachment, Attachments, EntryVersion, Office
from coldwitness.storage.people_ports import Audit
from coldwitness.storage.ports import DrugNameChanges, Manifests, Register, Reviews


def put_manifest(manifests: Manifests, put: ManifestPut) -> int:
    return manifests.put(
        put.manifest,
        received_ms=put.at_ms,
        sender=put.sender,
        received_sha256=put.received_sha256,
    )


def add_review(reviews: Reviews, added: ReviewAdded) -> None:
    reviews.add(added.review)


def put_entry(office: Office, put: EntryPut) -> EntryVersion:
    return office.put(put.name, entry_of(put), by=put.by, now_ms=put.at_ms)


def put_entries(office: Office, puts: Sequence[EntryPut]) -> None:
    """Of one table: by the same person at one time."""
    entries = [(put.name, entry_of(put)) for put in puts]
    office.put_all(entries, by=puts[0].by, now_ms=puts[0].at_ms)


def act_on_clue(clues: Clues, told: ClueActed) -> ClueEntry | None:
    return clues.act(told.clue, told.act)


def take_clue(clues: Clues, taken: ClueTaken) -> ClueEntry:
    return clues.take(taken.clue, by=taken.by, reason=taken.reason)


def note(audit: Audit, line: Audited) -> None:
    audit.note(
        actor=line.actor,
        action=line.action,
        subject=line.subject,
        now_ms=line.at_ms,
        shipment=line.shipment,
        address=line.address,
        through=line.through,
    )


def set_drug_name(names: DrugNameChanges, told: DrugNameSet) -> None:
    names.change(told.logger, told.name, by=told.by, now_ms=told.at_ms)


def start_challenge(challenges: Challenges, started: ChallengeStarted) -> bool:
    return challenges.start(started.challenge)


def decide_challenge(challenges: Challenges, decided: ChallengeDecided) -> None:
    challenges.decide(decided.challenge, decided.decision)


def add_attachment(
    attachments: Attachments, added: AttachmentAdded, body: bytes
) -> tuple[Attachment, bool]:
    its = added.attachment
    return attachments.add(
        its.shipment,
        body,
        kind=its.kind,
        name=its.name,
        media_type=its.media_type,
        by=its.by,
        now_ms=its.at_ms,
    )


def _clue_caught_up(
    decision: ClueActed | ClueTaken | ClueStatusSet | CluesTold, register: Register
) -> None:
    match decision:
        case ClueActed():
            act_on_clue(register.clues, decision)
        case ClueTaken():
            take_clue(register.clues, decision)
        case ClueStatusSet():
            register.journalled.leave_status(
                decision.clue,
                status=STATUS_OF[decision.status],
                note=decision.note,
                at_ms=decision.at_ms,
            )
        case CluesTold():
            register.journalled.leave_clues(decision.marks, cursor=decision.cursor)


def caught_up(decision: Decision, register: Register, *, directory: Path) -> None:
    """Bring a decision that is journalled into a register that lacks it.

    What rests on results that are not there yet (what was done with a clue, the number of a
    version) is left with the register until they are made again. directory : the journal's, where
    the bytes of attachments lie; one whose bytes are gone is not brought back.
    """
    match decision:
        case ManifestPut():
            put_manifest(register.manifests, decision)
        case ReviewAdded():
            add_review(register.reviews, decision)
        case EntryPut():
            put_entry(register.office, decision)
        case Audited():
            note(register.audit, decision)
        case ClueActed() | ClueTaken() | ClueStatusSet() | CluesTold():
            _clue_caught_up(decision, register)
        case Judged():
            register.journalled.leave_results(
                {one.shipment: (one.version, one.digest) for one in decision.results}
            )
        case DrugNameSet():
            set_drug_name(register.drug_names, decision)
        case ChallengeStarted():
            start_challenge(register.challenges, decision)
        case ChallengeDecided():
            decide_challenge(register.challenges, decision)
        case AttachmentAdded():
            body = attached_bytes(directory, decision.attachment.sha256)
            if body is not None:
                add_attachment(register.attachments, decision, body)
        case InForce() | Issued() | Redacted():
            pass  # a removed message's bytes go where the order is carried out
