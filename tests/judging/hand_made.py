"""Manifests written by hand (tests/judging/manifests), the records they are judged with, and what
is expected of each."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.reading import Event
from coldwitness.domain.result import CheckResult
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.rulebook import Rulebook, load_rulebook
from coldwitness.judging.run import judge_shipments
from tests.analysis.building import START_S, Series, table

FOLDER = Path(__file__).parent / "manifests"
BEGIN_MS = instant_ms("2026-11-21T08:00:00Z")
MINUTES = 61

RECORDS: Mapping[str, Mapping[str, float]] = {
    "cold": {"drug": 5.0},
    "nine": {"drug": 9.0},
    "warm": {"drug": 12.0},
    "room": {"drug": 21.0},
    "minus_five": {"drug": -5.0},
    "frozen": {"drug": -18.0},
    "deep": {"drug": -70.0},
    "two_named": {"drug@A": 5.0, "drug.2@B": 21.0},
    "two_numbered": {"drug": 5.0, "drug.2": 21.0},
    "two_cold": {"drug@A": 5.0, "drug.2@B": 5.0},
    "a_alone": {"drug@A": 5.0},
    "under_way": {"drug": 5.0},
    "none": {},
}
"""Steady probes of an hour's drive from origin to destination, packed, picked up and delivered;
`under_way` has no end yet, `none` has nothing at all."""


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def expected() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "expected.toml").read_text(encoding="utf-8"))


def judged(name: str, record: str, as_of: str | None) -> tuple[CheckResult, list[str]]:
    """The result of a manifest with one of the records, and what reading it warned of."""
    book = _book()
    raw = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes())
    manifest, warnings = parse_manifest(raw, classes=book.classes)
    shipment = manifest.id
    ends = ["packed", "picked_up"] + ([] if record == "under_way" else ["delivered"])
    minutes = {"packed": 0, "picked_up": 1, "delivered": MINUTES - 1}
    events = [
        Event(event=event, time_ms=BEGIN_MS + minutes[event] * 60_000, shipment=shipment)
        for event in ends
    ]
    probes = RECORDS[record]
    evidence = Evidence(
        (shipment,),
        _readings(shipment, probes),
        {shipment: manifest},
        {shipment: events} if probes else {},
        as_of_ms=None if as_of is None else instant_ms(as_of),
    )
    (group,) = judge_shipments(evidence, rulebook=book)
    return group.results[0], warnings


@cache
def _book() -> Rulebook:
    return load_rulebook(JudgingSettings())


def _readings(shipment: str, probes: Mapping[str, float]) -> ReadingTable:
    count = MINUTES if probes else 0
    second = np.arange(count) * 60.0
    wave = 0.1 * np.sin(second / 400.0)
    values = {probe: celsius + wave for probe, celsius in probes.items()}
    series = Series(
        BEGIN_MS / 1000.0 - START_S + second,
        values.pop("drug", None),
        shipment=shipment,
        logger="LG-1",
        probes=values,
        seq=np.arange(count),
        received=BEGIN_MS / 1000.0 - START_S + second + 2.0,
        lat=np.full(count, 36.80004),  # as receivers give it: a rounder one would be a doubt
        lon=118.0 + 0.3 * second / 3600.0,
    )
    return table(series)
