"""How often findings of a kind were wrong in the simulated deliveries: config/risks.toml.

Of the deliveries with a `probable` finding of the kind, those of which it is truly not so. They are
drawn evenly over the classes, not as often as such deliveries occur, so this is a rate of
simulations: a bound on how much to trust a kind, not the probability that one firm did it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from benchmarks.scoreboard_classes import ISOLATED, UNTRUE_OF_STORAGE, Truth
from benchmarks.scoreboard_run import Answers

WRONG: Mapping[str, Callable[[Truth], bool]] = {
    "temporary_storage/suspected": UNTRUE_OF_STORAGE["suspected"],
    **{f"missing_isolation/{subtype}": untrue for subtype, untrue in ISOLATED.items()},
}


def risks(runs: Sequence[Answers], *, scoreboard: str, day: date, version: str) -> str:
    """The file: by kind, in how many deliveries found and in how many of these wrongly."""
    lines = [
        "# How often `probable` findings were wrong in simulated deliveries; made by `make",
        "# scoreboard`. Of `n` deliveries with such a finding `found_wrong` had it wrongly: in the",
        "# words of JCGM 106:2012 the specific producer's risk, averaged over simulated",
        "# deliveries, classes drawn evenly.",
        "",
        f'scoreboard = "{scoreboard}"',
        f"day = {day.isoformat()}",
        f'version = "{version}"',
        'source = "our own simulations, docs/scoreboard.md"',
    ]
    for kind, is_wrong in WRONG.items():
        name, subtype = kind.split("/")
        found = [
            is_wrong(answer.truth)
            for run in runs
            for answer in run.answers
            if any(
                (finding.kind, finding.subtype, finding.certainty) == (name, subtype, "probable")
                for finding in answer.result.findings
            )
        ]
        if found:
            lines += ["", f'[kinds."{kind}"]', f"found_wrong = {sum(found)}", f"n = {len(found)}"]
    return "\n".join(lines) + "\n"
