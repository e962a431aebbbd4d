"""The parts of the register in which something is decided: the journal first, then the register."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TypeVar

import msgspec

from coldwitness.domain.clues import Clue, ClueAct
from coldwitness.domain.counted_findings import CountedFindings
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Manifest, ManifestVersion
from coldwitness.domain.office import RegisterEntry
from coldwitness.domain.probe_challenges import ChallengeDecision, KeptChallenge, ProbeChallenge
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.result import CheckResult, ShipmentFinding
from coldwitness.storage.challenge_ports import Challenges
from coldwitness.storage.clue_ports import (
    EVERY_CLUE,
    ClueEntry,
    ClueFilter,
    CluePolicy,
    Clues,
    HeldPolicy,
    NearLimits,
    NoticePolicy,
    clue_marks,
)
from coldwitness.storage.decided import effects
from coldwitness.storage.decided.log import DecisionLog
from coldwitness.storage.decisions import (
    AttachmentAdded,
    Audited,
    ChallengeDecided,
    ChallengeStarted,
    ClueActed,
    CluesTold,
    ClueTaken,
    DrugNameSet,
    EntryPut,
    Judged,
    ManifestPut,
    ResultVersion,
    ReviewAdded,
)
from coldwitness.storage.journal.attached import keep_attached
from coldwitness.storage.office_ports import (
    Attachment,
    AttachmentKind,
    Attachments,
    EntryVersion,
    Office,
)
from coldwitness.storage.people_ports import Audit, AuditAsked, AuditLine
from coldwitness.storage.ports import (
    DrugNameChanges,
    EncodedResult,
    FindingPlace,
    KeptResult,
    Manifests,
    ResultMark,
    Results,
    Review,
    Reviews,
)
from coldwitness.storage.register import bodies
from coldwitness.storage.register.database import clean
from coldwitness.storage.share_ports import HeldShares

_Entry = TypeVar("_Entry", bound=RegisterEntry)
_ENTRIES_AT_ONCE = 500
"""Of a table, with one wait for the disk."""
_Said = TypeVar("_Said", bound=msgspec.Struct)
_AT_ONCE = 1000


class JournalledManifests:
    """Manifests; one that changes nothing is no new row."""

    def __init__(self, under: Manifests, log: DecisionLog) -> None:
        self._under = under
        self._log = log

    def put(
        self,
        manifest: Manifest,
        *,
        received_ms: int,
        sender: str | None = None,
        received_sha256: str | None = None,
    ) -> int:
        put = ManifestPut(manifest, received_ms, clean(sender), received_sha256)
        if self._under.newest([manifest.id]).get(manifest.id) == manifest:
            return effects.put_manifest(self._under, put)
        return self._log.decide(put, partial(effects.put_manifest, self._under, put))

    def put_all(
        self, sent: Sequence[Manifest], *, received_ms: int, sender: str | None = None
    ) -> list[int]:
        known = self._under.newest([manifest.id for manifest in sent])
        versions: dict[str, int] = {}
        for start in range(0, len(sent), _AT_ONCE):
            puts = [
                ManifestPut(manifest, received_ms, clean(sender), None)
                for manifest in sent[start : start + _AT_ONCE]
                if known.get(manifest.id) != manifest
            ]
            if puts:
                versions |= self._log.decide_together(
                    puts, partial(self._put_together, puts, received_ms, sender)
                )
        same = [manifest for manifest in sent if manifest.id not in versions]
        for manifest, version in zip(
            same,
            self._under.put_all(same, received_ms=received_ms, sender=sender),
            strict=True,
        ):
            versions[manifest.id] = version
        return [versions[manifest.id] for manifest in sent]

    def _put_together(
        self, puts: Sequence[ManifestPut], received_ms: int, sender: str | None
    ) -> dict[str, int]:
        sent = [put.manifest for put in puts]
        kept = self._under.put_all(sent, received_ms=received_ms, sender=sender)
        return {manifest.id: version for manifest, version in zip(sent, kept, strict=True)}

    def versions(self, shipments: Sequence[str]) -> dict[str, list[ManifestVersion]]:
        return self._under.versions(shipments)

    def newest(self, shipments: Sequence[str]) -> dict[str, Manifest]:
        return self._under.newest(shipments)

    def version(self, shipment: str, version: int) -> Manifest | None:
        return self._under.version(shipment, version)


class JournalledResults:
    """Results: their numbers and digests; what they say is made again from the evidence."""

    def __init__(self, under: Results, log: DecisionLog) -> None:
        self._under = under
        self._log = log

    def record(
        self,
        results: Sequence[CheckResult],
        *,
        judged_ms: int,
        reason: str,
        clue_policy: CluePolicy,
        up_to: Mapping[str, int] | None = None,
        encoded: Mapping[str, EncodedResult] | None = None,
        held: HeldShares | None = None,
    ) -> list[ClueEntry]:
        if encoded is None:
            encoded = bodies.each_encoded(results)
        marks = self._under.marks(sorted(encoded))
        nothing = ResultMark(0, "")
        told = tuple(
            ResultVersion(
                result.shipment,
                marks.get(result.shipment, nothing).version + 1,
                result.verdict,
                encoded[result.shipment].digest,
            )
            for result in results
            if marks.get(result.shipment, nothing).digest != encoded[result.shipment].digest
        )
        if told:
            self._log.decide(Judged(told, dict(up_to or {}), reason, judged_ms), _nothing)
        entries = self._under.record(
            results,
            judged_ms=judged_ms,
            reason=reason,
            clue_policy=clue_policy,
            up_to=up_to,
            encoded=encoded,
            held=held,
        )
        _journal_told(self._log, entries, at_ms=judged_ms)
        return entries

    def marks(self, shipments: Sequence[str]) -> dict[str, ResultMark]:
        return self._under.marks(shipments)

    def versions(self, shipment: str) -> list[KeptResult]:
        return self._under.versions(shipment)

    def of(self, shipment: str, *, version: int | None = None) -> CheckResult | None:
        return self._under.of(shipment, version=version)

    def newest(self, shipments: Sequence[str]) -> dict[str, CheckResult]:
        return self._under.newest(shipments)

    def findings_in_short(self, shipments: Sequence[str]) -> dict[str, list[CountedFindings]]:
        return self._under.findings_in_short(shipments)

    def findings(
        self,
        *,
        kind: str | None = None,
        certainty: str | None = None,
        shipment: str | None = None,
        after: str | None = None,
        limit: int = 50,
        reach: Reach = EVERYTHING,
    ) -> list[ShipmentFinding]:
        return self._under.findings(
            kind=kind, certainty=certainty, shipment=shipment, after=after, limit=limit, reach=reach
        )

    def latest_findings(
        self,
        *,
        kind: str | None = None,
        certainty: str | None = None,
        before: FindingPlace | None = None,
        limit: int = 50,
        reach: Reach = EVERYTHING,
    ) -> list[tuple[FindingPlace, ShipmentFinding]]:
        return self._under.latest_findings(
            kind=kind, certainty=certainty, before=before, limit=limit, reach=reach
        )


class JournalledClues:
    """Clues: what people do with them, and those that come from elsewhere."""

    def __init__(self, under: Clues, log: DecisionLog) -> None:
        self._under = under
        self._log = log

    def after(
        self, cursor: int, *, limit: int = 50, wanted: ClueFilter = EVERY_CLUE
    ) -> list[ClueEntry]:
        return self._under.after(cursor, limit=limit, wanted=wanted)

    def listed(
        self, *, wanted: ClueFilter = EVERY_CLUE, before: int | None = None, limit: int = 50
    ) -> list[ClueEntry]:
        return self._under.listed(wanted=wanted, before=before, limit=limit)

    def one(self, clue_id: str, *, wanted: ClueFilter = EVERY_CLUE) -> ClueEntry | None:
        return self._under.one(clue_id, wanted=wanted)

    def seen(self, names: Iterable[str], *, reach: Reach) -> frozenset[str]:
        return self._under.seen(names, reach=reach)

    def history(self, clue_id: str) -> list[ClueEntry]:
        return self._under.history(clue_id)

    def last_cursor(self) -> int:
        return self._under.last_cursor()

    def near_limits(self) -> NearLimits:
        return self._under.near_limits()

    def act(self, clue_id: str, act: ClueAct) -> ClueEntry | None:
        if self._under.one(clue_id) is None:
            return None
        said = ClueActed(clue_id, cleaned_struct(act))
        return self._log.decide(said, partial(effects.act_on_clue, self._under, said))

    def take(self, clue: Clue, *, by: str, reason: str) -> ClueEntry:
        known = self._under.one(clue.id)
        if known is not None:
            return known
        taken = ClueTaken(cleaned_struct(clue), clean(by) or "", reason)
        return self._log.decide(taken, partial(effects.take_clue, self._under, taken))

    def tell_held(self, *, told_before_ms: int, policy: HeldPolicy) -> list[ClueEntry]:
        entries = self._under.tell_held(told_before_ms=told_before_ms, policy=policy)
        _journal_told(self._log, entries, at_ms=told_before_ms)
        return entries

    def tell_due(self, *, today: date, policy: NoticePolicy) -> list[ClueEntry]:
        entries = self._under.tell_due(today=today, policy=policy)
        if entries:
            _journal_told(self._log, entries, at_ms=instant_ms(entries[-1].change.at))
        return entries


class JournalledReviews:
    """Officers' decisions, looks and accepted corrections."""

    def __init__(self, under: Reviews, log: DecisionLog) -> None:
        self._under = under
        self._log = log

    def add(self, review: Review) -> None:
        added = ReviewAdded(msgspec.convert(_cleaned(msgspec.to_builtins(review)), Review))
        self._log.decide(added, partial(effects.add_review, self._under, added))

    def of(self, shipment: str) -> list[Review]:
        return self._under.of(shipment)

    def isolation_seen(self, shipments: Sequence[str]) -> dict[str, Review]:
        return self._under.isolation_seen(shipments)

    def corrections_accepted(self, shipments: Sequence[str]) -> dict[str, frozenset[int]]:
        return self._under.corrections_accepted(shipments)


class JournalledOffice:
    """The office's registers; an entry that changes nothing is no new row."""

    def __init__(self, under: Office, log: DecisionLog) -> None:
        self._under = under
        self._log = log

    def put(self, name: str, entry: RegisterEntry, *, by: str, now_ms: int) -> EntryVersion:
        known = self._under.newest(type(entry), [name]).get(name)
        put = _entry_put(name, entry, by, now_ms)
        if known == entry:
            return effects.put_entry(self._under, put)
        return self._log.decide(put, partial(effects.put_entry, self._under, put))

    def put_all(
        self, entries: Sequence[tuple[str, RegisterEntry]], *, by: str, now_ms: int
    ) -> None:
        for start in range(0, len(entries), _ENTRIES_AT_ONCE):
            some = entries[start : start + _ENTRIES_AT_ONCE]
            puts = [_entry_put(name, entry, by, now_ms) for name, entry in some]
            self._log.decide_together(puts, partial(effects.put_entries, self._under, puts))

    def history(self, kind: type[_Entry], name: str) -> list[EntryVersion]:
        return self._under.history(kind, name)

    def newest(self, kind: type[_Entry], names: Iterable[str]) -> dict[str, _Entry]:
        return self._under.newest(kind, names)

    def listed(
        self, kind: type[_Entry], *, after: str | None = None, limit: int | None = None
    ) -> dict[str, _Entry]:
        return self._under.listed(kind, after=after, limit=limit)

    def counts(self) -> dict[str, int]:
        return self._under.counts()

    def entered_by(self, name: str) -> frozenset[tuple[str, str]]:
        return self._under.entered_by(name)

    def affected(self, entries: Iterable[tuple[str, RegisterEntry]]) -> list[str]:
        return self._under.affected(entries)


def _entry_put(name: str, entry: RegisterEntry, by: str, now_ms: int) -> EntryPut:
    said = msgspec.to_builtins(entry)
    return EntryPut(entry.register, name, _cleaned(said), clean(by) or "", now_ms)


class JournalledDrugNames:
    """Which name of a logger people say is its drug's."""

    def __init__(self, under: DrugNameChanges, log: DecisionLog) -> None:
        self._under = under
        self._log = log

    def change(self, logger: str, name: str, *, by: str, now_ms: int) -> None:
        told = DrugNameSet(clean(logger) or "", clean(name) or "", clean(by) or "", now_ms)
        self._log.decide(told, partial(effects.set_drug_name, self._under, told))


class JournalledAttachments:
    """Attachments: which files were put to a shipment. Their bytes are kept beside the rows before
    the row that names their digest."""

    def __init__(self, under: Attachments, log: DecisionLog) -> None:
        self._under = under
        self._log = log

    def add(
        self,
        shipment: str,
        body: bytes,
        *,
        kind: AttachmentKind,
        name: str | None,
        media_type: str,
        by: str,
        now_ms: int,
    ) -> tuple[Attachment, bool]:
        sha256 = keep_attached(self._log.directory, body)
        added = AttachmentAdded(
            Attachment(shipment, sha256, kind, clean(name), media_type, now_ms, clean(by) or "")
        )
        if any(one.sha256 == sha256 for one in self._under.of(shipment)):
            return effects.add_attachment(self._under, added, body)
        return self._log.decide(added, partial(effects.add_attachment, self._under, added, body))

    def of(self, shipment: str) -> list[Attachment]:
        return self._under.of(shipment)

    def body(self, shipment: str, sha256: str) -> tuple[Attachment, bytes] | None:
        return self._under.body(shipment, sha256)


class JournalledChallenges:
    """Challenges of probes: that they run, and what came of them."""

    def __init__(self, under: Challenges, log: DecisionLog) -> None:
        self._under = under
        self._log = log

    def start(self, challenge: ProbeChallenge) -> bool:
        kept = self._under.of([challenge.shipment]).get(challenge.shipment, [])
        if any(one.decision is None for one in kept):
            return False
        started = ChallengeStarted(cleaned_struct(challenge))
        return self._log.decide(started, partial(effects.start_challenge, self._under, started))

    def decide(self, challenge: ProbeChallenge, decision: ChallengeDecision) -> None:
        known = self._under.one(challenge.id)
        if known is None or known.decision is not None:
            return
        decided = ChallengeDecided(known.challenge, decision)
        self._log.decide(decided, partial(effects.decide_challenge, self._under, decided))

    def of(self, shipments: Sequence[str]) -> dict[str, list[KeptChallenge]]:
        return self._under.of(shipments)

    def one(self, challenge_id: str) -> KeptChallenge | None:
        return self._under.one(challenge_id)

    def running(self) -> list[ProbeChallenge]:
        return self._under.running()


class JournalledAudit:
    """The audit trail."""

    def __init__(self, under: Audit, log: DecisionLog) -> None:
        self._under = under
        self._log = log

    def note(
        self,
        *,
        actor: str,
        action: str,
        subject: str,
        now_ms: int,
        shipment: str | None = None,
        address: str | None = None,
        through: str | None = None,
    ) -> None:
        line = Audited(
            clean(actor) or "",
            clean(action) or "",
            clean(subject) or "",
            now_ms,
            clean(shipment),
            clean(address),
            clean(through),
        )
        self._log.decide(line, partial(effects.note, self._under, line))

    def lines(
        self,
        asked: AuditAsked,
        *,
        reach: Reach,
        own: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[AuditLine]:
        return self._under.lines(asked, reach=reach, own=own, before=before, limit=limit)


def _journal_told(log: DecisionLog, entries: Sequence[ClueEntry], *, at_ms: int) -> None:
    """What of these entries no rebuild could make again."""
    if entries:
        told = CluesTold(clue_marks(entries), entries[-1].cursor, at_ms)
        log.decide(told, _nothing)


def _nothing() -> None:
    """Results are recorded by the run that made them."""


def cleaned_struct(said: _Said) -> _Said:
    """The same with every text in it as the register can keep it."""
    raw = msgspec.json.encode(said).replace(b"\\u0000", b"\\ufffd")
    return msgspec.json.decode(raw, type=type(said))


def _cleaned(said: dict[str, object]) -> dict[str, object]:
    """The same with its texts as the register can keep them."""
    return {key: clean(one) if isinstance(one, str) else one for key, one in said.items()}
