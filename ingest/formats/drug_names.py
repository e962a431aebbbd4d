"""Which of a logger's names is its drug's probe where the settings say nothing: the first
temperature of its first message, and from then on that name alone.

Decided anew for each message, a loose wire at the drug's probe would make the outside air the
drug's temperature.
"""

from collections.abc import Mapping
from typing import Protocol

from coldwitness.ingest.formats.name_words import is_elsewhere


class DrugNames(Protocol):
    """Where the fixed name of each logger is kept. A logger is named as `named_by`, because two
    couriers' loggers may have one serial."""

    def fixed(self, logger: str, first: str) -> str:
        """The name that is the drug's for this logger; `first`, and kept, if there is none."""


class RememberedDrugNames:
    """The names fixed in the life of one process, beside those that were fixed before it."""

    def __init__(self, before: Mapping[str, str] | None = None) -> None:
        self._names: dict[str, str] = dict(before or {})

    def fixed(self, logger: str, first: str) -> str:
        # What was kept before couriers were told apart stands under the logger alone.
        alone = self._names.get(logger.rpartition("/")[2], first)
        return self._names.setdefault(logger, alone)


def named_by(courier: str | None, logger: str) -> str:
    """Under which text a logger's name is kept: `courier/logger`."""
    return f"{courier}/{logger}" if courier else logger


def may_be_drug(name: str) -> bool:
    """False for a name that says that it is something else than the drug's compartment."""
    return not is_elsewhere(name)
