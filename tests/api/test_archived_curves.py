"""Copies of earlier shipments, found by live judging on the real stores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coldwitness.analysis.integrity.copied import copied_findings
from coldwitness.analysis.record.curves import CurveIndex, curve_index
from coldwitness.api.http.reports import report_of
from coldwitness.api.reports.packed.rejudging import pack_of, plain_values, rebuilt
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.measures import given
from coldwitness.domain.reach import EVERYTHING
from coldwitness.domain.reading import Reading
from coldwitness.domain.words import Certainty
from coldwitness.judging.batch import Batch, judge_batch
from coldwitness.judging.copies import ArchivedCurves, keep_curves
from coldwitness.judging.live import LiveJudge
from coldwitness.judging.shares import ShareKeeper
from coldwitness.storage.ports import Review
from coldwitness.storage.register import open_register
from tests.api.world import MINUTE, T0, World, manifest

HOUR = 60 * MINUTE


def curve(seed: int, n: int = 240) -> list[float]:
    """A drift with the noise of a sensor, on its grid."""
    rng = np.random.default_rng(seed)
    drift = 5 + 0.5 * np.sin(np.arange(n) / 40 + seed)
    return [float(v) for v in np.round(drift + rng.normal(0, 0.15, n), 1)]


def put_manifest(world: World, name: str, *, start_ms: int, end_ms: int) -> None:
    body = manifest(name, dispatched_at=rfc3339(start_ms), delivered_at=rfc3339(end_ms))
    assert world.client.put(f"/v1/shipments/{name}", json=body).status_code in (200, 201)


def sent(world: World, name: str, values: list[float], *, start_ms: int) -> None:
    end = start_ms + (len(values) - 1) * MINUTE
    put_manifest(world, name, start_ms=start_ms, end_ms=end)
    world.send(name, values, start_ms=start_ms, judge=False)
    world.judge.touch([name])
    while not world.judge.idle:
        world.judge.tick()


def named(world: World, name: str) -> list[str]:
    result = world.register.results.of(name)
    assert result is not None
    copied = [f for f in result.findings if f.subtype == "copied"]
    return [other for finding in copied for other in given(finding.measures.others) or ()]


def line(world: World, name: str) -> str:
    result = world.register.results.of(name)
    assert result is not None
    (status,) = [one.status for one in result.requirements if one.id == "ANNEX3-08"]
    return status


@pytest.mark.parametrize("offset_c", [0.0, 0.4])
def test_a_copy_of_a_shipment_of_hours_ago_is_suspected_and_the_original_keeps_its_verdict(
    world: World, offset_c: float
) -> None:
    one = curve(1)
    sent(world, "ZB-1", one, start_ms=T0)
    sent(world, "ZB-9", curve(9), start_ms=T0 + HOUR)
    assert named(world, "ZB-1") == []
    before = line(world, "ZB-1")

    sent(world, "ZB-2", [round(v + offset_c, 1) for v in one], start_ms=T0 + 5 * HOUR)

    assert (named(world, "ZB-1"), named(world, "ZB-2")) == (["ZB-2"], ["ZB-1"])
    assert before == "compliant"
    assert (line(world, "ZB-1"), line(world, "ZB-2")) == ("compliant", "suspected")
    assert named(world, "ZB-9") == []
    assert line(world, "ZB-9") == "compliant"


def test_judging_again_makes_no_shipment_a_copy_of_itself_and_no_new_version(world: World) -> None:
    sent(world, "ZB-1", curve(1), start_ms=T0)
    world.judge.judge_now(["ZB-1"])
    world.judge.judge_now(["ZB-1"])
    assert named(world, "ZB-1") == []
    assert len(world.register.results.versions("ZB-1")) == 1


def test_a_report_and_another_pack_see_the_copy_too(world: World) -> None:
    sent(world, "ZB-1", curve(1), start_ms=T0)
    sent(world, "ZB-2", curve(1), start_ms=T0 + 5 * HOUR)
    versions = len(world.register.results.versions("ZB-2"))
    report = world.get("/v1/shipments/ZB-2/report.json")
    assert report.status_code == 200
    assert "copied" in report.text
    assert len(world.register.results.versions("ZB-2")) == versions


def test_a_report_of_a_copy_is_the_same_when_judged_again_without_the_other(world: World) -> None:
    sent(world, "ZB-1", curve(1), start_ms=T0)
    sent(world, "ZB-2", curve(1), start_ms=T0 + 5 * HOUR)
    report = report_of(world.services, "ZB-2", reach=EVERYTHING)
    pack = pack_of(report, world.services.rulebook)
    assert pack is not None
    again = rebuilt(report, world.services.rulebook, pack)
    assert plain_values(again.result) == plain_values(report.result)
    assert "copied" in [finding.subtype for finding in again.result.findings]


def test_what_is_no_copy_any_more_is_named_no_more(world: World) -> None:
    one = curve(1)
    sent(world, "ZB-1", one, start_ms=T0)
    sent(world, "ZB-2", one[:120], start_ms=T0 + 5 * HOUR)
    assert named(world, "ZB-1") == ["ZB-2"]
    put_manifest(world, "ZB-2", start_ms=T0 + 8 * HOUR, end_ms=T0 + 9 * HOUR)
    for officer in ("A", "B"):  # nobody's later word alone shortens the time judged
        world.register.reviews.add(
            Review("ZB-2", 1, officer, "correction_accepted", "seen", T0, manifest_version=2)
        )
    world.judge.touch(["ZB-2"])
    while not world.judge.idle:
        world.judge.tick()
    assert named(world, "ZB-1") == []
    assert line(world, "ZB-1") == "compliant"


def quiet_index(name: str, *, start_s: float) -> CurveIndex:
    """A drug that hardly moves, between a coolant and an outside that do."""
    n, rng = 90, np.random.default_rng(5)
    return curve_index(
        shipments=(name,),
        shipment=np.zeros(1, dtype=np.int64),
        probe=np.array(["drug"]),
        logger=np.array([f"L-{name}"]),
        first=np.array([0, n]),
        time_s=start_s + np.arange(n) * 60.0,
        value_c=np.round(5.03 + rng.normal(0, 0.015, n), 1),
        zones_c=[np.round(c + rng.normal(0, 0.08, n), 1) for c in (-6.0, 20.0, 28.0)],
    )


def test_a_quiet_copy_is_found_in_the_archive_by_the_zones_about_it(tmp_path: Path) -> None:
    register = open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")
    archive = ArchivedCurves(register.copies)
    old, new = quiet_index("OLD", start_s=1.7e9), quiet_index("NEW", start_s=1.8e9)
    assert archive(old) is None
    keep_curves(register.copies, old)
    kept = archive(new)
    register.close()
    assert kept is not None
    assert kept.joint.tolist() == old.joint.tolist() == [False, True]
    assert (kept.difference == old.difference).all()
    found = copied_findings(new, earlier=kept)
    assert [found.details[0]["other_shipment"]] == ["OLD"]
    assert found.shipment.tolist() == [0]


def test_a_copy_that_came_in_first_by_the_loggers_clock_alone_is_still_the_copy(
    world: World,
) -> None:
    """Backdated by a day, but received after the original."""
    sent(world, "ZB-1", curve(1), start_ms=T0)
    backdated = [
        Reading(
            logger="LG-ZB-2",
            time_ms=T0 - 24 * HOUR + n * MINUTE,
            seq=n,
            temperature_c={"drug": value},
            shipment="ZB-2",
            courier="ql-express",
            box="BX-ZB-2",
        )
        for n, value in enumerate(curve(1))
    ]
    put_manifest(world, "ZB-2", start_ms=T0 - 24 * HOUR, end_ms=T0 - 20 * HOUR)
    world.store.append(backdated, [T0 + 5 * HOUR] * len(backdated))
    world.register.custody.note_seen({"ZB-2": "ql-express"})
    world.judge.touch(["ZB-2"])
    while not world.judge.idle:
        world.judge.tick()
    assert (named(world, "ZB-1"), named(world, "ZB-2")) == (["ZB-2"], ["ZB-1"])
    assert (line(world, "ZB-1"), line(world, "ZB-2")) == ("compliant", "suspected")


def test_curves_kept_before_their_times_of_receipt_were_leave_both_in_doubt(
    tmp_path: Path,
) -> None:
    register = open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")
    old, new = quiet_index("OLD", start_s=1.7e9), quiet_index("NEW", start_s=1.8e9)
    keep_curves(register.copies, old)
    kept = ArchivedCurves(register.copies)(new)
    register.close()
    assert kept is not None
    assert np.isnan(kept.received_s).all()
    found = copied_findings(new, earlier=kept)
    assert found.certainty.tolist() == [Certainty.POSSIBLE]


@pytest.mark.parametrize(
    ("behind_s", "certainty", "first"),
    [
        (5.0, Certainty.PROBABLE, False),
        (0.5, Certainty.POSSIBLE, False),
        (-0.5, Certainty.POSSIBLE, False),
        (-5.0, Certainty.POSSIBLE, True),
    ],
)
def test_the_order_of_receipt_survives_the_archive_and_needs_more_than_a_second(
    tmp_path: Path, behind_s: float, certainty: Certainty, first: bool
) -> None:
    register = open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")
    old, new = quiet_index("OLD", start_s=1.7e9), quiet_index("NEW", start_s=1.8e9)
    at_s = 1.9e9 + np.arange(old.time_s.size) * 1e-3
    keep_curves(register.copies, replace(old, received_s=at_s))
    kept = ArchivedCurves(register.copies)(new)
    register.close()
    assert kept is not None
    assert np.allclose(kept.received_s, at_s, atol=1e-3)
    found = copied_findings(replace(new, received_s=at_s + behind_s), earlier=kept)
    assert found.certainty.tolist() == [certainty]
    assert (found.measures["received_first"][0] == 1.0) == first


def test_copies_that_two_processes_judge_at_the_same_moment_are_found(world: World) -> None:
    """Each read the archive before the other's curve was in it."""
    shares = world.register.judge_shares
    keepers = [ShareKeeper(shares, name=name, ended=lambda _: False) for name in ("a", "b")]
    for keeper in keepers * 2:
        keeper.look()
    held = [keeper.held for keeper in keepers]
    mine, theirs = (next(n for i in range(99) if its.has(n := f"ZB-{i}")) for its in held)
    for name, hours in ((mine, 0), (theirs, 5)):
        values = curve(1)
        begin = T0 + hours * HOUR
        put_manifest(world, name, start_ms=begin, end_ms=begin + (len(values) - 1) * MINUTE)
        world.send(name, values, start_ms=begin, judge=False)
    runs: list[str] = []

    def at_once(*asked: object) -> Batch:
        batch = judge_batch(*asked)  # type: ignore[arg-type]
        if not runs:
            runs.append("first")
            assert judges[1].tick() == 1
        return batch

    judges = [
        LiveJudge(
            world.store,
            world.register,
            world.services.rulebook,
            world.services.settings,
            world.clock,
            judge=at_once if keeper is keepers[0] else judge_batch,
            shares=keeper,
        )
        for keeper in keepers
    ]
    judges[1]._known = held[1].turns  # it takes nothing over
    judges[0]._known = held[0].turns
    world.register.waiting.leave([mine, theirs])
    assert judges[0].tick() == 1
    assert (named(world, mine), named(world, theirs)) == ([], []), "neither saw the other"
    ticks = 0
    while world.register.waiting.left():
        ticks += 1
        assert ticks < 10, "they wake each other for ever"
        for judge in judges:
            judge.tick()
    assert (named(world, mine), named(world, theirs)) == ([theirs], [mine])
