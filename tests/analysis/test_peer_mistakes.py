"""Mistakes that cold-chain programs make; each is a test that this one does not."""

import json
from pathlib import Path

import numpy as np
import pytest

from coldwitness.cli.main import main
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.words import Status
from tests.analysis.building import Given, Series
from tests.analysis.judging import BREAKS, minutes, seen
from tests.cli.deliveries import manifest, readings, write_ndjson


def test_a_hole_of_three_hours_is_not_compliant() -> None:
    t = minutes(361)
    t = t[(t <= 3600) | (t >= 3600 + 10800)]
    found = seen(Series(t, 5.0), given=Given(start=0, end=21600))
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE
    assert found.metric("coverage") == pytest.approx(0.5)


def test_one_reading_is_not_compliant() -> None:
    for given in (Given(), Given(start=0, end=3600), Given(start=0, end=0)):
        found = seen(Series([0], [5.0]), given=given)
        assert found.verdict() == Status.INSUFFICIENT_EVIDENCE


def test_one_hot_reading_at_half_hour_spacing_is_a_possible_break_of_up_to_an_hour() -> None:
    value = np.full(9, 5.0)
    value[4] = 8.4
    # A box so slow that nothing could have happened between two cold readings.
    given = Given(start=0, end=14400, slew=0.15)
    found = seen(Series(minutes(9, every=1800), value), given=given)
    (finding,) = found.found(*BREAKS)
    assert finding["certainty"] == "possible"
    assert finding["duration_s"] == 0
    least, most = found.metric("seconds_above_bounds")
    assert least == 0
    rise_s = (7.5 - 5.0) / 0.15 * 60  # to where the sensor's error begins to matter
    assert most == pytest.approx(3600 - 2 * rise_s)
    assert 0 < most < 3600
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE
    assert found.metric("seconds_above") == 0


def test_two_hot_readings_around_a_hole_of_four_hours_are_not_one_proven_break() -> None:
    seconds = [0, 300, 600, 600 + 14400, 900 + 14400, 1200 + 14400]
    value = [5.0, 5.0, 9.0, 9.0, 5.0, 5.0]
    found = seen(Series(seconds, value), given=Given(start=0, end=15600))
    assert len(found.found(*BREAKS)) == 2
    least, most = found.metric("seconds_above_bounds")
    assert least < 600
    assert most > 14400


def test_twenty_breaks_of_five_minutes_show_in_the_cumulative_time() -> None:
    value = np.full(401, 5.0)
    for k in range(20):
        value[k * 20 + 5 : k * 20 + 10] = 9.0
    found = seen(Series(minutes(401), value), given=Given(start=0, end=24000))
    assert len(found.found(*BREAKS)) == 20
    assert found.metric("seconds_above") == pytest.approx(20 * (240 + 30))


def test_six_minutes_at_25_degrees_in_two_hours_are_not_averaged_away() -> None:
    value = np.full(121, 3.0)
    value[60:66] = 25.0
    found = seen(Series(minutes(121), value), given=Given(start=0, end=7200))
    assert found.metric("mean_c") < 8
    assert found.status("range") == Status.BREACH


def test_a_mean_of_probes_never_hides_the_worst() -> None:
    found = seen(
        Series(minutes(61), np.full(61, 3.0), probes={"drug.2": np.full(61, 9.0)}),
        given=Given(start=0, end=3600),
    )
    assert found.status("range") == Status.BREACH
    assert found.metric("min_c") == 9.0


def test_cumulative_time_is_measured_and_not_counted_by_the_nominal_interval() -> None:
    seconds = [0, 60, 120, 330, 390, 450]
    value = [5.0, 9.0, 9.0, 9.0, 9.0, 5.0]
    found = seen(Series(seconds, value), given=Given(start=0, end=450))
    assert found.metric("seconds_above") == pytest.approx(15 + 60 + 210 + 60 + 15)


def test_a_time_without_a_zone_is_a_clear_error_beside_times_with_one() -> None:
    assert instant_ms("2025-11-21T02:00:00Z") == 1_763_690_400_000
    with pytest.raises(ValueError, match="without a zone"):
        instant_ms("2025-11-21T02:01:00")


def test_a_file_that_mixes_times_with_and_without_a_zone_is_told_and_never_guessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = readings(lambda _minute: 5.0)
    for row in rows[20:40]:
        row["time"] = row["time"].removesuffix("Z")
    (tmp_path / "manifest.json").write_text(json.dumps(manifest()))
    file = write_ndjson(tmp_path / "mixed.ndjson", rows)
    code = main(["check", str(file), "--json", "--manifest", str(tmp_path / "manifest.json")])
    said = capsys.readouterr()
    (result,) = (json.loads(line) for line in said.out.splitlines())
    assert code == 3
    assert result["verdict"] == "insufficient_evidence"
    assert result["metrics"]["readings"] == 41
    (warning,) = said.err.splitlines()
    for part in ("mixed.ndjson, line 21", "zone", "20"):
        assert part in warning


def test_a_device_that_is_alive_while_one_probe_is_silent() -> None:
    t = minutes(121)
    drug = np.where(t > 3600, np.nan, 5.0)
    found = seen(
        Series(t, drug, probes={"ambient": np.full(121, 25.0)}, seq=np.arange(121)),
        given=Given(start=0, end=7200),
    )
    assert [f["subtype"] for f in found.found(code_of("evidence_gap/probe_missing"))] == [
        "probe_missing"
    ]
    assert found.verdict() != Status.COMPLIANT


def test_times_of_a_break_come_from_the_measurements_also_for_hourly_uploads() -> None:
    t = minutes(121)
    value = np.where((t >= 1200) & (t < 2400), 9.0, 5.0)
    hourly = np.ceil((t + 1) / 3600) * 3600
    live, late = (
        seen(Series(t, value, received=received), given=Given(start=0, end=7200)).found(*BREAKS)
        for received in (t + 1, hourly)
    )
    assert live == late
    assert live[0]["start_s"] == pytest.approx(1200 - 15)


def test_the_last_episode_without_an_end_counts_fully() -> None:
    t = minutes(121)
    value = np.where(t >= 3600, 9.0, 5.0)
    found = seen(Series(t, value), given=Given(start=0, end=7200))
    (finding,) = found.found(*BREAKS)
    assert finding["duration_s"] == pytest.approx(3600 + 15)


def test_coverage_is_of_the_custody_window_and_not_of_first_to_last_reading() -> None:
    t = minutes(61)
    found = seen(Series(t, 5.0), given=Given(start=-3600, end=7200))
    assert found.metric("coverage") == pytest.approx(1 / 3)


def test_the_mean_is_of_time_and_not_of_readings() -> None:
    """Ten readings in the ten seconds of a hot minute weigh as much as ten seconds do."""
    seconds = np.concatenate([minutes(60), 3541.0 + np.arange(10), [3600.0, 3660.0]])
    value = np.concatenate([np.full(60, 4.0), np.full(10, 14.0), [4.0, 4.0]])
    found = seen(Series(seconds, value), given=Given(start=0, end=3660))
    area = 4.0 * 3660 + 10 * (1 / 2 + 9 + 50 / 2)
    assert found.metric("mean_c") == pytest.approx(area / 3660, abs=1e-3)
    assert value.mean() > found.metric("mean_c") + 1


def test_a_kinetic_mean_in_range_does_not_clear_frozen_time() -> None:
    value = np.full(121, 5.0)
    value[50:70] = -1.5
    found = seen(Series(minutes(121), value), given=Given(start=0, end=7200))
    assert found.metric("mkt_c") < 8
    assert found.status("range") == Status.BREACH
