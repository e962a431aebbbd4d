"""The register as one object: each part is a module, all share one database."""

from contextlib import AbstractContextManager

from coldwitness.storage.register import migrate
from coldwitness.storage.register.alarms import SqlAlarms
from coldwitness.storage.register.attachments import SqlAttachments
from coldwitness.storage.register.audit import SqlAudit
from coldwitness.storage.register.challenges import SqlChallenges
from coldwitness.storage.register.client_keys import SqlClientKeys
from coldwitness.storage.register.clues import SqlClues
from coldwitness.storage.register.copies import SqlCopies
from coldwitness.storage.register.custody import SqlCustody
from coldwitness.storage.register.database import Database
from coldwitness.storage.register.drug_names import SqlDrugNames
from coldwitness.storage.register.journalled import SqlJournalled
from coldwitness.storage.register.live import SqlLiveNews, SqlRoad
from coldwitness.storage.register.manifests import SqlManifests
from coldwitness.storage.register.office import SqlOffice
from coldwitness.storage.register.outbox import SqlOutbox
from coldwitness.storage.register.people import SqlPeople
from coldwitness.storage.register.replies import SqlReplies
from coldwitness.storage.register.results import SqlResults
from coldwitness.storage.register.reviews import SqlReviews
from coldwitness.storage.register.secret_seal import SecretSeal
from coldwitness.storage.register.shares import SqlJudgeShares
from coldwitness.storage.register.shipments import SqlShipments
from coldwitness.storage.register.standing import SqlStanding
from coldwitness.storage.register.trips import SqlTrips
from coldwitness.storage.register.views import SqlViews
from coldwitness.storage.register.waiting import SqlWaiting


class SqlRegister:
    """A Register on SQLite or PostgreSQL. Methods of its parts may be called from any thread.

    Beyond the port it has `standing`, what was decided in the words of the journal, `views`, what
    it knows of views kept elsewhere, and `drug_names`.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.shipments = SqlShipments(database)
        self.manifests = SqlManifests(database)
        self.custody = SqlCustody(database)
        self.results = SqlResults(database)
        self.clues = SqlClues(database)
        self.outbox = SqlOutbox(database)
        self.alarms = SqlAlarms(database)
        self.reviews = SqlReviews(database)
        self.office = SqlOffice(database)
        self.attachments = SqlAttachments(database)
        self.challenges = SqlChallenges(database)
        self.audit = SqlAudit(database)
        self.client_keys = SqlClientKeys(database)
        self.people = SqlPeople(database)
        self.replies = SqlReplies(database)
        self.copies = SqlCopies(database)
        self.trips = SqlTrips(database)
        self.waiting = SqlWaiting(database)
        self.judge_shares = SqlJudgeShares(database)
        self.live_news = SqlLiveNews(database)
        self.road = SqlRoad(database)
        self.journalled = SqlJournalled(database)
        self.standing = SqlStanding(database)
        self.views = SqlViews(database)
        self.drug_names = SqlDrugNames(database)

    def seal_secrets(self, seal: SecretSeal) -> None:
        """Keep secrets of others sealed, those that are there too. Raises Unavailable."""
        self.outbox.seal_with(seal)
        self.replies.seal_with(seal)

    def alone(self, what: str) -> AbstractContextManager[None]:
        """Of the processes on one PostgreSQL one is in here for `what`, and others wait; a SQLite
        file has one server, which sees to it by itself."""
        return self.database.alone(what)

    def close(self) -> None:
        self.database.close()


def open_register(url: str) -> SqlRegister:
    """The register at `url`; SQLite files are made and brought up to date, a PostgreSQL
    database only if it is empty: `coldwitness db upgrade` is its administrator's step."""
    database = Database(url)
    try:
        found = migrate.revision_of(database)
        if found != migrate.newest_revision():
            if database.is_sqlite or found is None:
                migrate.upgrade(database)
            migrate.require_newest(database)
    except BaseException:
        database.close()
        raise
    return SqlRegister(database)
