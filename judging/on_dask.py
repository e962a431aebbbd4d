"""Parts of an archive judged by the workers of a Dask cluster, on this machine or on many.

Dask, because it takes plain functions over plain files, gives a lost worker's tasks to another, and
needs nothing but Python processes. It is the extra `scale`, so this module is imported by who
spreads parts alone.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import dask
from distributed import Client, Future, KilledWorker, LocalCluster

from coldwitness.domain.errors import BadInput, ColdWitnessError, Unavailable
from coldwitness.judging.archived import PartChanges, Rejudge
from coldwitness.judging.run import software
from coldwitness.storage.archive.read_back import ArchivedPart

_AHEAD = 4
"""Parts a worker has before it: it never waits, and the scheduler never holds an archive's list."""
_CONNECT_S = 30.0
_LOST_MOST = 5
"""Workers that may die over one part before it is held to be what kills them."""


class DaskWorkers:
    """The workers of a cluster."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def each(self, work: Rejudge, parts: Sequence[ArchivedPart]) -> Iterator[PartChanges]:
        sent = self._client.scatter(work, broadcast=True, hash=False)  # type: ignore[no-untyped-call]
        waiting: deque[Future[object]] = deque()
        left = iter(parts)
        try:
            while True:
                room = _AHEAD * max(1, len(self._client.scheduler_info()["workers"]))
                while len(waiting) < room and (part := next(left, None)) is not None:
                    waiting.append(self._client.submit(_of_part, sent, part, pure=False))
                if not waiting:
                    return
                yield _answer(waiting.popleft())
        finally:
            self._client.cancel(list(waiting))  # type: ignore[no-untyped-call]


@contextmanager
def dask_workers(*, scheduler: str | None, processes: int) -> Iterator[DaskWorkers]:
    """The workers of the cluster at an address, else so many processes of this machine, which end
    with this one. Raises Unavailable where nobody answers, BadInput where another version does."""
    with dask.config.set({"distributed.scheduler.allowed-failures": _LOST_MOST}):
        if scheduler is not None:
            with _connected(scheduler) as client:
                yield DaskWorkers(client)
            return
        with (
            LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=processes,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                silence_logs=50,
            ) as cluster,
            Client(cluster) as client,  # type: ignore[no-untyped-call]
        ):
            yield DaskWorkers(client)


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    try:
        client = Client(scheduler, timeout=_CONNECT_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"--scheduler {scheduler}: no Dask scheduler answers there: {error}"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_CONNECT_S)
        except TimeoutError as error:
            raise Unavailable(f"--scheduler {scheduler}: it has no workers") from error
        others = {said for said in client.run(software).values() if said != software()}
        if others:
            raise BadInput(
                f"--scheduler {scheduler}: workers are {min(others)}, expected {software()}"
            )
        yield client


def _of_part(work: Rejudge, part: ArchivedPart) -> PartChanges | ColdWitnessError:
    """What is wrong with a file is an answer: no other worker would read it better."""
    try:
        return work(part)
    except ColdWitnessError as error:
        return error


def _answer(future: Future[object]) -> PartChanges:
    try:
        found = future.result()
    except KilledWorker as error:
        lost = error.allowed_failures + 1
        raise Unavailable(f"rejudge: {lost} workers died over one part: {error}") from error
    finally:
        future.release()  # type: ignore[no-untyped-call]
    if isinstance(found, ColdWitnessError):
        raise found
    return cast("PartChanges", found)
