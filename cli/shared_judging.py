"""Whether several processes may judge on one register: on PostgreSQL; a SQLite file has one."""

from coldwitness.domain.errors import ConfigError
from coldwitness.storage.register import SqlRegister


def shares_judging(register: SqlRegister) -> bool:
    """Whether who judges holds shares of all shipments, and news go to all through the register."""
    return not register.database.is_sqlite


def require_shared(register: SqlRegister) -> None:
    """Raise ConfigError where a process that judges cannot be another than the one that answers."""
    if not shares_judging(register):
        raise ConfigError(
            "store.register_url: judging in processes of its own needs a register on PostgreSQL;"
            " on SQLite `coldwitness serve` judges"
        )
