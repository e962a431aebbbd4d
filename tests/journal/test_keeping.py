"""Five years at least, holds, keys, notes about the clock, one segment at a time."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from coldwitness.domain.errors import BadInput, ConfigError
from coldwitness.storage.journal import (
    Journal,
    JournalReader,
    Message,
    Signer,
    load_or_create_signer,
    load_public_key,
    verify_journal,
)
from coldwitness.storage.journal.clock import ClockStep
from coldwitness.storage.journal.layout import segments
from coldwitness.storage.journal.retention import (
    Hold,
    delete_expired,
    expired,
    holds,
    lift_hold,
    place_hold,
)
from coldwitness.storage.journal.signing import signature_holds
from tests.journal.conftest import DAY_MS, NOON_MS, messages

Open = Callable[..., Journal]
YEAR_DAYS = 365.25


@pytest.fixture
def two_days(tmp_path: Path, open_journal: Open) -> Path:
    with open_journal() as journal:
        journal.append(messages(0, 5))
        journal.append(messages(5, 5, received_ms=NOON_MS + DAY_MS))
        journal.append(messages(10, 5, received_ms=NOON_MS + 2 * DAY_MS))
    return tmp_path


def after(days: float) -> int:
    """That many days after the end of the first day."""
    return NOON_MS + DAY_MS // 2 + int(days * DAY_MS)


def test_a_day_is_kept_five_years_after_its_last_moment_and_not_longer(two_days: Path) -> None:
    assert expired(two_days, years=5.0, now_ms=after(5 * YEAR_DAYS)) == []
    old = expired(two_days, years=5.0, now_ms=after(5 * YEAR_DAYS + 1))
    assert [expiry.segment.day for expiry in old] == ["2024-06-01"]
    assert expired(two_days, years=7.0, now_ms=after(5 * YEAR_DAYS + 1)) == []


def test_less_than_five_years_cannot_be_set(two_days: Path) -> None:
    with pytest.raises(ConfigError, match=r"at least 5, got 4\.9"):
        expired(two_days, years=4.9, now_ms=after(9999))


def test_a_hold_keeps_its_days_until_it_is_lifted(two_days: Path, signer: Signer) -> None:
    late = after(6 * YEAR_DAYS)
    place_hold(
        two_days, hold_id="case-7", reason="court", first_day="2024-06-01", last_day="2024-06-01"
    )
    assert [e.held_by for e in expired(two_days, years=5.0, now_ms=late)] == [("case-7",), ()]
    gone = delete_expired(two_days, years=5.0, now_ms=late)
    assert [expiry.segment.day for expiry in gone] == ["2024-06-02"]
    lift_hold(two_days, "case-7")
    assert holds(two_days) == []
    assert len(delete_expired(two_days, years=5.0, now_ms=late)) == 1
    assert [s.state for s in segments(two_days, "w1")] == ["retired", "retired", "open"]
    assert [row.row for row in JournalReader(two_days).read("w1")] == [11, 12, 13, 14, 15]
    reports = verify_journal(two_days, public=signer.public)
    assert [problem for report in reports for problem in report.problems] == []


def test_days_of_a_drug_that_has_not_long_expired_are_kept_beside_those_of_people(
    two_days: Path,
) -> None:
    expiry = Hold("expiry of ZB-1", "kept until 2031-05-01", "2024-06-01", "2024-06-01", NOON_MS)
    late = after(6 * YEAR_DAYS)
    old = expired(two_days, years=5.0, now_ms=late, kept=[expiry])
    assert [one.held_by for one in old] == [("expiry of ZB-1",), ()]
    gone = delete_expired(two_days, years=5.0, now_ms=late, kept=[expiry])
    assert [one.segment.day for one in gone] == ["2024-06-02"]


def test_a_hold_is_checked_when_it_is_placed(two_days: Path) -> None:
    with pytest.raises(BadInput, match="expected a day"):
        place_hold(two_days, hold_id="x", reason="r", first_day="yesterday", last_day=None)
    with pytest.raises(BadInput, match="lies before"):
        place_hold(two_days, hold_id="x", reason="r", first_day="2024-06-02", last_day="2024-06-01")
    place_hold(two_days, hold_id="x", reason="r", first_day="2024-06-02", last_day=None)
    with pytest.raises(BadInput, match="stands already"):
        place_hold(two_days, hold_id="x", reason="r", first_day="2024-06-02", last_day=None)
    with pytest.raises(BadInput, match="there is none"):
        lift_hold(two_days, "y")


def test_unreadable_holds_stop_every_deletion(two_days: Path) -> None:
    (two_days / "holds.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="nothing is deleted"):
        delete_expired(two_days, years=5.0, now_ms=after(9999))


def test_a_signing_key_is_made_for_its_owner_alone_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.key"
    first = load_or_create_signer(path)
    assert path.stat().st_mode & 0o777 == 0o600
    again = load_or_create_signer(path)
    assert again.key_id == first.key_id
    public = load_public_key(path.with_suffix(".pub"))
    assert signature_holds(public, b"text", first.sign(b"text"))
    assert not signature_holds(public, b"other", first.sign(b"text"))
    assert not signature_holds(public, b"text", "no base64!")


def test_a_key_that_others_may_read_or_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    load_or_create_signer(path)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others may read it"):
        load_or_create_signer(path)
    path.write_text("no key", encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="not an unencrypted PEM key"):
        load_or_create_signer(path)
    with pytest.raises(ConfigError, match="not a PEM key"):
        load_public_key(path)


def test_a_clock_that_was_set_back_is_noted_in_the_journal(
    tmp_path: Path, open_journal: Open
) -> None:
    with open_journal() as journal:
        journal.append(messages(0, 1))
        journal._steps.append(ClockStep(NOON_MS - 60_000, NOON_MS + 10, NOON_MS + 10))
        journal.append(messages(1, 1))
    rows = list(JournalReader(tmp_path).read("w1"))
    assert [row.note for row in rows] == [False, True, False]
    assert rows[1].topic == "$journal/clock"
    assert json.loads(rows[1].payload)["step_ms"] == -60_010
    assert all(not report.problems for report in verify_journal(tmp_path, public=None))


def test_an_empty_journal_and_an_empty_append_are_well(tmp_path: Path, open_journal: Open) -> None:
    assert verify_journal(tmp_path, public=None) == []
    with open_journal() as journal:
        assert len(journal.append([])) == 0
        journal.tick()
        big = Message("t", b"x" * 9_000_000, NOON_MS)
        journal.append([big])
    assert [len(row.payload) for row in JournalReader(tmp_path).read("w1")] == [9_000_000]
