"""From a judgement to the results of its shipments."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from numpy.typing import NDArray

from coldwitness.analysis.isolation.isolation_judgement import Facet
from coldwitness.analysis.isolation.zone_verdict import IsolationReason
from coldwitness.analysis.judge import Judgement
from coldwitness.analysis.record.kinetic_temperature import METHOD
from coldwitness.analysis.terms import LimitSource, Terms
from coldwitness.config.rules import RulePack
from coldwitness.domain.baseline import FleetZone
from coldwitness.domain.instants import instant_ms, rfc3339_column
from coldwitness.domain.measures import LimitWord
from coldwitness.domain.office import OfficeFacts
from coldwitness.domain.result import (
    SCHEMA,
    Challenged,
    CheckResult,
    Evidence,
    Finding,
    FleetLimits,
    Isolation,
    IsolationFacet,
    Item,
    Limits,
    Metrics,
    OtherDelivery,
    Sensor,
    Window,
)
from coldwitness.domain.tracks import Tracks
from coldwitness.domain.words import (
    ISOLATION_WORDS,
    STATE_WORDS,
    STATUS_WORDS,
    VERDICT_WORDS,
)
from coldwitness.judging.coverage import coverage_told
from coldwitness.judging.fleet_limits import told_baseline
from coldwitness.judging.requirement_lines import requirement_lines, weighing
from coldwitness.judging.result_numbers import DIGITS, told_number, told_numbers
from coldwitness.judging.told_findings import told_finding
from coldwitness.judging.words.unshown import unshown_words

BoolArray = NDArray[np.bool_]

_LIMIT_WORDS: Mapping[int, LimitWord] = {
    LimitSource.SETTING: "setting",
    LimitSource.MODEL: "model",
    LimitSource.MANIFEST: "manifest",
    LimitSource.FLEET: "fleet",
    LimitSource.REGISTER: "register",
}
_REASON_WORDS: Mapping[int, str] = {reason: reason.name.lower() for reason in IsolationReason}
_METRIC_DIGITS: Mapping[str, int] = {
    "coverage": DIGITS,
    "min_c": DIGITS,
    "max_c": DIGITS,
    "mean_c": DIGITS,
    "mkt_c": DIGITS,
    "degree_minutes_above": DIGITS,
    "degree_minutes_below": DIGITS,
    "longest_gap_s": 3,
    "seconds_above": 3,
    "seconds_above_least": 3,
    "seconds_above_most": 3,
    "seconds_below": 3,
    "seconds_below_least": 3,
    "seconds_below_most": 3,
    "stopped_s": 3,
    "hidden_stop_max_s": 3,
    "distance_m": 1,
}


def check_results(
    judgement: Judgement,
    tracks: Tracks,
    terms: Terms,
    pack: RulePack,
    *,
    software: str,
    office: Mapping[str, OfficeFacts] | None = None,
    deliveries: Mapping[str, Sequence[OtherDelivery]] | None = None,
    challenges: Mapping[str, Sequence[Challenged]] | None = None,
) -> list[CheckResult]:
    """One result a shipment, in the order of `tracks.shipments`. Numbers that could not be
    computed are None, times RFC 3339 in UTC. office : what the office has on record of those of
    which it has anything, and deliveries : others of the box, challenges : of its
    probes, as `terms` were made with."""
    weighs = weighing(judgement, pack)
    findings = _findings(judgement, tracks, pack, weighs)
    lines = requirement_lines(judgement, terms, pack, findings, weighs)
    first = np.searchsorted(judgement.findings.shipment, np.arange(len(terms) + 1)).tolist()
    rows = [range(*bounds) for bounds in pairwise(first)]
    items, metrics = _items(judgement, terms, findings, rows), _metrics(judgement)
    facets = zip(
        _facets(judgement.isolation.coolant, "coolant", terms),
        _facets(judgement.isolation.goods, "goods", terms),
        strict=True,
    )
    isolation = [Isolation(coolant=coolant, goods=goods) for coolant, goods in facets]
    coverage = coverage_told(judgement, tracks.loggers)
    evidence = _evidence(
        judgement,
        tracks,
        terms,
        pack,
        software=software,
        office=office or {},
        deliveries=deliveries or {},
        challenges=challenges or {},
    )
    window = judgement.window
    times = zip(rfc3339_column(window.start_s), rfc3339_column(window.end_s), strict=True)
    states = [STATE_WORDS[code] for code in window.custody.state.tolist()]
    as_of = rfc3339_column(window.custody.as_of_s)
    return [
        CheckResult(
            schema=SCHEMA,
            shipment=tracks.shipments[i],
            state=states[i],
            as_of=as_of[i] or UNSET,
            verdict=VERDICT_WORDS[int(judgement.verdict[i])],
            window=Window(start=start, end=end),
            findings=tuple(findings[row] for row in rows[i]),
            requirements=lines[i],
            items=items[i],
            metrics=metrics[i],
            isolation=isolation[i],
            coverage=coverage[i],
            evidence=evidence[i],
        )
        for i, (start, end) in enumerate(times)
    ]


def with_findings(result: CheckResult, more: Sequence[Finding]) -> CheckResult:
    """The result with findings that weigh on none of its lines, in their place by time."""
    findings = sorted(
        (*result.findings, *more),
        key=lambda one: -math.inf if one.start is None else instant_ms(one.start),
    )
    return replace(result, findings=tuple(findings))


def _findings(
    judgement: Judgement, tracks: Tracks, pack: RulePack, weighs: BoolArray
) -> list[Finding]:
    """Every row of the judgement's findings, told."""
    ids = [line.id for line in pack.requirements]
    return [
        told_finding(
            judgement.findings,
            row,
            shipment=tracks.shipments[shipment],
            loggers=tracks.loggers,
            requirements=tuple(ids[r] for r in weighs[row].nonzero()[0].tolist()),
        )
        for row, shipment in enumerate(judgement.findings.shipment.tolist())
    ]


def _evidence(
    judgement: Judgement,
    tracks: Tracks,
    terms: Terms,
    pack: RulePack,
    *,
    software: str,
    office: Mapping[str, OfficeFacts],
    deliveries: Mapping[str, Sequence[OtherDelivery]],
    challenges: Mapping[str, Sequence[Challenged]],
) -> list[Evidence]:
    mkt_method = METHOD.format(pack.numbers.mkt_activation_energy_j_per_mol / 1000)
    sensors = _sensors(judgement, tracks)
    return [
        Evidence(
            readings_sha256=judgement.readings_sha256[i],
            rules=pack.name,
            software=software,
            mkt_method=mkt_method,
            deletion_would_show=shows,
            cannot_show=unshown_words(flags),
            sensors=tuple(sensors[i]),
            fleet_limits=_fleet_limits(terms, i),
            deliveries=tuple(deliveries.get(tracks.shipments[i], ())) or UNSET,
            challenges=tuple(challenges.get(tracks.shipments[i], ())) or UNSET,
            office=office.get(tracks.shipments[i], UNSET),
        )
        for i, (shows, flags) in enumerate(
            zip(judgement.deletion_shows.tolist(), judgement.cannot_show.tolist(), strict=True)
        )
    ]


def _fleet_limits(terms: Terms, shipment: int) -> FleetLimits | UnsetType:
    """What limits learned from other trips rest on; nothing where none was used."""
    used = terms.baselines.get(shipment)
    if not used:
        return UNSET
    return FleetLimits(**{zone: told_baseline(baseline) for zone, baseline in used.items()})


def _sensors(judgement: Judgement, tracks: Tracks) -> list[list[Sensor]]:
    """Of each shipment, the grid of every probe's values and how many lie off it."""
    grids = judgement.sensors
    told: list[list[Sensor]] = [[] for _ in tracks.shipments]
    for k, shipment in enumerate(grids.shipment.tolist()):
        logger, off_grid = int(grids.logger[k]), int(grids.off_grid[k])
        told[shipment].append(
            Sensor(
                logger=tracks.loggers[logger] if logger >= 0 else None,
                probe=grids.probe[k],
                grid_c=told_number(grids.grid_c[k]),
                readings=int(grids.readings[k]),
                off_grid=off_grid if off_grid >= 0 else None,
            )
        )
    return told


def _items(
    judgement: Judgement, terms: Terms, findings: Sequence[Finding], rows: Sequence[range]
) -> list[tuple[Item, ...]]:
    """The drugs of every shipment; rows : which of the findings are its."""
    items = terms.items
    low, high = told_numbers(items.low_c), told_numbers(items.high_c)
    status = [STATUS_WORDS[code] for code in judgement.item_status.tolist()]

    def told(k: int, mine: range) -> Item:
        about = (row for row in mine if judgement.concerns_item(row, k, terms))
        return Item(
            name=items.name[k] or None,
            storage=items.storage[k] or None,
            compartment=items.compartment[k] or UNSET,
            limits=Limits(low=low[k], high=high[k]),
            status=status[k],
            findings=tuple(findings[row].id for row in about),
        )

    each = zip(pairwise(items.first.tolist()), rows, strict=True)
    return [tuple(told(k, mine) for k in range(*bounds)) for bounds, mine in each]


def _metrics(judgement: Judgement) -> list[Metrics]:
    of = {
        name: told_numbers(judgement.metrics[name], digits)
        for name, digits in _METRIC_DIGITS.items()
    }
    missing = told_numbers(judgement.metrics["missing_readings"])
    return [
        Metrics(
            readings=int(readings),
            missing_readings=None if absent is None else int(absent),
            coverage=of["coverage"][i],
            longest_gap_s=of["longest_gap_s"][i],
            min_c=of["min_c"][i],
            max_c=of["max_c"][i],
            mean_c=of["mean_c"][i],
            mkt_c=of["mkt_c"][i],
            seconds_above=of["seconds_above"][i],
            seconds_above_bounds=(of["seconds_above_least"][i], of["seconds_above_most"][i]),
            seconds_below=of["seconds_below"][i],
            seconds_below_bounds=(of["seconds_below_least"][i], of["seconds_below_most"][i]),
            degree_minutes_above=of["degree_minutes_above"][i],
            degree_minutes_below=of["degree_minutes_below"][i],
            distance_m=of["distance_m"][i],
            stopped_s=of["stopped_s"][i],
            hidden_stop_max_s=of["hidden_stop_max_s"][i],
        )
        for i, (readings, absent) in enumerate(
            zip(judgement.metrics["readings"].tolist(), missing, strict=True)
        )
    ]


def _facets(facet: Facet, zone: FleetZone, terms: Terms) -> list[IsolationFacet]:
    low, high = told_numbers(facet.low_per_h), told_numbers(facet.high_per_h)
    rate, limit = told_numbers(facet.coupling_per_h), told_numbers(facet.limit_per_h)
    default = told_numbers(facet.default_limit_per_h)
    source, reason = facet.limit_source.tolist(), facet.reason.tolist()
    baselines = [terms.baselines.get(i, {}).get(zone) for i in range(len(terms))]
    return [
        IsolationFacet(
            status=ISOLATION_WORDS[isolation],
            coupling_per_h=rate[i],
            interval_95=None if low[i] is None and high[i] is None else (low[i], high[i]),
            limit_per_h=limit[i],
            default_limit_per_h=default[i],
            limit_source=_LIMIT_WORDS[source[i]],
            limit_trips=None if baseline is None else baseline.trips,
            reason=_REASON_WORDS[reason[i]],
            probe=facet.probe[i] or None,
        )
        for i, (isolation, baseline) in enumerate(
            zip(facet.isolation.tolist(), baselines, strict=True)
        )
    ]
