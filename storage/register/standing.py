"""What stands in the register of what was decided, in the words of the journal's rows, so that both
can be compared; and the way to take it out, so that it can be made again."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import RowMapping, Select, delete, select, update

from coldwitness.domain.clues import ClueAct
from coldwitness.domain.manifest import Manifest
from coldwitness.storage.decisions import (
    AttachmentAdded,
    Audited,
    ChallengeDecided,
    ChallengeStarted,
    ClueActed,
    ClueStatusSet,
    ClueTaken,
    Decision,
    DrugNameSet,
    EntryPut,
    ManifestPut,
    ReviewAdded,
    Subject,
    subject_of,
)
from coldwitness.storage.register import schema
from coldwitness.storage.register.attachments import TOLD, attachment_of_row
from coldwitness.storage.register.challenges import kept_of_row
from coldwitness.storage.register.database import Database
from coldwitness.storage.register.drug_names import SqlDrugNames
from coldwitness.storage.register.feed import TAKEN
from coldwitness.storage.register.reviews import review_of_row

_PAGE = 2000


class SqlStanding:
    """The part of the register that shows the others as decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def every(self) -> Iterator[Decision]:
        """All decisions that stand, the audit trail last; those about one subject stand together,
        in the order in which they were made."""
        yield from self._manifests(None)
        yield from self._reviews(None)
        yield from self._attachments(None)
        yield from self._challenges(None)
        yield from self._entries(None)
        yield from self._clue_acts(None)
        yield from self.drug_names()
        yield from self.audit()

    def about(self, subject: Subject) -> Iterator[Decision]:
        """Those about one subject, in the order in which they were made."""
        kind, name = subject
        of_shipment: Mapping[str, Callable[[str], Iterator[Decision]]] = {
            "manifest": self._manifests,
            "review": self._reviews,
            "attachment": self._attachments,
            "challenge": self._challenges,
        }
        if kind in of_shipment:
            return of_shipment[kind](name)
        if kind == "drug_name":
            return (one for one in self.drug_names() if one.logger == name)
        if kind in ("clue", "clue_status"):
            return (one for one in self._clue_acts(name) if subject_of(one) == subject)
        return self._entries(subject)

    def drug_names(self) -> Iterator[DrugNameSet]:
        """What people said; a name that a first message fixed is no decision."""
        for one in SqlDrugNames(self._database).told():
            if one.by:
                yield DrugNameSet(one.logger, one.name, one.by, one.changed_ms)

    def audit(self) -> Iterator[Audited]:
        """Oldest first."""
        table = schema.audit
        for row in self._rows(select(table).order_by(table.c.id)):
            yield Audited(
                row["actor"],
                row["action"],
                row["subject"],
                row["at_ms"],
                row["shipment"],
                row["address"],
                row["through"],
            )

    def forget(self, subject: Subject) -> None:
        """Take out what stands of a subject, but for attachments, whose bytes may be nowhere else,
        and clues that judging found; what people did with them goes, until the next entry of the
        feed tells what is made again."""
        kind, name = subject
        manifests, reviews, entries = schema.manifests, schema.reviews, schema.office_entries
        shipments, acts = schema.shipments, schema.clue_acts
        with self._database.write() as connection:
            if kind == "manifest":
                connection.execute(delete(manifests).where(manifests.c.shipment == name))
                belongings = schema.belongings
                connection.execute(delete(belongings).where(belongings.c.shipment == name))
                none = update(shipments).where(shipments.c.id == name).values(manifest_version=0)
                connection.execute(none)
            elif kind == "review":
                connection.execute(delete(reviews).where(reviews.c.shipment == name))
            elif kind == "challenge":
                its = schema.probe_challenges
                connection.execute(delete(its).where(its.c.shipment == name))
            elif kind in ("clue", "clue_status"):
                of_kind = acts.c.number == 0 if kind == "clue_status" else acts.c.number != 0
                connection.execute(delete(acts).where(acts.c.clue == name, of_kind))
            elif kind == "drug_name":
                SqlDrugNames(self._database).forget(name)
            elif kind != "attachment":
                connection.execute(
                    delete(entries).where(entries.c.register == kind, entries.c.name == name)
                )

    def forget_audit(self, lines: Sequence[Audited]) -> None:
        """Take one line out of the trail for each of these."""
        table = schema.audit
        with self._database.write() as connection:
            for line in lines:
                first = (
                    select(table.c.id)
                    .where(
                        table.c.at_ms == line.at_ms,
                        table.c.actor == line.actor,
                        table.c.action == line.action,
                        table.c.subject == line.subject,
                        table.c.shipment.is_not_distinct_from(line.shipment),
                        table.c.address.is_not_distinct_from(line.address),
                        table.c.through.is_not_distinct_from(line.through),
                    )
                    .limit(1)
                    .scalar_subquery()
                )
                connection.execute(delete(table).where(table.c.id == first))

    def _manifests(self, shipment: str | None) -> Iterator[ManifestPut]:
        table = schema.manifests
        query = select(table).order_by(table.c.shipment, table.c.version)
        if shipment is not None:
            query = query.where(table.c.shipment == shipment)
        for row in self._rows(query):
            yield ManifestPut(
                manifest=msgspec.json.decode(str(row["body"]), type=Manifest),
                at_ms=row["received_ms"],
                sender=row["sender"],
                received_sha256=row["received_sha256"],
            )

    def _reviews(self, shipment: str | None) -> Iterator[ReviewAdded]:
        table = schema.reviews
        query = select(table).order_by(table.c.shipment, table.c.id)
        if shipment is not None:
            query = query.where(table.c.shipment == shipment)
        for row in self._rows(query):
            yield ReviewAdded(review_of_row(row))

    def _attachments(self, shipment: str | None) -> Iterator[AttachmentAdded]:
        table = schema.attachments
        query = select(*TOLD).order_by(table.c.shipment, table.c.at_ms, table.c.sha256)
        if shipment is not None:
            query = query.where(table.c.shipment == shipment)
        for row in self._rows(query):
            yield AttachmentAdded(attachment_of_row(row))

    def _challenges(self, shipment: str | None) -> Iterator[ChallengeStarted | ChallengeDecided]:
        table = schema.probe_challenges
        query = select(table).order_by(table.c.shipment, table.c.id)
        if shipment is not None:
            query = query.where(table.c.shipment == shipment)
        for row in self._rows(query):
            kept = kept_of_row(row)
            yield ChallengeStarted(kept.challenge)
            if kept.decision is not None:
                yield ChallengeDecided(kept.challenge, kept.decision)

    def _entries(self, subject: Subject | None) -> Iterator[EntryPut]:
        table = schema.office_entries
        query = select(table).order_by(table.c.register, table.c.name, table.c.version)
        if subject is not None:
            query = query.where(table.c.register == subject[0], table.c.name == subject[1])
        for row in self._rows(query):
            yield EntryPut(
                register=row["register"],
                name=row["name"],
                entry=msgspec.json.decode(row["body"]),
                by=row["by_whom"],
                at_ms=row["at_ms"],
            )

    def _clue_acts(self, clue: str | None) -> Iterator[ClueStatusSet | ClueActed | ClueTaken]:
        """By clue: how it came in if it came from elsewhere, the last word of before each act was
        kept, and what was done with it. When that last word was said is not asked."""
        table = schema.clue_acts
        query = select(table).order_by(table.c.clue, table.c.number)
        if clue is not None:
            query = query.where(table.c.clue == clue)
        for row in self._rows(query):
            if row["number"] == TAKEN:
                yield msgspec.json.decode(str(row["body"]), type=ClueTaken)
                continue
            act = msgspec.json.decode(str(row["body"]), type=ClueAct)
            if row["number"] > 0:
                yield ClueActed(row["clue"], act)
            elif act.status is not None:
                yield ClueStatusSet(row["clue"], act.status, act.note, at_ms=0)

    def _rows(self, query: Select[tuple[object, ...]]) -> Iterator[RowMapping]:
        with self._database.read() as connection:
            streamed = connection.execution_options(yield_per=_PAGE)
            yield from streamed.execute(query).mappings()
