"""Judge small shipments in tests: one call from series and terms to what was found."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from coldwitness.analysis.judge import Judgement, judge
from coldwitness.analysis.record.build import build_tracks
from coldwitness.analysis.record.case import case_of
from coldwitness.config.finding_kinds import code_of, kind_of
from coldwitness.config.numbers import Numbers
from coldwitness.config.rules import Question, RulePack, load_packs
from coldwitness.domain.result import CheckResult
from coldwitness.domain.tracks import ReadingTable
from coldwitness.domain.words import Status
from coldwitness.judging.results import check_results
from tests.analysis.building import START_S, Given, Series, table, terms_of

PACK: RulePack = load_packs()[0]
NUMBERS: Numbers = PACK.numbers


def pack_with(**numbers: float) -> RulePack:
    return replace(PACK, numbers=replace(PACK.numbers, **numbers))


@dataclass(frozen=True)
class Seen:
    """A judgement and its results as JSON objects, with short ways to what tests ask."""

    judgement: Judgement
    results: list[dict[str, Any]]

    @property
    def result(self) -> dict[str, Any]:
        return self.results[0]

    def status(self, question: Question, shipment: int = 0) -> Status:
        return Status(int(self.judgement.status_of(question)[shipment]))

    def verdict(self, shipment: int = 0) -> Status:
        return Status(int(self.judgement.verdict[shipment]))

    def found(self, *types: int, shipment: int = 0) -> list[dict[str, Any]]:
        """Findings of these types (all without any), with `start_s`, `end_s` after START_S."""
        table_ = self.judgement.findings
        rows = [
            row
            for row in np.flatnonzero(table_.shipment == shipment)
            if not types or table_.type[row] in types
        ]
        names = {(kind_of(t).kind, kind_of(t).subtype) for t in types}
        told = [
            f
            for f in self.results[shipment]["findings"]
            if not types or (f["kind"], f["subtype"]) in names
        ]
        return [
            {
                **one,
                "start_s": float(table_.start_s[row]) - START_S,
                "end_s": float(table_.end_s[row]) - START_S,
            }
            for row, one in zip(rows, told, strict=True)
        ]

    def metric(self, name: str, shipment: int = 0) -> Any:
        return self.results[shipment]["metrics"][name]

    def line(self, id_: str, shipment: int = 0) -> dict[str, Any]:
        lines = self.results[shipment]["requirements"]
        return next(one for one in lines if one["id"] == id_)


def seen(
    *series: Series,
    given: Given | tuple[Given, ...] = Given(),  # noqa: B008 - frozen
    pack: RulePack = PACK,
    shipments: tuple[str, ...] = ("S1",),
) -> Seen:
    return seen_of(table(*series), given=given, pack=pack, shipments=shipments)


def seen_of(
    readings: ReadingTable,
    *,
    given: Given | tuple[Given, ...],
    pack: RulePack = PACK,
    shipments: tuple[str, ...] = ("S1",),
) -> Seen:
    tracks = build_tracks(readings, shipments=shipments)
    all_given = (given,) if isinstance(given, Given) else given
    if (limits := pack.limits) is not None:
        all_given = tuple(
            replace(
                one,
                items=[replace(i, low=limits.low_c, high=limits.high_c) for i in one.items],
            )
            for one in all_given
        )
    terms = terms_of(*all_given, shipments=shipments)
    judgement = judge(case_of(tracks, terms, pack.numbers), pack)
    results = check_results(judgement, tracks, terms, pack, software="test")
    return Seen(judgement, [_as_json(result) for result in results])


def _as_json(result: CheckResult) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(result))
    return told


def minutes(count: int, *, every: float = 60.0) -> np.ndarray[Any, np.dtype[np.float64]]:
    """`count` times, `every` seconds apart, from 0."""
    return np.arange(count) * every


BREAKS = (
    code_of("cold_chain_break/above_range"),
    code_of("cold_chain_break/below_range"),
    code_of("cold_chain_break/frozen"),
)
GAPS = (
    code_of("evidence_gap/no_readings"),
    code_of("evidence_gap/late_start"),
    code_of("evidence_gap/early_end"),
    code_of("evidence_gap/probe_missing"),
)
