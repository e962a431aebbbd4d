"""The simulator's noise-free truth lies inside the bounds, in every story with an honest record.

The simulated probes lag by 45 to 120 s, are up to 0.2 °C off, noisy and rounded, and lose readings;
the manifests state ±0.5 °C and a response time of 120 s.
"""

from pathlib import Path

import pytest

from coldwitness.cli.judge_files import judge_files
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.instants import instant_ms
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import Scenario, scenario
from coldwitness.simulators.writer import write_fleet

STORIES = sorted(
    path.stem for path in (Path(__file__).parents[3] / "simulators/scenarios").glob("*.toml")
)
UNTRUE = {"stuck_sensor", "swapped_probes", "clock_error"}
"""Readings that are not the drug's, or not of the time they carry, bound nothing: each of these is
a finding of its own, as are forgeries where they can be told."""


def honest() -> list[Scenario]:
    stories = [scenario(name) for name in STORIES if name not in UNTRUE]
    return [story for story in stories if story.fraud == "none"]


@pytest.mark.parametrize("seed", [11, 12])
def test_the_truth_of_every_honest_story_lies_inside_the_bounds(seed: int, tmp_path: Path) -> None:
    stories = honest()
    assert len(stories) >= 40
    fleet = simulate_fleet(
        stories, boxes=len(stories), seed=seed, end_ms=instant_ms("2026-06-18T03:30:00Z")
    )
    write_fleet(fleet, tmp_path)
    judged = judge_files(
        [tmp_path / "telemetry.ndjson"],
        manifest_paths=[tmp_path / "manifests.ndjson"],
        rulebook=load_rulebook(JudgingSettings()),
        storage=None,
        timezone=None,
        reader=None,
    )
    metrics = {r.shipment: r.metrics for group in judged.groups for r in group.results}
    outside = []
    for shipment in fleet.shipments:
        found = metrics[shipment.id]
        for side, bounds in (
            ("above", found.seconds_above_bounds),
            ("below", found.seconds_below_bounds),
        ):
            true_s = shipment.truth["drug"][f"seconds_{side}"]
            least, most = bounds or (None, None)
            assert least is not None
            assert most is not None
            if not least - 0.1 <= true_s <= most + 0.1:
                outside.append((shipment.scenario.name, side, least, true_s, most))
    assert not outside
