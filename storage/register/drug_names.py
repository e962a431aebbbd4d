"""Which of a logger's names is its drug's probe where no mapping says it: fixed by its first
message in whichever process read that, kept for all of them, changed by people alone.
"""

import time
from dataclasses import dataclass

import msgspec
from sqlalchemy import delete, select

from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean

_STATE = schema.state
_KEY = "drug_name "
"""`state` keeps a name under this and the logger: `drug_name courier/logger`."""
_CHANGED = "drug_names_changed"
_LOOK_EVERY_S = 2.0
"""Another process's change is met within this; a name that is only fixed anew never changes."""


@dataclass(frozen=True)
class DrugName:
    """logger : `courier/id`, or the id alone where no courier is known. by : who changed it,
    "" where its first message fixed it; changed_ms : when, 0 likewise."""

    logger: str
    name: str
    by: str = ""
    changed_ms: int = 0


class _Kept(msgspec.Struct, omit_defaults=True):
    name: str
    by: str = ""
    changed_ms: int = 0


class SqlDrugNames:
    """The part of the register about loggers without a mapping. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, str] = {}
        self._changed = ""
        self._look_at_s = 0.0

    def fixed(self, logger: str, first: str) -> str:
        """The name that is the drug's for this logger; `first`, and kept, if there is none."""
        if time.monotonic() >= self._look_at_s:
            self._look()
        known = self._known.get(logger)
        if known is None:
            known = self._known[logger] = self._kept_or(logger, first)
        return known

    def all(self) -> dict[str, str]:
        """Logger -> the name that is its drug's."""
        return {one.logger: one.name for one in self.told()}

    def told(self) -> list[DrugName]:
        """Every fixed name, by logger."""
        query = select(_STATE).where(_STATE.c.key.startswith(_KEY)).order_by(_STATE.c.key)
        with self._database.read() as connection:
            rows = list(connection.execute(query))
        found = []
        for row in rows:
            kept = msgspec.json.decode(row.value, type=_Kept)
            logger = row.key.removeprefix(_KEY)
            found.append(DrugName(logger, kept.name, kept.by, kept.changed_ms))
        return found

    def change(self, logger: str, name: str, *, by: str, now_ms: int) -> None:
        """From now on this name is the drug's; readings stored before are made again by a
        rebuild."""
        kept = msgspec.json.encode(_Kept(name, by, now_ms)).decode()
        keys = [_KEY + logger, _CHANGED]
        with self._database.write() as connection:
            connection.execute(delete(_STATE).where(_STATE.c.key.in_(keys)))
            rows = [(keys[0], clean(kept)), (_CHANGED, f"{now_ms} {logger} {name}")]
            connection.execute(
                _STATE.insert(), [{"key": key, "value": clean(value)} for key, value in rows]
            )
        self._look_at_s = 0.0

    def forget(self, logger: str) -> None:
        """Its next message fixes the name anew."""
        with self._database.write() as connection:
            keys = [_KEY + logger, _CHANGED]
            connection.execute(delete(_STATE).where(_STATE.c.key.in_(keys)))
            row = {"key": _CHANGED, "value": f"forgotten {logger} {time.time_ns()}"}
            connection.execute(_STATE.insert(), row)
        self._look_at_s = 0.0

    def adopt(self, names: dict[str, str]) -> None:
        """Keep names that were fixed before the register kept them; known ones stay."""
        known = self.all() if names else {}
        for logger in names.keys() - known.keys():
            self._kept_or(logger, names[logger])

    def _look(self) -> None:
        query = select(_STATE.c.value).where(_STATE.c.key == _CHANGED)
        with self._database.read() as connection:
            changed = str(connection.execute(query).scalar_one_or_none() or "")
        if changed != self._changed:
            self._known.clear()
        self._changed = changed
        self._look_at_s = time.monotonic() + _LOOK_EVERY_S

    def _kept_or(self, logger: str, first: str) -> str:
        # Names from before couriers were told apart stand under the logger alone.
        alone = logger.rpartition("/")[2]
        query = select(_STATE.c.key, _STATE.c.value).where(
            _STATE.c.key.in_([_KEY + logger, _KEY + alone])
        )
        with self._database.write() as connection:
            found = {row.key: row.value for row in connection.execute(query)}
            kept = found.get(_KEY + logger)
            if kept is None:
                kept = found.get(_KEY + alone) or msgspec.json.encode(_Kept(first)).decode()
                insert = self._database.insert(_STATE).on_conflict_do_nothing()
                connection.execute(insert, {"key": _KEY + logger, "value": clean(kept)})
                kept = connection.execute(
                    select(_STATE.c.value).where(_STATE.c.key == _KEY + logger)
                ).scalar_one()
        return msgspec.json.decode(kept, type=_Kept).name
