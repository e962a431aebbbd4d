"""Nothing that is taken away, set or edited afterwards makes a line `compliant`: 100,000 trials.

    python -m benchmarks.monotony --trials 100000

Every trial takes one record of a simulated fleet or of the recorded one, changes it (benchmarks/
monotony_changes.py, monotony_edits.py), judges it again and compares line by line. Each round
judges one changed record of every shipment in one vectorised run. Printed is a table of the
improvements that what no record can show allows (`Allowed`); any other ends the run with 1.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from benchmarks.monotony_changes import CLOCKS, DELETIONS, Allowed, Changed
from benchmarks.monotony_edits import EDITS, edited
from benchmarks.monotony_records import (
    Office,
    Record,
    evidence_of_records,
    records_of,
    registered,
)
from coldwitness.config.rules import Requirement, RulePack
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.result import CheckResult
from coldwitness.domain.words import STATUS_WORDS, StatusWord
from coldwitness.judging.rulebook import Rulebook, load_rulebook
from coldwitness.judging.run import judge_shipments
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario, scenario_names

END_MS = instant_ms("2026-06-18T03:30:00Z")
TWICE = 0.25
"""Share of the trials that make two changes."""
HISTORIES = 0.3
"""Share of the records whose manifest has been edited before the trial."""
_RANK = {word: rank for rank, word in STATUS_WORDS.items()}
_GOOD = ("compliant", "not_applicable")


@dataclass(frozen=True)
class Improved:
    """A line that got better. by : the exceptions that allow it; none: it must not be."""

    shipment: str
    changes: tuple[str, ...]
    line: str
    before: str
    after: str
    by: frozenset[Allowed]


@dataclass
class Tally:
    """trials : by name of the change that was made first."""

    trials: Counter[str] = field(default_factory=Counter)
    improved: list[Improved] = field(default_factory=list)

    @property
    def forbidden(self) -> list[Improved]:
        """Improvements that no exception allows."""
        return [one for one in self.improved if not one.by]

    @property
    def excused(self) -> Counter[Allowed]:
        """Trials in which a line improved, by the exception that allows it; one that several allow
        counts for each."""
        found = {(one.shipment, one.changes, by) for one in self.improved for by in one.by}
        return Counter(by for _, _, by in found)


def run(
    records: Sequence[Record],
    *,
    office: Office,
    rulebook: Rulebook,
    trials: int,
    seed: int,
    skip: int = 0,
    told: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """At least so many trials, in rounds of one a record. skip : so many of them are drawn and not
    judged, as a run has made them before. told : hears of every round."""
    rng = np.random.default_rng(seed)
    records = [_with_history(one, rng, rulebook) for one in records]
    packs, before = judged(records, office, rulebook)
    tally, drawn = Tally(), 0
    while drawn < trials:
        made: dict[str, tuple[tuple[str, ...], Changed]] = {}
        for record in records:
            change = _change(record, rng, rulebook)
            if change is not None:
                made[record.shipment] = change
        drawn += len(made)
        if drawn <= skip:
            continue
        tally.trials.update(names[0] for names, _ in made.values())
        _, after = judged([changed.record for _, changed in made.values()], office, rulebook)
        for shipment, (names, changed) in made.items():
            tally.improved += improved(
                before[shipment], after[shipment], names, changed, packs[shipment]
            )
        told(tally)
    return tally


def _with_history(record: Record, rng: np.random.Generator, rulebook: Rulebook) -> Record:
    if rng.random() >= HISTORIES:
        return record
    changed = edited(record, rng, name=str(rng.choice(list(EDITS))), classes=rulebook.classes)
    return record if changed is None else changed.record


def judged(
    records: Sequence[Record], office: Office, rulebook: Rulebook
) -> tuple[dict[str, RulePack], dict[str, CheckResult]]:
    groups = judge_shipments(evidence_of_records(records, office), rulebook=rulebook)
    return (
        {one.shipment: group.pack for group in groups for one in group.results},
        {one.shipment: one for group in groups for one in group.results},
    )


def clock_is_wrong(result: CheckResult) -> bool:
    """Whether the record shows it."""
    return any((one.kind, one.subtype) == ("data_integrity", "clock") for one in result.findings)


def _change(
    record: Record, rng: np.random.Generator, rulebook: Rulebook
) -> tuple[tuple[str, ...], Changed] | None:
    """One or two changes drawn evenly from all kinds; None where the drawn one changes nothing."""
    kinds = [*DELETIONS, *CLOCKS, *EDITS]
    names: list[str] = []
    changed = Changed(record)
    for _ in range(2 if rng.random() < TWICE else 1):
        name = str(rng.choice(kinds))
        change = DELETIONS.get(name) or CLOCKS.get(name)
        found = (
            edited(changed.record, rng, name=name, classes=rulebook.classes)
            if change is None
            else change(changed.record, rng)
        )
        if found is not None:
            names.append(name)
            changed = replace(found, allowed=found.allowed | changed.allowed)
    return (tuple(names), changed) if names else None


def improved(
    before: CheckResult,
    after: CheckResult,
    names: tuple[str, ...],
    changed: Changed,
    pack: RulePack,
) -> list[Improved]:
    found = []
    # where an end was pressed matters to storage: that line has to say that it does not know
    stored_nothing = any(
        told.status in _GOOD
        for told, line in zip(after.requirements, pack.requirements, strict=True)
        if line.questions == ("storage_on_the_way",)
    )
    for old, new, line in zip(
        before.requirements, after.requirements, pack.requirements, strict=True
    ):
        if new.status not in _GOOD or _RANK[old.status] <= _RANK["compliant"]:
            continue
        allowed = changed.allowed - _unfit(before, after, old.status, line)
        if stored_nothing:
            allowed -= {Allowed.PRESSED}
        found.append(Improved(before.shipment, names, line.id, old.status, new.status, allowed))
    return found


def _unfit(
    before: CheckResult, after: CheckResult, status: StatusWord, line: Requirement
) -> frozenset[Allowed]:
    """Exceptions that do not reach so far. status : of the line, before."""
    unfit: set[Allowed] = set()
    if "range" not in line.questions:
        unfit |= {Allowed.PRESSED, Allowed.STEEP}
    if _RANK[after.verdict] < _RANK["insufficient_evidence"]:
        unfit.add(Allowed.STEEP)
    if _RANK[status] > _RANK["insufficient_evidence"]:
        unfit.add(Allowed.TOLERANCE)
    if not clock_is_wrong(before) or clock_is_wrong(after):
        unfit.add(Allowed.SET_RIGHT)
    return frozenset(unfit)


def table(tally: Tally) -> str:
    """Trials and improvements, as Markdown."""
    lines = [
        "| change | trials | with a better line, by an exception | by none |",
        "|---|---|---|---|",
    ]
    better: Mapping[str, set[tuple[str, tuple[str, ...]]]] = {
        name: {(one.shipment, one.changes) for one in tally.improved if one.changes[0] == name}
        for name in tally.trials
    }
    forbidden = Counter(one.changes[0] for one in tally.forbidden)
    lines += [
        f"| {name} | {tally.trials[name]} | {len(better[name])} | {forbidden[name]} |"
        for name in sorted(tally.trials)
    ]
    lines += ["", "| exception | trials |", "|---|---|"]
    lines += [f"| {by.value} | {tally.excused[by]} |" for by in Allowed]
    return "\n".join(lines)


class Progress:
    """Says on stderr how far a long run is, a hundred times at most, and at once what is better by
    no exception. stories : the scenario of each shipment."""

    def __init__(self, trials: int, stories: Mapping[str, str]) -> None:
        self._every = max(trials // 100, 1)
        self._next = self._every
        self._stories = stories
        self._told = 0

    def __call__(self, tally: Tally) -> None:
        made, forbidden = tally.trials.total(), tally.forbidden
        for one in forbidden[self._told :]:
            story = self._stories[one.shipment]
            print(f"better by no exception: {story}", one, file=sys.stderr)
        self._told = len(forbidden)
        if made >= self._next:
            self._next = made + self._every
            print(f"{made} trials, {len(forbidden)} lines better", file=sys.stderr)


def main() -> int:
    """0 where no line improved but by an exception."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=4, help="shipments of each scenario")
    parser.add_argument(
        "--skip", type=int, default=0, help="trials that an earlier run with this seed has made"
    )
    asked = parser.parse_args()
    rulebook = load_rulebook(JudgingSettings())
    stories = [scenario(name) for name in scenario_names() if name != "copied_curve"]
    fleet = simulate_fleet(stories, boxes=asked.each * len(stories), seed=asked.seed, end_ms=END_MS)
    files, live = (records_of(fleet, rulebook=rulebook, live=live) for live in (False, True))
    half = len(fleet.shipments) // 2
    told = {one.id: one.scenario.name for one in fleet.shipments}
    with tempfile.TemporaryDirectory() as folder:
        office = Office(registered(fleet, Path(folder)))
        tally = run(
            [*files[:half], *live[half:]],
            office=office,
            rulebook=rulebook,
            trials=asked.trials,
            seed=asked.seed,
            skip=asked.skip,
            told=Progress(asked.trials, told),
        )
    print(f"{tally.trials.total()} trials, {len(tally.forbidden)} lines better by no exception\n")
    print(table(tally))
    return 1 if tally.forbidden else 0


if __name__ == "__main__":
    sys.exit(main())
