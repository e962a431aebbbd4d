"""A register that was kept before decisions were journalled: what stands in it becomes rows once,
as it stands then. What was changed before that moment no journal can show."""

from pathlib import Path

from coldwitness.domain.errors import ConfigError
from coldwitness.storage.decided.shards import chain_of, deciding_workers
from coldwitness.storage.decisions import decision_of, message_of
from coldwitness.storage.journal import Journal, JournalReader
from coldwitness.storage.journal.attached import keep_attached
from coldwitness.storage.register import SqlRegister

KEY = "decided"
"""Small fact of the register: that its decisions are those of the journal."""

_NAMES_KEY = "decided_drug_names"
_BYTES_KEY = "attached"


def adopt(journal: Journal, register: SqlRegister) -> int:
    """Journal what stands in the register, all of it or nothing; returns how many rows. Nothing
    where decisions are journalled already, here or by another process.

    Bytes of attachments that the register alone had are kept beside the rows, and names of drugs
    that people had said before that was journalled become rows.

    Raises Unavailable; ConfigError where the journal has decisions and the register others.
    """
    _keep_attached(journal.directory, register)
    if register.journalled.said(KEY) is None:
        count = _adopt_all(journal, register)
    else:
        count = _adopt_drug_names(journal, register)
    register.journalled.say(_NAMES_KEY, "journalled")
    return count


def _keep_attached(directory: Path, register: SqlRegister) -> None:
    if register.journalled.said(_BYTES_KEY) is not None:
        return
    for body in register.attachments.bodies():
        keep_attached(directory, body)
    register.journalled.say(_BYTES_KEY, "kept beside the rows")


def _adopt_drug_names(journal: Journal, register: SqlRegister) -> int:
    if register.journalled.said(_NAMES_KEY) is not None:
        return 0
    standing = list(register.standing.drug_names())
    now_ms = journal.clock.now_ms()
    # Not said to be in the register already: whoever catches up says them once more, which
    # changes nothing.
    journal.append([message_of(one, received_ms=now_ms) for one in standing], note=True)
    return len(standing)


def _adopt_all(journal: Journal, register: SqlRegister) -> int:
    standing = list(register.standing.every())
    directory = journal.directory
    if any(_has_decisions(directory, worker) for worker in deciding_workers(directory)):
        if standing:
            raise ConfigError(
                "the register holds manifests or reviews, and nothing says which of the journal's"
                " decisions they are (a register of before, or of elsewhere?): run `coldwitness"
                " rebuild`, which makes them again from the journal"
            )
        register.journalled.say(KEY, "made from the journal")
        return 0
    if not standing:
        register.journalled.say(KEY, "journalled from the first on")
        return 0
    now_ms = journal.clock.now_ms()
    journal.append([message_of(one, received_ms=now_ms) for one in standing], note=True)
    with register.journalled.advancing(
        chain_of(directory, journal.worker), to_row=journal.last_row
    ):
        register.journalled.say(KEY, f"adopted up to {journal.worker} row {journal.last_row}")
    return len(standing)


def _has_decisions(directory: Path, worker: str) -> bool:
    rows = JournalReader(directory).read(worker)
    return any(decision_of(row) is not None for row in rows)
