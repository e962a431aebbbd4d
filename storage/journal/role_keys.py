"""The keys of this machine: one for the log, one for packages and reports, one for backups. Each is
in the history of keys; one that is missing or exchanged stops whoever needs it.
"""

import errno
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from coldwitness.config.settings import JournalSettings
from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.command_key import CommandKey
from coldwitness.storage.journal.durable import force_to_disk, placed
from coldwitness.storage.journal.key_history import (
    KeyStatement,
    Role,
    add_statement,
    newest,
    read_history,
    stated,
)
from coldwitness.storage.journal.locking import one_at_a_time, worker_lock
from coldwitness.storage.journal.signing import (
    Signer,
    create_key,
    load_public_key,
    load_signer,
    signing_key,
)

NEXT = ".next"
"""Ending of a key that is made and not yet in force."""

_NOWHERE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
"""Nobody writes there, or no more. Anything else is a fault of the moment, and is tried again: else
the log's key would sign once what another one signs before and after."""


def key_file(journal: JournalSettings, role: Role) -> Path:
    """Where the private key of a role lies, or will."""
    log = signing_key(journal)
    return log if role == "log" else log.with_name(f"{role}.key")


def signer_of(journal: JournalSettings, role: Role) -> Signer:
    """The key of a role, with the history of all keys; where no statement ever named one it is made
    and vouched for by the log's key (the log's own only where there is no journal yet).

    Raises ConfigError where it is missing or is another one than the history says.
    """
    with _key_lock(journal):
        return _signer_of(journal, role)


def _signer_of(journal: JournalSettings, role: Role) -> Signer:
    path, history = key_file(journal, role), history_of(journal)
    stands = newest(history, role)
    _finish(path, stands)
    if role == "log":
        signer = _log_signer(journal)
        if stands is not None and stands.key_id() != signer.key_id:
            raise ConfigError(_exchanged(path, signer.key_id, stands))
        return signer.with_history(history)
    if stands is None:
        return _made(journal, role, path)
    if not path.exists():
        raise ConfigError(
            f"{role} key {path}: missing; the history of keys names {stands.key_id()}. Put it back"
            " from the backup (--with-keys), or make another one that the log's key vouches for:"
            f" coldwitness journal key rotate {role} --lost"
        )
    signer = load_signer(path)
    if stands.key_id() != signer.key_id:
        raise ConfigError(_exchanged(path, signer.key_id, stands))
    return signer.with_history(history)


def _made(journal: JournalSettings, role: Role, path: Path) -> Signer:
    log = _signer_of(journal, "log")
    if path.exists():
        raise ConfigError(
            f"{role} key {path}: no statement of the log's key names it; put the file aside, and"
            " one is made that is named"
        )
    try:
        signer = _coming(path)
    except OSError as error:
        if error.errno not in _NOWHERE:
            raise Unavailable(f"{role} key {path}: cannot be made: {error.strerror}") from error
        return log  # keys in a place where nobody writes: the one there signs, as it did
    _say(journal, role, signer, log)
    history = history_of(journal)
    _finish(path, newest(history, role))
    return signer.with_history(history)


def _coming(path: Path) -> Signer:
    """A key that is to be stated before it comes into force: one that nothing states yet, killed in
    between, is made anew. Raises OSError."""
    coming = path.with_name(path.name + NEXT)
    coming.unlink(missing_ok=True)
    create_key(coming)
    return load_signer(coming)


def existing_signer(journal: JournalSettings, role: Role) -> Signer | None:
    """The same; None where there is neither a journal nor a key of its log yet."""
    there = journal.signing_command or signing_key(journal).exists()
    return signer_of(journal, role) if there or layout.has_days(journal.directory) else None


def signer_of_journal(journal: JournalSettings) -> Signer:
    """The log's."""
    return signer_of(journal, "log")


def history_of(journal: JournalSettings) -> list[KeyStatement]:
    """Raises BadInput, Unavailable."""
    return read_history(layout.key_history(journal.directory))


def rotate(journal: JournalSettings, role: Role, *, lost: bool = False) -> tuple[str, str]:
    """Another key for a role from now on, vouched for by the one before it; returns both ids.
    lost : the one before is gone; the log's key vouches (nothing else can vouch for a log's key).

    No worker may write meanwhile where it is the log's. Raises ConfigError, Unavailable.
    """
    if role == "log" and journal.signing_command:
        raise ConfigError("journal.signing_command: its key is changed where it lies, not here")
    if role == "log" and lost:
        raise ConfigError(
            "the log's key: nothing can vouch for another one; keep this folder as it is and begin"
            " another one (journal.directory)"
        )
    with ExitStack() as held:
        if role == "log":
            for worker in layout.workers(journal.directory):
                folder = layout.worker_folder(journal.directory, worker)
                held.enter_context(worker_lock(folder, worker))
        held.enter_context(_key_lock(journal))
        before = _signer_of(journal, "log" if lost else role)
        path = key_file(journal, role)
        after = _coming(path)
        _say(journal, role, after, before)
        _finish(path, newest(history_of(journal), role))
    return before.key_id, after.key_id


@contextmanager
def _key_lock(journal: JournalSettings) -> Iterator[None]:
    """Two processes may need the first key at once: one makes it."""
    if layout.unfinished_mark(journal.directory).exists():
        raise ConfigError(
            f"journal {journal.directory}: a restore was stopped before its end; run the same"
            " `coldwitness restore` again"
        )
    folder = layout.key_history(journal.directory).parent
    with one_at_a_time(folder, what="keys"):
        yield


def _log_signer(journal: JournalSettings) -> Signer:
    path = signing_key(journal)
    if journal.signing_command:
        public = load_public_key(path.with_suffix(".pub"))
        return Signer(CommandKey(journal.signing_command, public))
    if not path.exists():
        if layout.has_days(journal.directory):
            raise ConfigError(
                f"signing key {path}: missing, but there is a journal in {journal.directory}. Put"
                " the key back from where it is kept (backup --with-keys); if it is lost, keep this"
                " folder as it is and begin another one (journal.directory)"
            )
        create_key(path)
    return load_signer(path)


def _say(journal: JournalSettings, role: Role, new: Signer, vouching: Signer) -> None:
    """State a key; before the first one the log's own is stated."""
    path, now_ms = layout.key_history(journal.directory), int(time.time() * 1000)
    history = read_history(path)
    if not history and new.key_id != vouching.key_id:
        log = _signer_of(journal, "log")
        _say(journal, "log", log, log)
        history = read_history(path)
    one = stated(
        role,
        new.public,
        from_ms=now_ms,
        after=history,
        signed_by=vouching.key_id,
        sign=vouching.sign,
        sign_own=new.sign,
    )
    add_statement(path, one)


def _finish(path: Path, stands: KeyStatement | None) -> None:
    """Bring a key into force that is named already: the one before it is overwritten."""
    coming = path.with_name(path.name + NEXT)
    if stands is None or not coming.exists():
        return
    if load_signer(coming).key_id == stands.key_id():
        public = stands.public().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        with placed(path.with_suffix(".pub")) as file:
            file.write(public)
        coming.with_suffix(".pub").unlink(missing_ok=True)
        coming.replace(path)
        force_to_disk(path.parent)


def _exchanged(path: Path, found: str, stands: KeyStatement) -> str:
    return (
        f"{stands.role} key {path}: is {found}, and the history of keys names {stands.key_id()}:"
        " put back the one that was here (backup --with-keys)"
    )
