"""Simulate a class, write it to files, judge the files as `check` does, and pair the answers
with the truth. Judging starts from bytes: decoding and manifests are part of what is scored."""

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scoreboard_baseline import (
    PlainReadings,
    PlainVerdict,
    correlation,
    judge_plainly,
)
from benchmarks.scoreboard_classes import ScoredClass
from coldwitness.cli.judge_files import judge_files
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.result import CheckResult
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.simulators.fleet import Fleet, simulate_fleet
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.writer import write_fleet

END_MS = instant_ms("2026-06-18T03:30:00Z")
_TRUTH_ARRAYS = ("drug_surface_c", "drug_core_c", "box_air_c", "coolant_c", "goods_c")


@dataclass(frozen=True)
class Answer:
    """One shipment: the truth, our result in the contract's form, the baseline's."""

    truth: Mapping[str, Any]
    result: CheckResult
    plain: PlainVerdict
    coolant_correlation: float
    goods_correlation: float


@dataclass(frozen=True)
class Answers:
    scored: ScoredClass
    seed: int
    answers: tuple[Answer, ...]
    readings: int
    simulate_s: float
    judge_s: float


def run_class(scored: ScoredClass, *, boxes: int, seed: int) -> Answers:
    """All shipments of one class."""
    begun = time.perf_counter()
    stories = [scenario(scored.scenario)]
    if scored.scenario == "copied_curve":  # every copy needs an honest record to copy
        stories = [scenario("clean"), *stories]
    fleet = simulate_fleet(stories, boxes=boxes * len(stories), seed=seed, end_ms=END_MS)
    with tempfile.TemporaryDirectory() as folder:
        write_fleet(fleet, Path(folder))
        made = time.perf_counter()
        results = _judge(Path(folder))
        judged = time.perf_counter()
    told = [s for s in fleet.shipments if s.scenario.name == scored.scenario]
    plain = _plain_readings(fleet)
    answers = []
    for shipment in told:
        readings = plain[shipment.id]
        truth = {k: v for k, v in shipment.truth.items() if k not in _TRUTH_ARRAYS}
        answers.append(
            Answer(
                truth=truth,
                result=results[shipment.id],
                plain=judge_plainly(readings, shipment.manifest),
                coolant_correlation=correlation(readings.drug_c, readings.coolant_c),
                goods_correlation=correlation(readings.drug_c, readings.goods_c),
            )
        )
    return Answers(scored, seed, tuple(answers), fleet.reading_count, made - begun, judged - made)


def _judge(folder: Path) -> dict[str, CheckResult]:
    judged = judge_files(
        [folder / "telemetry.ndjson"],
        manifest_paths=[folder / "manifests.ndjson"],
        rulebook=load_rulebook(JudgingSettings()),
        storage=None,
        timezone=None,
        reader=None,
    )
    return {result.shipment: result for group in judged.groups for result in group.results}


def _plain_readings(fleet: Fleet) -> dict[str, PlainReadings]:
    """Readings in custody as the baseline sees them: sorted by time, no question asked."""
    out = {}
    for shipment in fleet.shipments:
        rows = []
        for _, topic, payload in shipment.messages:
            if topic.endswith("/readings"):
                said = json.loads(payload)
                rows += said if isinstance(said, list) else [said]
        truth_start = instant_ms(shipment.manifest["dispatched_at"])
        truth_end = instant_ms(shipment.truth["delivered_at"])
        timed = sorted((instant_ms(row["time"]), n) for n, row in enumerate(rows))
        kept = [(t, rows[n]) for t, n in timed if truth_start <= t <= truth_end]

        def column(*keys: str, kept: list[tuple[int, Any]] = kept) -> np.ndarray:
            values = []
            for _, row in kept:
                value: Any = row
                for key in keys:
                    value = value.get(key, {}) if isinstance(value, dict) else {}
                values.append(value if isinstance(value, int | float) else np.nan)
            return np.array(values, dtype=np.float64)

        out[shipment.id] = PlainReadings(
            time_s=np.array([t for t, _ in kept], dtype=np.float64) / 1000.0,
            drug_c=column("temperature", "drug"),
            coolant_c=column("temperature", "coolant"),
            goods_c=column("temperature", "goods"),
            lat_deg=column("position", "lat"),
            lon_deg=column("position", "lon"),
        )
    return out
