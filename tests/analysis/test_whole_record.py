"""What was taken out of a record makes nothing compliant: its lines on true data, range and
isolation know that something is gone."""

from dataclasses import replace

import numpy as np
import pytest

from coldwitness.analysis.isolation.thinned import DRAWN_IN, missing_share
from coldwitness.analysis.isolation.zone_verdict import IsolationReason
from coldwitness.analysis.judge import judge
from coldwitness.analysis.record.case import case_of
from coldwitness.config.finding_kinds import code_of
from coldwitness.config.rules import load_packs
from coldwitness.domain.words import Isolation, Status
from tests.analysis.building import Given, Series, terms_of
from tests.analysis.isolation.isolation_world import Probes, world
from tests.analysis.judging import Seen, minutes, seen

TWO_HOURS = Given(start=0, end=7200, interval_s=60.0)
PACK = load_packs()[0]


def trip(t: np.ndarray, *, coolant: np.ndarray | None = None) -> Seen:
    probes = {} if coolant is None else {"coolant": coolant}
    return seen(Series(t, 5.0, probes=probes, seq=t / 60), given=TWO_HOURS)


def test_a_record_whose_beginning_was_cut_off_is_not_complete() -> None:
    """The count shows nothing at an end, and what the rest was to be held against is gone."""
    whole = minutes(121)
    assert trip(whole).status("integrity") == Status.COMPLIANT
    assert trip(whole[6:]).status("integrity") == Status.INSUFFICIENT_EVIDENCE
    assert trip(whole[:-6]).status("integrity") == Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize(("silent_min", "found"), [(4, 0), (5, 1), (30, 1)])
def test_a_probe_beside_the_drug_that_fell_silent_is_missing(silent_min: int, found: int) -> None:
    t = minutes(121)
    coolant = np.where((t >= 3600) & (t < 3600 + 60 * silent_min), np.nan, 1.0)
    judged = trip(t, coolant=coolant)
    told = judged.found(code_of("evidence_gap/probe_missing"))
    assert len(told) == found
    expected = Status.INSUFFICIENT_EVIDENCE if found else Status.COMPLIANT
    assert judged.status("integrity") == expected
    if found:
        (one,) = told
        assert one["measures"]["probe"] == "coolant"
        assert one["measures"]["length_s"] == 60 * (silent_min + 1)
        assert judged.status("recording") == Status.COMPLIANT
        assert judged.status("range") == Status.COMPLIANT


@pytest.mark.parametrize("kept", [slice(20, None), slice(None, 100)])
def test_a_probe_that_spoke_late_or_fell_silent_early_is_missing(kept: slice) -> None:
    t = minutes(121)
    coolant = np.full(t.size, np.nan)
    coolant[kept] = 1.0
    assert len(trip(t, coolant=coolant).found(code_of("evidence_gap/probe_missing"))) == 1


def test_a_probe_that_is_read_every_ten_minutes_is_not_silent_in_between() -> None:
    t = minutes(121)
    judged = trip(t, coolant=np.where(t % 600 == 0, 1.0, np.nan))
    assert not judged.found(code_of("evidence_gap/probe_missing"))
    assert judged.status("integrity") == Status.COMPLIANT


def test_a_silence_of_the_whole_logger_is_told_of_the_drug_alone() -> None:
    t = minutes(121)
    t = t[(t < 3600) | (t > 4500)]
    judged = trip(t, coolant=np.ones(t.size))
    assert not judged.found(code_of("evidence_gap/probe_missing"))
    assert len(judged.found(code_of("evidence_gap/no_readings"))) == 1


def test_a_probe_that_never_spoke_is_not_known_to_exist() -> None:
    t = minutes(121)
    judged = trip(t, coolant=np.full(t.size, np.nan))
    assert not judged.found(code_of("evidence_gap/probe_missing"))


def test_readings_whose_clock_is_shown_wrong_keep_no_range_and_rule_out_no_stop() -> None:
    t = minutes(121)
    ahead = seen(Series(t, 5.0, received=t - 600), given=TWO_HOURS)
    right = seen(Series(t, 5.0, received=t + 2), given=TWO_HOURS)
    assert right.status("range") == right.status("recording") == Status.COMPLIANT
    for question in ("range", "recording", "storage_on_the_way"):
        assert ahead.status(question) == Status.INSUFFICIENT_EVIDENCE
    assert "时钟" in ahead.line("ANNEX6-10")["basis"]["zh"]


def test_events_and_manifest_apart_say_nothing_of_the_loggers_clock() -> None:
    t = minutes(121)
    apart = seen(Series(t, 5.0), given=replace(TWO_HOURS, mismatch_s=1e5))
    assert apart.status("recording") == Status.COMPLIANT


def test_isolation_shown_by_a_record_with_missing_readings_needs_a_lower_rate() -> None:
    whole = world(
        60, seed=21, k_coolant=(0.1, 0.6), coolant_hold_h=(6.0, 12.0), probes=Probes(lost=0.0)
    ).tracks
    rng = np.random.default_rng(3)
    shown = []
    for lost in (0.0, 0.05, 0.3):
        kept = rng.random(whole.time_s.size) >= lost
        first = np.concatenate([[0], np.cumsum(kept)])[whole.first]
        tracks = replace(
            whole,
            **{
                name: getattr(whole, name)[kept]
                for name in ("time_s", "received_s", "logger", "seq", "conflict", "lat_deg")
            },
            **{
                name: getattr(whole, name)[kept]
                for name in ("lon_deg", "accuracy_m", "lid_open", "moving", "light_lux")
            },
            first=first,
            temperature_c={name: one[kept] for name, one in whole.temperature_c.items()},
        )
        given = Given(start=0.0, interval_s=60.0, isolation_coolant=1)
        terms = terms_of(*[given] * 60, shipments=tracks.shipments)
        case = case_of(tracks, terms, PACK.numbers)
        judged = judge(case, PACK)
        facet, share = judged.isolation.coolant, missing_share(case, judged.seen)
        isolated = facet.isolation == Isolation.ISOLATED
        limit = facet.limit_per_h * (1.0 - DRAWN_IN * share)
        assert (facet.high_per_h[isolated] <= limit[isolated]).all()
        thinned = facet.reason == IsolationReason.RECORD_THINNED
        assert (facet.status[thinned] == Status.ASSERTED).all()
        shown.append(int(isolated.sum()))
    assert shown[0] > 40
    assert shown[0] >= shown[1] > shown[2] == 0
