"""One way from readings, manifests and events to results, for files and for live alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np

from coldwitness.analysis.integrity.curves import CurveArchive
from coldwitness.analysis.judge import Judgement, judge
from coldwitness.analysis.record.build import build_tracks
from coldwitness.analysis.terms import Terms
from coldwitness.config.rules import RulePack, load_packs, pack_for
from coldwitness.config.settings import JudgingSettings
from coldwitness.config.storage_classes import (
    BoxModel,
    StorageClass,
    load_box_models,
    load_storage_classes,
)
from coldwitness.domain.errors import BadInput
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reading import Event
from coldwitness.domain.tracks import FloatArray, ReadingTable, Tracks
from coldwitness.judging.fleet_limits import FleetTrips, learned_limits
from coldwitness.judging.manifest_terms import terms_for
from coldwitness.judging.results import check_results

CheckResult = Mapping[str, Any]


@dataclass(frozen=True)
class Rulebook:
    """All dated data a judgement rests on, loaded once at start."""

    packs: tuple[RulePack, ...]
    pack_id: str
    classes: Mapping[str, StorageClass]
    models: Mapping[str, BoxModel]


def load_rulebook(settings: JudgingSettings) -> Rulebook:
    """Raises ConfigError naming file, key and value."""
    packs = (
        load_packs() if settings.packs_directory is None else load_packs(settings.packs_directory)
    )
    pack_for(packs, pack_id=settings.rule_pack, epoch_s=0.0)
    return Rulebook(
        packs=packs,
        pack_id=settings.rule_pack,
        classes=load_storage_classes(),
        models=load_box_models(),
    )


def under_pack(rulebook: Rulebook, pack_id: str) -> Rulebook:
    """The same rulebook with another pack to judge by. Raises BadInput if there is none such."""
    known = sorted({pack.id for pack in rulebook.packs})
    if pack_id not in known:
        shown = pack_id if len(pack_id) <= 80 else f"{pack_id[:80]}…"
        raise BadInput(f"rules: unknown rule pack {shown!r}; expected one of {', '.join(known)}")
    return replace(rulebook, pack_id=pack_id)


@cache
def software() -> str:
    """Name and version as every result states them."""
    return f"coldwitness {metadata.version('coldwitness')}"


@dataclass(frozen=True)
class Judged:
    """Shipments judged in one run under one pack; rows of all parts agree."""

    pack: RulePack
    tracks: Tracks
    terms: Terms
    judgement: Judgement
    results: tuple[CheckResult, ...]


def judge_shipments(
    table: ReadingTable,
    *,
    shipments: Sequence[str],
    manifests: Mapping[str, Manifest],
    events: Mapping[str, Sequence[Event]],
    rulebook: Rulebook,
    assumed_storage: str | None = None,
    archive: CurveArchive | None = None,
    fleet: FleetTrips | None = None,
) -> list[Judged]:
    """Judge every shipment by the pack in force at its time: one vectorised run a pack.

    Shipments without readings are judged too (their evidence is insufficient); readings of
    shipments that are not in `shipments` are left out. `archive` finds earlier shipments whose
    curves these may be copies of; without it copies are found within each run. `fleet` gives the
    trips from which limits of box models without one are learned. Raises BadInput for an unknown
    storage class.
    """
    begun_s = _begin_s(table, shipments, manifests, events)
    chosen = [
        pack_for(rulebook.packs, pack_id=rulebook.pack_id, epoch_s=epoch_s) for epoch_s in begun_s
    ]
    groups = []
    for pack in {pack.name: pack for pack in chosen}.values():
        rows = [row for row, its in enumerate(chosen) if its is pack]
        mine = tuple(shipments[row] for row in rows)
        learned = None
        if fleet is not None:
            learned = learned_limits(
                mine,
                begun_ms=(begun_s[rows] * 1000.0).tolist(),
                manifests=manifests,
                models=rulebook.models,
                numbers=pack.numbers,
                fleet=fleet,
            )
        tracks = build_tracks(table, shipments=mine)
        terms = terms_for(
            mine,
            manifests=manifests,
            events=events,
            classes=rulebook.classes,
            models=rulebook.models,
            numbers=pack.numbers,
            assumed_storage=assumed_storage,
            learned=learned,
        )
        judgement = judge(tracks, terms, pack, archive=archive)
        results = check_results(judgement, tracks, terms, pack, software=software())
        groups.append(Judged(pack, tracks, terms, judgement, tuple(results)))
    return groups


def _begin_s(
    table: ReadingTable,
    shipments: Sequence[str],
    manifests: Mapping[str, Manifest],
    events: Mapping[str, Sequence[Event]],
) -> FloatArray:
    """When each shipment began, UTC epoch s: packed, else dispatched, else first reading."""
    first_ms = np.full(len(table.shipments) + 1, np.inf)
    np.minimum.at(first_ms, table.shipment, table.time_ms.astype(np.float64))
    of_readings = dict(zip(table.shipments, first_ms, strict=False))
    begun = np.full(len(shipments), np.nan)
    for row, shipment in enumerate(shipments):
        packed = [e.time_ms for e in events.get(shipment, ()) if e.event == "packed"]
        manifest = manifests.get(shipment)
        if packed:
            begun[row] = min(packed)
        elif manifest is not None and manifest.dispatched_ms is not None:
            begun[row] = manifest.dispatched_ms
        elif np.isfinite(of_readings.get(shipment, np.inf)):
            begun[row] = of_readings[shipment]
    return begun / 1000.0
