"""A work stopped at chosen steps, started again, and compared with one that nobody stopped."""

import contextlib
import io
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.stopped.trials import KILLED, Driver, Ended, Mode, Trials
from tests.stopped.works import Work, files

REFUSED = 2
_FIRST_SHARD, _SECOND_SHARD = "journal/segments/api", "journal/segments/api2"
"""Of two processes that decide at once each has a journal of its own."""


@dataclass(frozen=True)
class Wrong:
    """A stop after which the work did not come to the same end."""

    mode: Mode
    at: int
    step: str
    text: str


class Stops:
    """One work in its world. whole : how the run ended that nobody stopped."""

    def __init__(self, trials: Trials, work: Work, templates: Path) -> None:
        self._trials = trials
        self._work = work
        self._template = templates / work.name.replace(" ", "_")
        self._arguments = work.arguments(trials.folder)
        self._emptied()
        with contextlib.redirect_stdout(io.StringIO()):
            work.prepare(trials.folder)
        shutil.copytree(trials.folder, self._template)
        with self._fresh() as driver:
            self.whole = self._run(driver)
            if self.whole.code != 0:
                raise AssertionError(f"{work.name}: {self.whole.said}")
            self._wanted = self._looks()

    def chosen(self) -> list[int]:
        """Steps that put something in its place or take it away, but for SQLite's own files, whose
        steps SQLite's tests have stopped at; `all_steps` has them."""
        own = ("-wal", "-shm", "-journal")
        named = {int(line.split()[0]): line for line in self.whole.log}
        return [at for at in self.whole.renames() if not named[at].endswith(own)]

    def all_steps(self) -> range:
        return range(1, self.whole.steps + 1)

    def wrong(self, mode: Mode, steps: Iterable[int]) -> Iterator[Wrong]:
        """Those of these stops after which the work, run again, does not end as it should."""
        named = {int(line.split()[0]): line for line in self.whole.log}
        for at in steps:
            text = self._end_after(mode, at)
            if text:
                yield Wrong(mode, at, named.get(at, ""), text)

    def stopped(self, mode: Mode, at: int) -> Ended:
        """Run it in its fresh world and stop it there; the world stays as that left it."""
        with self._fresh() as driver:
            return self._run(driver, mode, at)

    def together(self) -> str:
        """What is wrong where two of them are started at once; "" where nothing is."""
        with self._fresh():
            ended = self._trials.together(self._arguments)
            if all(one.code != 0 for one in ended):
                return f"neither came to its end: {ended[0].said}; {ended[1].said}"
            for one in ended:
                lines = one.said.splitlines()
                if one.code not in (0, REFUSED) or "Traceback" in one.said:
                    return f"ends with {one.code}: {one.said}"
                if one.code == REFUSED and len(lines) != 1:
                    return f"refused, not in one line: {one.said}"
            return self._unlike(either=(_FIRST_SHARD, _SECOND_SHARD))

    def _end_after(self, mode: Mode, at: int) -> str:
        with self._fresh() as driver:
            ended = self._run(driver, mode, at)
            if ended.code not in (KILLED, 0) and mode not in (Mode.ERROR, Mode.FULL):
                return f"not killed: {ended.said}"
            if "Traceback" in ended.said:
                return ended.said
            if ended.code != 0 or driver is not None:
                ended = self._run(driver)
            if ended.code != 0 and not (self._work.done and self._work.done in ended.said):
                return f"started again, it ends with {ended.code}: {ended.said}"
            return self._unlike()

    def _run(self, driver: Driver | None, mode: Mode = Mode.COUNT, at: int = 0) -> Ended:
        return self._trials.run(self._arguments, mode=mode, at=at, driver=driver)

    def _unlike(self, *, either: tuple[str, str] | None = None) -> str:
        """either : two folders, either of which may hold what the first one should."""
        names, state = self._looks()
        if either is not None:
            first, second = either
            names = sorted(
                {
                    first + name[len(second) :] if f"{name}/".startswith(f"{second}/") else name
                    for name in names
                }
            )
        found = names, state
        if found == self._wanted:
            return ""
        left = sorted(set(found[0]) - set(self._wanted[0]))
        gone = sorted(set(self._wanted[0]) - set(found[0]))
        return f"left {left}, gone {gone}; {found[1]} instead of {self._wanted[1]}"

    def _looks(self) -> tuple[list[str], object]:
        folder = self._trials.folder
        with contextlib.redirect_stdout(io.StringIO()):
            there = files(folder)
            return there, self._work.looks(folder)

    @contextmanager
    def _fresh(self) -> Iterator[Driver | None]:
        self._emptied()
        shutil.copytree(self._template, self._trials.folder)
        with self._work.beside(self._trials.folder) as driver:
            yield driver

    def _emptied(self) -> None:
        shutil.rmtree(self._trials.folder, ignore_errors=True)
