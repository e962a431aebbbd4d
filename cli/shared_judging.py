"""Whether several processes may judge on one register: on PostgreSQL; a SQLite file has one."""

from coldwitness.domain.errors import ConfigError
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.share_ports import SHARES


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


def judging_now(register: SqlRegister) -> tuple[bool, str]:
    """Whether anybody judges, and who does in words. Raises Unavailable."""
    held, waiting = register.judge_shares.judges(), register.waiting.count()
    if not held:
        return False, f"no process judges; {waiting} shipments wait"
    shares = ", ".join(str(number) for number in sorted(held.values(), reverse=True))
    return True, f"{len(held)} judging, with {shares} of {SHARES} shares; {waiting} shipments wait"
