"""Rows of an import, stored by a process beside this one while they are still journalled.

It is a fork of this one from before its stores, which opens its own; what joins the two is the
journal, as in `ingest`. Nothing rests on it: it tells which shipments a batch concerned before it
is done with the batch, and what it has not stored when it ends this process stores.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from coldwitness.domain.errors import ColdWitnessError
from coldwitness.judging.in_parts import beside_is_safe
from coldwitness.storage.with_parent import end_with_parent

SILENT_S = 120.0
"""A process that tells of nothing for so long is ended: a batch takes a second or two."""

Tell = Callable[[Mapping[str, str | None]], None]
StoreRows = Callable[[Iterator[None], Tell], None]
"""Is called once there are rows: opens the stores, and at each of the iterator's turns stores what
the journal has. What is told the shipments of a batch raises OSError where nobody hears it."""


class StoringBeside:
    """The other process. Its methods never fail: without it all is stored here."""

    def __init__(self, store_rows: StoreRows) -> None:
        """To be made before the process has threads, files and stores that a fork would share."""
        context = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe()
        self._touched: set[str] = set()
        self._process: BaseProcess = context.Process(
            target=_store_until_told,
            args=(os.getpid(), theirs, self._connection, store_rows),
            name="store beside",
            daemon=True,
        )
        self._process.start()
        theirs.close()

    @property
    def process_id(self) -> int | None:
        return self._process.pid

    def go_on(self) -> None:
        """There are rows in the journal."""
        with suppress(EOFError, OSError):
            self._connection.send(True)
            while self._connection.poll():  # else it would wait with a full pipe
                self._touched |= self._connection.recv()

    def end(self) -> set[str]:
        """Have it store the last rows and end; returns the shipments that concern what it
        stored."""
        with suppress(EOFError, OSError):
            self._connection.send(False)
            while self._connection.poll(SILENT_S):
                self._touched |= self._connection.recv()
        self.close()
        return self._touched

    def close(self) -> None:
        """End it where it is."""
        self._connection.close()
        self._process.kill()
        self._process.join()


@contextmanager
def storing_beside(store_rows: StoreRows) -> Iterator[StoringBeside | None]:
    """The other process as long as this lasts; None where it cannot safely be forked."""
    if not beside_is_safe():
        yield None
        return
    started = StoringBeside(store_rows)
    try:
        yield started
    finally:
        started.close()


def _store_until_told(
    parent: int, connection: Connection, parents_end: Connection, store_rows: StoreRows
) -> None:
    """The other process. It ends with its parent, whose end of the pipe it must not hold open."""
    end_with_parent(parent)
    parents_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to answer, which then closes
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # What is wrong with the stores the parent says, which meets it too.
    with suppress(EOFError, OSError, ColdWitnessError):
        if connection.recv():
            store_rows(_turns(connection), lambda touched: connection.send(set(touched)))


def _turns(connection: Connection) -> Iterator[None]:
    yield
    while connection.recv():
        yield
