"""Parts of a large file worked on by several processes, taken back in their order."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.pool import AsyncResult
from typing import TypeVar

from coldwitness.storage.with_parent import end_with_parent

Part = TypeVar("Part")
Made = TypeVar("Made")


def in_processes(
    work: Callable[[Part], Made], parts: Iterable[Part], *, processes: int
) -> Iterator[Made]:
    """`work` of each part, in order, by forks of this process; only a few parts are in hand at a
    time. Raises what `work` raises. Part and result are sent between the processes."""
    with multiprocessing.get_context("fork").Pool(
        processes, end_with_parent, (os.getpid(),)
    ) as pool:
        waiting: deque[AsyncResult[Made]] = deque()
        for part in parts:
            waiting.append(pool.apply_async(work, (part,)))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().get()
        while waiting:
            yield waiting.popleft().get()
