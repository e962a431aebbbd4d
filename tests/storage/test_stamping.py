"""The hour's newest checkpoint is stamped, and what is rewritten afterwards shows by the stamp."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from coldwitness.cli.main import main
from coldwitness.storage.journal import layout, verify_journal, vouched_by_others
from coldwitness.storage.journal.outside import KeptElsewhere
from coldwitness.storage.witness.stamping import EVERY_S, Stamping, stamped_checkpoints
from coldwitness.storage.witness.timestamp import read_authorities
from tests.reports.time_authority import Authority, make_authority, time_authority
from tests.storage.test_witness import SIGNER, journal


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[Authority]:
    with time_authority(tmp_path / "tsa") as running:
        yield running


def test_a_checkpoint_an_hour_is_stamped_and_holds_the_journal_to_it(
    tmp_path: Path, tsa: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, now_s = tmp_path / "journal", [1_795_000_000.0]
    stamping = Stamping(tsa.url, folder, now_s=lambda: now_s[0])
    assert stamping.stamp_due() == 0
    journal(folder, first=0, rows=10)
    assert (stamping.stamp_due(), stamping.problem) == (1, "")
    journal(folder, first=10, rows=10)
    assert stamping.stamp_due() == 0
    now_s[0] += EVERY_S
    assert stamping.stamp_due() == 1
    now_s[0] += EVERY_S
    assert stamping.stamp_due() == 0  # nothing new was signed
    journal(folder, first=20, rows=5)

    verify = ["journal", "verify", "--directory", str(folder), "--tsa-ca"]
    assert main([*verify, str(tsa.root)]) == 0
    assert "proved up to row 20 by time stamp" in capsys.readouterr().out
    (tmp_path / "other").mkdir()
    other = make_authority(tmp_path / "other", "Other")
    assert main([*verify, str(other)]) == 1

    kept = [(path.name, path.read_bytes()) for path in _stamps(folder)]
    shutil.rmtree(folder)
    for run in range(3):
        journal(folder, first=10 * run, rows=10, cool=3 if run == 1 else None)
    for name, data in kept:
        (layout.worker_folder(folder, "w1") / name).write_bytes(data)
    stamped, wrong = stamped_checkpoints(folder, read_authorities(tsa.root))
    assert (len(stamped), wrong) == (2, [])
    reports = verify_journal(folder, public=SIGNER.public)
    vouched, against = vouched_by_others(
        folder, reports, KeptElsewhere(stamped=tuple(stamped)), public=SIGNER.public
    )
    assert vouched == []
    assert any("are not those of a checkpoint" in problem.text for problem in against)


def test_a_changed_stamp_is_a_problem(tmp_path: Path, tsa: Authority) -> None:
    folder = tmp_path / "journal"
    journal(folder, first=0, rows=3)
    assert Stamping(tsa.url, folder).stamp_due() == 1
    (path,) = _stamps(folder)
    path.write_bytes(path.read_bytes().replace(b"bureau.example", b"bureau.exemple"))
    stamped, wrong = stamped_checkpoints(folder, read_authorities(tsa.root))
    assert stamped == []
    assert "made of other bytes" in wrong[0]


def test_an_authority_that_does_not_answer_is_said_and_stops_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal(folder, first=0, rows=3)
    stamping = Stamping("http://127.0.0.1:9/", folder)
    assert stamping.stamp_due() == 0
    assert "w1: time-stamp authority" in stamping.problem
    nothing = Stamping(None, folder)
    nothing.start()
    nothing.stop()
    assert list(_stamps(folder)) == []


def _stamps(folder: Path) -> list[Path]:
    return sorted(layout.worker_folder(folder, "w1").glob("*.stamps"))
