"""A fleet from the simulator, judged as `coldwitness check` judges files, one story a box."""

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin, Report
from coldwitness.cli.judge_files import JudgedFiles, judge_files
from coldwitness.config.settings import JudgingSettings
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.writer import write_fleet

STORIES = (
    "clean",
    "warm_break",
    "freezing",
    "logger_silent",
    "depot_storage",
    "no_positions",
    "logger_dies",
    "missing_separator",
    "one_compartment",
    "calibration_expired",
    "clean_with_meal",
    "hot_meal",
)
END_MS = 1_781_753_400_000


@lru_cache
def judged_fleet() -> JudgedFiles:
    fleet = simulate_fleet(
        [scenario(name) for name in STORIES], boxes=len(STORIES), seed=11, end_ms=END_MS
    )
    with TemporaryDirectory() as folder:
        out = Path(folder)
        write_fleet(fleet, out)
        return judge_files(
            [out / "telemetry.ndjson"],
            manifest_paths=[out / "manifests.ndjson"],
            rulebook=load_rulebook(JudgingSettings()),
            storage=None,
            timezone=None,
            reader=None,
        )


@lru_cache
def report_of(story: str) -> Report:
    judged = judged_fleet()
    shipment = f"ZB-20260618-{STORIES.index(story) + 1:04d}"
    group = next(group for group in judged.groups if shipment in group.case.tracks.shipments)
    return report_of_judged(
        group,
        shipment,
        origin=Origin(software="coldwitness test", readings_from=("telemetry.ndjson",)),
    )
