"""Which of several processes sends what is owed: who moves its next try first, as it was read."""

from sqlalchemy import Table, update

from coldwitness.storage.register.database import Database


def claimed(database: Database, owed: Table, name: str, *, next_try_ms: int, until_ms: int) -> bool:
    """Whether the caller has it now. owed : a table of what is sent, with state and next try.

    next_try_ms : as the caller read it. Until `until_ms` it is due to nobody; where its sender dies
    before it says what came of it, it is due again.
    """
    its = update(owed).where(
        owed.c.id == name, owed.c.state == "due", owed.c.next_try_ms == next_try_ms
    )
    with database.write() as connection:
        return connection.execute(its.values(next_try_ms=until_ms)).rowcount == 1
