"""What a case system hears, and what it does not hear twice: from findings to changes of clues.

A finding becomes a clue when its kind accuses (config/findings says which do), with at least
`probable` certainty. One that is only inferred waits until the journey's end is known: a box half
seen would accuse too early. All findings of one matter of one shipment are one clue, with its
history; when none is left the clue is withdrawn, and says what changed and by whom.

Nothing here reads or writes: the register asks while it holds the shipment, and keeps the answer.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from msgspec import structs

from coldwitness.config.finding_kinds import accusing_kinds, finding_kinds
from coldwitness.config.rules import Requirement, RulePack, load_packs
from coldwitness.domain.clues import (
    Change,
    ChangeKind,
    Clue,
    HistoryLine,
    MadeFrom,
    Withdrawn,
    with_history,
)
from coldwitness.domain.instants import china_day, instant_ms, rfc3339
from coldwitness.domain.measures import given
from coldwitness.domain.reading import ENDING_EVENTS
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.domain.text import Text
from coldwitness.domain.words import Certainty, Severity
from coldwitness.judging.clue_clocks import first_deadline
from coldwitness.judging.clue_facts import (
    accused_line,
    act_of,
    basis_of,
    evidence_of,
    links_of,
    office_of,
    parties_of,
    place_of,
    summary_of,
    told_once,
)
from coldwitness.judging.clue_words import SYSTEM, reason_of
from coldwitness.storage.clue_ports import ClueChange, KeptClue, ToldOfShipment

GROWTH_MS = 300_000
"""An open episode's growth is told at its end and at most this often before."""
_WHOLE_KIND = frozenset({"cold_chain_break", "temporary_storage", "missing_isolation"})
"""Kinds whose subtypes are one matter; of the others each subtype is a matter of its own."""


def matter_of(finding: Finding) -> str:
    if finding.kind in _WHOLE_KIND:
        return finding.kind
    return f"{finding.kind}/{finding.subtype}"


@dataclass(frozen=True)
class ClueRules:
    """Decides what a result makes of its shipment's clues (a `CluePolicy`).

    packs : by which results are judged. own_division : this office's area, None where the settings
    name none. growth_ms : how often growth is told at most.
    """

    packs: Sequence[RulePack] = field(default_factory=load_packs)
    own_division: str | None = None
    growth_ms: int = GROWTH_MS

    def __call__(
        self,
        result: CheckResult,
        clues: Sequence[KeptClue],
        told: ToldOfShipment,
        *,
        judged_ms: int,
        reason: str,
    ) -> list[ClueChange]:
        """The clues that stand otherwise now, those that are new among them; each with the entry
        that tells of it. Those of `clues` come oldest first."""
        if not clues and not result.findings:
            return []
        now = _Now(self, result, told, judged_ms=judged_ms, reason=reason)
        left = list(clues)
        changes = []
        for matter, findings in _matters(result, told).items():
            same = [clue for clue in left if clue.matter == matter]
            left = [clue for clue in left if clue.matter != matter]
            if not same:
                changes.append(now.opened(matter, findings))
                continue
            change = now.found_again(same[0], findings)
            if change is not None:
                changes.append(change)
            changes += [
                now.withdrawn(clue, why=reason_of("changes", "merged", into=same[0].found.id))
                for clue in same[1:]
                if clue.found.standing == "stands"
            ]
        changes += [now.withdrawn(clue) for clue in left if clue.found.standing == "stands"]
        return changes

    @cached_property
    def _lines(self) -> Mapping[str, Mapping[str, Requirement]]:
        return {pack.name: {line.id: line for line in pack.requirements} for pack in self.packs}

    def lines_of(self, rules: str) -> Mapping[str, Requirement]:
        """Lines of a pack by id; none of one that is not here any more."""
        return self._lines.get(rules, {})


def told_late(kept: KeptClue, *, now_ms: int) -> ClueChange:
    """The entry for a clue that grew and of which none told in time."""
    at = rfc3339(now_ms)
    why = _and(reason_of("changes", "updated"), reason_of("causes", "readings"))
    line = HistoryLine(
        at=at, by=SYSTEM, kind="updated", was=None, now=kept.found.certainty, reason=why
    )
    found = with_history(structs.replace(kept.found, updated_at=at), line)
    told = replace(kept, found=found, told_ms=now_ms, held=False)
    return ClueChange(told, Change(kind="updated", reason=why, at=at, by=SYSTEM, version=0))


def under_way(told: ToldOfShipment) -> bool:
    """True if events or manifest tell of a beginning and none of an end. A shipment of which
    neither is told is taken as ended."""
    manifest = told.manifest
    ended = any(event in ENDING_EVENTS for event in told.events) or (
        manifest is not None and manifest.delivered_ms is not None
    )
    begun = bool(told.events) or (manifest is not None and manifest.dispatched_ms is not None)
    return begun and not ended


@dataclass(frozen=True)
class _Now:
    """One result, and what is told of its shipment at the time."""

    rules: ClueRules
    result: CheckResult
    told: ToldOfShipment
    judged_ms: int
    reason: str

    def opened(self, matter: str, findings: Sequence[Finding]) -> ClueChange:
        name = f"{self.result.shipment}\n{matter}".encode()
        at = rfc3339(self.judged_ms)
        on = china_day(self.judged_ms / 1000)
        blank = Clue(
            id="CL-" + hashlib.sha256(name).hexdigest()[:20],
            version=0,
            discovered_at=at,
            updated_at=at,
            shipment=self.result.shipment,
            shipments=(self.result.shipment,),
            kind=None,
            subtype=None,
            certainty=None,
            verdict=None,
            summary=summary_of(findings),
            deadlines=(first_deadline("system", starts_on=on),),
        )
        why = reason_of("changes", "opened", what=_title(findings[0]))
        return self._told(matter, self._with_facts(blank, findings), "opened", why)

    def found_again(self, kept: KeptClue, findings: Sequence[Finding]) -> ClueChange | None:
        """None: a listener would notice nothing."""
        found = self._with_facts(kept.found, findings)
        if kept.found.standing == "withdrawn":
            found = structs.replace(found, standing="stands", withdrawn=None)
            why = _and(reason_of("changes", "reopened"), self._causes(kept.found))
            return self._told(kept.matter, found, "reopened", why)
        if _said(found) == _said(kept.found) and not kept.held:
            return None
        grew = _graver(found) == _graver(kept.found)
        ended = kept.open and not self._open(findings)
        recent = self.judged_ms - kept.told_ms < self.rules.growth_ms
        if grew and recent and not ended and self._readings_alone(kept.found):
            # `made_from` stays that of what was told last: the next entry says what changed since.
            held = replace(kept, found=found, held=True, open=self._open(findings))
            return ClueChange(held, None)
        why = _and(reason_of("changes", "updated"), self._causes(kept.found))
        return self._told(kept.matter, found, "updated", why)

    def withdrawn(self, kept: KeptClue, *, why: str | None = None) -> ClueChange:
        said = _and(reason_of("changes", "withdrawn"), why or self._causes(kept.found))
        gone = Withdrawn(at=rfc3339(self.judged_ms), reason=said, by=self._by(kept.found))
        found = structs.replace(
            kept.found, standing="withdrawn", withdrawn=gone, verdict=self.result.verdict
        )
        return self._told(kept.matter, found, "withdrawn", said, before=kept.found)

    def _told(
        self,
        matter: str,
        found: Clue,
        kind: ChangeKind,
        why: str,
        *,
        before: Clue | None = None,
    ) -> ClueChange:
        at = rfc3339(self.judged_ms)
        by = self._by(before or found) if kind == "withdrawn" else self._by(found)
        made = structs.replace(found, made_from=self._made_from(), updated_at=at)
        line = HistoryLine(at=at, by=by, kind=kind, was=None, now=found.certainty, reason=why)
        kept = KeptClue(
            matter=matter,
            found=with_history(made, line),
            told_ms=self.judged_ms,
            open=kind != "withdrawn" and self._open(found.findings),
            links=links_of(self.told.manifest),
        )
        return ClueChange(kept, Change(kind=kind, reason=why, at=at, by=by, version=0))

    def _with_facts(self, clue: Clue, findings: Sequence[Finding]) -> Clue:
        first, result, manifest = findings[0], self.result, self.told.manifest
        requirements = tuple(dict.fromkeys(r for one in findings for r in one.requirements))
        basis = basis_of(requirements, self.rules.lines_of(result.evidence.rules))
        parties, place = parties_of(manifest), place_of(findings, manifest)
        line = accused_line(result, requirements)
        office = office_of(
            parties,
            place,
            duty_of=tuple(dict.fromkeys(who for one in basis for who in one.duty_of)),
            own_division=self.rules.own_division,
            day=china_day(instant_ms(clue.discovered_at) / 1000),
        )
        named = (place.division if place else None, *(party.division for party in parties))
        return structs.replace(
            clue,
            kind=first.kind,
            subtype=first.subtype,
            certainty=first.certainty,
            verdict=result.verdict,
            summary=summary_of(findings),
            parties=parties,
            place=place,
            act=act_of(findings),
            requirements=requirements,
            basis=basis,
            least=None if line is None else line.least,
            most=None if line is None else line.most,
            bounds_of=None if line is None else given(line.bounds_of),
            against=told_once([given(one.against) for one in findings]),
            would_settle=told_once([one.would_settle for one in findings]),
            findings=tuple(findings),
            evidence=evidence_of(result, self.told),
            office=office,
            division=next((code for code in named if code), None),
        )

    def _open(self, findings: Sequence[Finding]) -> bool:
        """Whether one of them may still grow: the box is on its way and was last seen in it."""
        if not under_way(self.told):
            return False
        until = self.result.window.end
        return any(
            one.end is None or until is None or instant_ms(one.end) >= instant_ms(until)
            for one in findings
        )

    def _made_from(self) -> MadeFrom:
        evidence = self.result.evidence
        return MadeFrom(
            readings_sha256=evidence.readings_sha256,
            rules=evidence.rules,
            software=evidence.software,
            manifest_version=self.told.manifest_version,
        )

    def _readings_alone(self, before: Clue) -> bool:
        """Whether nothing but readings is otherwise than when the clue was told last."""
        was, now = before.made_from, self._made_from()
        same = was is not None and structs.replace(was, readings_sha256="") == structs.replace(
            now, readings_sha256=""
        )
        return same and not self.reason.startswith(("review: ", "register: "))

    def _causes(self, before: Clue) -> str:
        """What is otherwise than when the clue was told last."""
        was, now = before.made_from, self._made_from()
        found = []
        if was is None or was.readings_sha256 != now.readings_sha256:
            found.append(reason_of("causes", "readings"))
        if was is not None and was.manifest_version != now.manifest_version:
            sender = self.told.sender or "—"
            version = str(now.manifest_version)
            found.append(reason_of("causes", "manifest", version=version, sender=sender))
        for name in ("rules", "software"):
            old, new = getattr(was, name, None), getattr(now, name)
            if old is not None and old != new:
                found.append(reason_of("causes", name, old=old, new=new))
        return "；".join(found + self._occasion(bool(found)))

    def _occasion(self, explained: bool) -> list[str]:
        """What judging was asked for, where that itself may have changed the result."""
        if self.reason.startswith("review: correction_accepted"):
            return [reason_of("causes", "correction")]
        if self.reason.startswith("review: isolation_seen"):
            return [reason_of("causes", "seen")]
        if self.reason.startswith("register: "):
            return [reason_of("causes", "register", name=self.reason.removeprefix("register: "))]
        if explained:
            return []
        if self.reason == "copy of its curve":
            return [reason_of("causes", "copy")]
        return [reason_of("causes", "silence" if self.reason == "silence" else "other")]

    def _by(self, before: Clue) -> str:
        """Who changed it: of an accepted correction or a look its officer, of a manifest who sent
        it, of readings whose loggers sent them."""
        if self.reason.startswith("review: "):
            return self.reason.removeprefix("review: ").partition(" ")[2] or SYSTEM
        was = before.made_from
        if was is None:
            return SYSTEM
        now = self._made_from()
        if was.manifest_version != now.manifest_version:
            return self.told.sender or SYSTEM
        courier = self.told.manifest.courier if self.told.manifest is not None else None
        if was.readings_sha256 != now.readings_sha256 and courier is not None and courier.id:
            return courier.id
        return SYSTEM


def _matters(result: CheckResult, told: ToldOfShipment) -> dict[str, list[Finding]]:
    """Accusations by matter, the gravest of each first."""
    found: dict[str, list[Finding]] = {}
    for finding in _accusations(result, told):
        found.setdefault(matter_of(finding), []).append(finding)
    for findings in found.values():
        findings.sort(key=_gravity, reverse=True)
    return found


def _accusations(result: CheckResult, told: ToldOfShipment) -> Iterator[Finding]:
    heard = {"certain"} if under_way(told) else {"certain", "probable"}
    for finding in result.findings:
        if (finding.kind, finding.subtype) in accusing_kinds() and finding.certainty in heard:
            yield finding


def _gravity(finding: Finding) -> tuple[int, int, float]:
    return (
        Certainty[finding.certainty.upper()].value,
        Severity[finding.severity.upper()].value,
        finding.duration_s or 0.0,
    )


def _said(clue: Clue) -> Clue:
    """What a listener would notice of a clue."""
    return structs.replace(
        clue, version=0, updated_at="", history=(), evidence=(), made_from=None, linked=()
    )


def _graver(clue: Clue) -> tuple[object, ...]:
    """What is told at once when it changes."""
    return clue.kind, clue.subtype, clue.certainty, clue.verdict, clue.parties


def _title(finding: Finding) -> Text:
    for kind in finding_kinds():
        if (kind.kind, kind.subtype) == (finding.kind, finding.subtype):
            return kind.title
    return Text(finding.subtype, finding.subtype)


def _and(first: str, second: str) -> str:
    return f"{first}：{second}"
