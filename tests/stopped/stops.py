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
        self._copies = templates / f"{self._template.name}.before"
        self._arguments = work.arguments(trials.folder)
        self._emptied()
        with contextlib.redirect_stdout(io.StringIO()):
            work.prepare(trials.folder)
        shutil.copytree(trials.folder, self._template)
        self._copies.mkdir()
        with self.fresh() as driver:
            self.whole = self._trials.run(
                self._arguments, driver=driver, copies_before=self._copies
            )
            if self.whole.code != 0:
                raise AssertionError(f"{work.name}: {self.whole.said}")
            self._wanted = self._looks()

    @contextmanager
    def fresh(self) -> Iterator[Driver | None]:
        """The work's world as it was made."""
        self._emptied()
        shutil.copytree(self._template, self._trials.folder)
        with self._work.beside(self._trials.folder) as driver:
            yield driver

    def all_steps(self) -> range:
        return range(1, self.whole.steps + 1)

    def copies(self) -> list[Path]:
        """Worlds as they were before each step of `Ended.placing`, named by its number."""
        return sorted(self._copies.iterdir(), key=lambda copy: int(copy.name))

    def wrong(self, mode: Mode, steps: Iterable[int]) -> Iterator[Wrong]:
        """Those of these stops after which the work, run again, does not end as it should."""
        for at in steps:
            text = self._end_after(mode, at)
            if text:
                yield Wrong(mode, at, self._named(at), text)

    def wrong_before_placing(self) -> Iterator[Wrong]:
        """The same of a kill before each step of `Ended.placing`: the worlds that it leaves were
        copied while nobody stopped the work. Of a service the broker's part is not among them."""
        for at in self.whole.placing():
            copy = self._copies / str(at)
            if not copy.exists():
                yield from self.wrong(Mode.BEFORE, [at])
                continue
            self._emptied()
            shutil.copytree(copy, self._trials.folder)
            text = self._end_of(self._run(None))
            if text:
                yield Wrong(Mode.BEFORE, at, self._named(at), text)

    def stopped(self, mode: Mode, at: int) -> Ended:
        """Run it in its fresh world and stop it there; the world stays as that left it."""
        with self.fresh() as driver:
            return self._run(driver, mode, at)

    def together(self) -> str:
        """What is wrong where two of them are started at once; "" where nothing is."""
        with self.fresh():
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
        with self.fresh() as driver:
            ended = self._run(driver, mode, at)
            if ended.code not in (KILLED, 0) and mode not in (Mode.ERROR, Mode.FULL):
                return f"not killed, ended with {ended.code}: {ended.said}"
            if "Traceback" in ended.said:
                return ended.said
            if ended.code != 0 or driver is not None:
                ended = self._run(driver)
            return self._end_of(ended)

    def _end_of(self, ended: Ended) -> str:
        """What is wrong where it was started again; "" where nothing is."""
        if ended.code != 0 and not (self._work.done and self._work.done in ended.said):
            return f"started again, it ends with {ended.code}: {ended.said}"
        return self._unlike()

    def _named(self, at: int) -> str:
        named = {int(line.split()[0]): line for line in self.whole.log}
        return named.get(at, "")

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

    def _emptied(self) -> None:
        shutil.rmtree(self._trials.folder, ignore_errors=True)
