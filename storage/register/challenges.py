"""Challenges of probes and what came of them."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import RowMapping, select, update

from coldwitness.domain.probe_challenges import ChallengeDecision, KeptChallenge, ProbeChallenge
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, parts
from coldwitness.storage.register.shipments import make_known

_TABLE = schema.probe_challenges


class SqlChallenges:
    """The part of the register about challenges of probes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, challenge: ProbeChallenge) -> bool:
        with self._database.write() as connection:
            make_known(self._database, connection, {challenge.shipment: None})
            running = select(_TABLE.c.id).where(
                _TABLE.c.shipment == challenge.shipment, _TABLE.c.decision.is_(None)
            )
            if connection.execute(running.limit(1)).first() is not None:
                return False
            connection.execute(
                _TABLE.insert().values(
                    name=challenge.id,
                    shipment=challenge.shipment,
                    body=msgspec.json.encode(challenge).decode(),
                )
            )
            return True

    def decide(self, challenge: ProbeChallenge, decision: ChallengeDecision) -> None:
        its = update(_TABLE).where(_TABLE.c.name == challenge.id, _TABLE.c.decision.is_(None))
        with self._database.write() as connection:
            connection.execute(its.values(decision=msgspec.json.encode(decision).decode()))

    def of(self, shipments: Sequence[str]) -> dict[str, list[KeptChallenge]]:
        found: dict[str, list[KeptChallenge]] = {}
        with self._database.read() as connection:
            for part in parts(shipments):
                query = select(_TABLE).where(_TABLE.c.shipment.in_(part)).order_by(_TABLE.c.id)
                for row in connection.execute(query).mappings():
                    found.setdefault(row["shipment"], []).append(kept_of_row(row))
        return found

    def one(self, challenge_id: str) -> KeptChallenge | None:
        query = select(_TABLE).where(_TABLE.c.name == challenge_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else kept_of_row(row)

    def running(self) -> list[ProbeChallenge]:
        query = select(_TABLE).where(_TABLE.c.decision.is_(None)).order_by(_TABLE.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings()
            return [kept_of_row(row).challenge for row in rows]


def kept_of_row(row: RowMapping) -> KeptChallenge:
    """A row of the table of challenges."""
    decided = row["decision"]
    return KeptChallenge(
        msgspec.json.decode(row["body"], type=ProbeChallenge),
        None if decided is None else msgspec.json.decode(decided, type=ChallengeDecision),
    )
