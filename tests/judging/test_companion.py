"""Half of a run by a second process gives what one run gives, whatever becomes of the process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from coldwitness.analysis.record.curves import CurveIndex
from coldwitness.cli.judge_files import GatheredFiles
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.errors import Unavailable
from coldwitness.judging import companion as beside
from coldwitness.judging.batch import Batch, judged_batch
from coldwitness.judging.companion import Companion
from coldwitness.judging.copies import CurveArchive
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.fleet_limits import TripsBeside
from coldwitness.judging.rulebook import Rulebook, load_rulebook
from coldwitness.judging.run import curves_of
from coldwitness.storage.register.bodies import each_encoded
from tests.judging.recorded_fleet import gathered_with_a_stranger_and_versions

NO_TRIPS = TripsBeside({})


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(JudgingSettings())


@pytest.fixture(scope="module")
def fleet(rulebook: Rulebook) -> GatheredFiles:
    return gathered_with_a_stranger_and_versions(rulebook)


@pytest.fixture(scope="module")
def alone(fleet: GatheredFiles, rulebook: Rulebook) -> Batch:
    """What one process makes of the fleet's evidence."""
    return judged_batch(
        fleet.evidence,
        rulebook=rulebook,
        assumed_storage=None,
        archive=nothing_kept,
        fleet=NO_TRIPS,
    )


@pytest.fixture
def second(rulebook: Rulebook, monkeypatch: pytest.MonkeyPatch) -> Iterator[Companion]:
    monkeypatch.setattr(beside, "SHIPMENTS_MIN", 10)
    started = Companion(rulebook, JudgingSettings())
    yield started
    started.close()


def nothing_kept(index: CurveIndex) -> CurveIndex | None:
    del index
    return None


def lines(batch: Batch) -> dict[str, bytes]:
    """Each result as the register keeps it."""
    return {name: one.body for name, one in each_encoded(batch.results).items()}


def judged(second: Companion, evidence: Evidence, archive: CurveArchive = nothing_kept) -> Batch:
    return second.judged(evidence, archive=archive, fleet=NO_TRIPS)


def test_both_give_what_one_gives_to_the_byte(
    second: Companion, fleet: GatheredFiles, alone: Batch
) -> None:
    asked: list[set[str]] = []

    def archive(index: CurveIndex) -> CurveIndex | None:
        asked.append(set(index.shipments))
        return None

    for _ in range(2):
        both = judged(second, fleet.evidence, archive)
        assert lines(both) == lines(alone)
        assert both.newest == alone.newest
        assert both.trips == alone.trips
        assert both.encoded == each_encoded(alone.results)
        kept = {name for index in both.curves for name in index.shipments}
        assert kept == {name for index in alone.curves for name in index.shipments}
    assert asked == [set(fleet.evidence.shipments)] * 2, "once a run, for both halves"
    subtypes = {finding.subtype for one in both.results for finding in one.findings}
    assert {"copied", "manifest_changed", "foreign_source"} <= subtypes
    assert second.process_id is not None


COPY, SOURCE = "ZB-20260618-0012", "ZB-20260618-0011"


def in_order(evidence: Evidence, *, last: str) -> Evidence:
    """The same evidence with a shipment that the second process judges."""
    others = [name for name in evidence.shipments if name != last]
    return replace(evidence, shipments=(*others, last))


def copied(batch: Batch) -> set[str]:
    return {
        one.shipment
        for one in batch.results
        if any(finding.subtype == "copied" for finding in one.findings)
    }


@pytest.mark.parametrize("last", [COPY, SOURCE])
def test_a_copy_and_its_source_are_found_from_one_half_to_the_other(
    last: str, second: Companion, fleet: GatheredFiles, alone: Batch
) -> None:
    both = judged(second, in_order(fleet.evidence, last=last))
    assert copied(both) == {COPY, SOURCE}
    assert lines(both) == lines(alone)


@pytest.mark.parametrize("here", [False, True])
def test_what_the_archive_finds_is_compared_with_both_halves(
    here: bool, second: Companion, fleet: GatheredFiles, rulebook: Rulebook
) -> None:
    rest = [name for name in fleet.evidence.shipments if name != SOURCE]
    evidence = fleet.evidence.of_shipments(rest)
    evidence = evidence if here else in_order(evidence, last=COPY)
    [earlier] = curves_of(
        fleet.evidence.of_shipments([SOURCE]), rulebook=rulebook, assumed_storage=None
    )
    assert copied(judged(second, evidence, lambda _: earlier)) == {COPY}


def test_a_killed_process_loses_nothing(
    second: Companion, fleet: GatheredFiles, alone: Batch
) -> None:
    def killing(index: CurveIndex) -> CurveIndex | None:
        """Asked while the other half is under way, and again when all is judged here."""
        if second.process_id is not None:
            os.kill(second.process_id, signal.SIGKILL)
        return nothing_kept(index)

    assert lines(judged(second, fleet.evidence, killing)) == lines(alone)
    assert second.process_id is None
    assert lines(judged(second, fleet.evidence)) == lines(alone)


def test_one_that_was_killed_before_it_was_asked_loses_nothing(
    second: Companion, fleet: GatheredFiles, alone: Batch
) -> None:
    assert second.process_id is not None
    os.kill(second.process_id, signal.SIGKILL)
    assert lines(judged(second, fleet.evidence)) == lines(alone)
    assert second.process_id is None


def test_one_that_does_not_answer_is_ended(
    second: Companion, fleet: GatheredFiles, alone: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = second.process_id
    assert stopped is not None

    def stopping(index: CurveIndex) -> CurveIndex | None:
        if second.process_id is not None:
            os.kill(stopped, signal.SIGSTOP)
        monkeypatch.setattr(beside, "ANSWER_WITHIN_S", 0.2)
        return nothing_kept(index)

    assert lines(judged(second, fleet.evidence, stopping)) == lines(alone)
    assert second.process_id is None
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)


def test_after_a_register_that_is_away_both_go_on(
    second: Companion, fleet: GatheredFiles, alone: Batch
) -> None:
    def away(index: CurveIndex) -> CurveIndex | None:
        raise Unavailable(f"the register, asked of {len(index.shipments)}")

    for _ in range(2):
        with pytest.raises(Unavailable):
            judged(second, fleet.evidence, away)
    assert second.process_id is not None
    assert lines(judged(second, fleet.evidence)) == lines(alone)


def test_what_fails_in_the_second_process_is_told_and_the_next_run_is_judged(
    rulebook: Rulebook, fleet: GatheredFiles, alone: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "SHIPMENTS_MIN", 10)
    here = os.getpid()
    last = fleet.evidence.shipments[-2]

    def failing(evidence: Evidence, **more: object) -> Batch:
        if os.getpid() != here and evidence.as_of_ms == 1:
            raise ValueError(last)
        return judged_batch(evidence, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(beside, "judged_batch", failing)
    second = Companion(rulebook, JudgingSettings())
    try:
        with pytest.raises(RuntimeError, match=f"ValueError: {last}"):
            judged(second, replace(fleet.evidence, as_of_ms=1))
        assert lines(judged(second, fleet.evidence)) == lines(alone)
        assert second.process_id is not None
    finally:
        second.close()


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(
        "import time\n"
        "from coldwitness.config.settings import JudgingSettings\n"
        "from coldwitness.judging.companion import companion\n"
        "with companion(JudgingSettings()) as second:\n"
        "    print(second.process_id if second else 0, flush=True)\n"
        "    time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        its = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        assert its or len(os.sched_getaffinity(0)) < 2
    end = time.monotonic() + 20.0
    while its and Path(f"/proc/{its}").exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not its or not Path(f"/proc/{its}").exists()


def test_there_is_none_where_the_settings_want_none() -> None:
    with beside.companion(JudgingSettings(processes=1)) as second:
        assert second is None
