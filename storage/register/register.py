"""The register as one object: each part is a module, all share one database."""

from coldwitness.storage.register import migrate
from coldwitness.storage.register.clues import Clues
from coldwitness.storage.register.curves import Curves
from coldwitness.storage.register.custody import Custody
from coldwitness.storage.register.database import Database
from coldwitness.storage.register.equipment import Equipment
from coldwitness.storage.register.model_trips import ModelTrips
from coldwitness.storage.register.outbox import Outbox
from coldwitness.storage.register.oversight import Oversight
from coldwitness.storage.register.results import Results
from coldwitness.storage.register.shipments import Shipments
from coldwitness.storage.register.to_judge import ToJudge
from coldwitness.storage.register.views import Views


class SqlRegister(
    Shipments,
    Custody,
    Results,
    Clues,
    Outbox,
    Oversight,
    Equipment,
    Curves,
    ModelTrips,
    ToJudge,
    Views,
):
    """A Register on SQLite or PostgreSQL. Methods may be called from any thread."""

    def __init__(self, database: Database) -> None:
        Shipments.__init__(self, database)
        self.database = database

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
