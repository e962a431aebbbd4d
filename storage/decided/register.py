"""A register whose every decision is a row of the journal before it is kept.

It has the register's own face, so that no route can forget the journal: a part in which something
can be decided is one of those beside this module, and a new method of the port has to be written
there too. What is derived (custody, curves, trips) and what says nothing of a shipment (webhooks,
deliveries) goes straight to the register.
"""

from contextlib import AbstractContextManager

from coldwitness.storage.alarm_ports import Alarms
from coldwitness.storage.clue_ports import Outbox
from coldwitness.storage.decided.log import DecisionLog
from coldwitness.storage.decided.parts import (
    JournalledAttachments,
    JournalledAudit,
    JournalledChallenges,
    JournalledClues,
    JournalledDrugNames,
    JournalledManifests,
    JournalledOffice,
    JournalledResults,
    JournalledReviews,
)
from coldwitness.storage.live_ports import LiveNews, Road
from coldwitness.storage.people_ports import ClientKeys, People, Replies
from coldwitness.storage.ports import (
    Copies,
    Custody,
    Journalled,
    Register,
    Shipments,
    Trips,
)
from coldwitness.storage.share_ports import JudgeShares, Waiting


class JournalledRegister:
    """A Register over another and a log of decisions; closing it closes neither."""

    def __init__(self, under: Register, log: DecisionLog) -> None:
        self._under = under
        self.manifests = JournalledManifests(under.manifests, log)
        self.results = JournalledResults(under.results, log)
        self.clues = JournalledClues(under.clues, log)
        self.reviews = JournalledReviews(under.reviews, log)
        self.office = JournalledOffice(under.office, log)
        self.attachments = JournalledAttachments(under.attachments, log)
        self.drug_names = JournalledDrugNames(under.drug_names, log)
        self.challenges = JournalledChallenges(under.challenges, log)
        self.audit = JournalledAudit(under.audit, log)

    @property
    def shipments(self) -> Shipments:
        return self._under.shipments

    @property
    def custody(self) -> Custody:
        return self._under.custody

    @property
    def outbox(self) -> Outbox:
        return self._under.outbox

    @property
    def alarms(self) -> Alarms:
        return self._under.alarms

    @property
    def client_keys(self) -> ClientKeys:
        return self._under.client_keys

    @property
    def people(self) -> People:
        return self._under.people

    @property
    def replies(self) -> Replies:
        return self._under.replies

    @property
    def copies(self) -> Copies:
        return self._under.copies

    @property
    def trips(self) -> Trips:
        return self._under.trips

    @property
    def waiting(self) -> Waiting:
        return self._under.waiting

    @property
    def judge_shares(self) -> JudgeShares:
        return self._under.judge_shares

    def alone(self, what: str) -> AbstractContextManager[None]:
        """As the register under it."""
        return self._under.alone(what)

    @property
    def live_news(self) -> LiveNews:
        return self._under.live_news

    @property
    def road(self) -> Road:
        return self._under.road

    @property
    def journalled(self) -> Journalled:
        return self._under.journalled

    def close(self) -> None:
        """Nothing: whoever opened register and log closes them."""
