"""How long the journal is kept: five years at least, longer under a legal hold, and what was
deleted is still known by its seal."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from coldwitness.domain.errors import BadInput, ConfigError, Unavailable
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.durable import write_text
from coldwitness.storage.journal.sealed import read_seal

LEAST_YEARS = 5.0
"""Drug delivery records are kept at least five years; settings can only lengthen it."""
_DAYS_A_YEAR = 365.25


class Hold(msgspec.Struct, frozen=True):
    """Days first to last (inclusive; last None: without end) are not deleted while it stands."""

    id: str
    reason: str
    first_day: str
    last_day: str | None
    placed_ms: int

    def covers(self, day: str) -> bool:
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


class _Retired(msgspec.Struct, frozen=True):
    worker: str
    day: str
    file_sha256: str
    deleted_ms: int


@dataclass(frozen=True)
class Expiry:
    """A sealed day that is old enough. held_by: ids of the holds that keep it."""

    segment: layout.Segment
    held_by: tuple[str, ...]


def holds(directory: Path) -> list[Hold]:
    path = _holds_file(directory)
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Hold])
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path}: legal holds unreadable, nothing is deleted: {error}") from error


def place_hold(
    directory: Path, *, hold_id: str, reason: str, first_day: str, last_day: str | None
) -> Hold:
    """Keep days from deletion until `lift_hold`; raises BadInput for a wrong day or taken id."""
    for day in (first_day, last_day):
        if day is not None:
            _day(day)
    if last_day is not None and last_day < first_day:
        raise BadInput(f"hold {hold_id}: its last day {last_day} lies before {first_day}")
    standing = holds(directory)
    if any(hold.id == hold_id for hold in standing):
        raise BadInput(f"hold {hold_id}: stands already")
    hold = Hold(hold_id, reason, first_day, last_day, int(time.time() * 1000))
    _write(directory, [*standing, hold])
    return hold


def lift_hold(directory: Path, hold_id: str) -> None:
    standing = holds(directory)
    left = [hold for hold in standing if hold.id != hold_id]
    if len(left) == len(standing):
        raise BadInput(f"hold {hold_id}: there is none")
    _write(directory, left)


def expired(
    directory: Path,
    *,
    years: float,
    now_ms: int,
    kept_for_good: Collection[str] = (),
    kept: Collection[Hold] = (),
) -> list[Expiry]:
    """Sealed days whose last moment lies more than `years` back, but for those of some workers.
    kept : holds beside those that people placed. Raises ConfigError for less than five years."""
    if years < LEAST_YEARS:
        raise ConfigError(f"journal.retention_years: at least {LEAST_YEARS:g}, got {years:g}")
    # One day on top: the day's last message, not its first, must be old enough.
    limit = datetime.fromtimestamp(now_ms / 1000, tz=UTC) - timedelta(days=years * _DAYS_A_YEAR + 1)
    last_day = limit.strftime("%Y-%m-%d")
    standing = [*holds(directory), *kept]
    return [
        Expiry(segment, tuple(hold.id for hold in standing if hold.covers(segment.day)))
        for worker in layout.workers(directory)
        if worker not in kept_for_good
        for segment in layout.segments(directory, worker)
        if segment.state == "sealed" and segment.day < last_day
    ]


def delete_expired(
    directory: Path,
    *,
    years: float,
    now_ms: int,
    kept_for_good: Collection[str] = (),
    kept: Collection[Hold] = (),
) -> list[Expiry]:
    """Delete the rows of expired days that no hold keeps; seals and signed heads stay, so the
    chain from the days before to those after can still be followed."""
    old = expired(directory, years=years, now_ms=now_ms, kept_for_good=kept_for_good, kept=kept)
    gone = [expiry for expiry in old if not expiry.held_by]
    for expiry in gone:
        segment = expiry.segment
        _note_retired(
            directory / "retired.ndjson",
            _Retired(segment.worker, segment.day, read_seal(segment.seal).file_sha256, now_ms),
        )
        for path in segment.row_files():
            path.unlink(missing_ok=True)
    return gone


def _note_retired(path: Path, one: _Retired) -> None:
    """Before the rows go; killed in between, the day is not named twice."""
    try:
        said = path.read_bytes() if path.exists() else b""
        known = [msgspec.json.decode(line, type=_Retired) for line in said.splitlines()]
    except (OSError, msgspec.MsgspecError) as error:
        raise Unavailable(f"{path}: cannot be read, nothing is deleted: {error}") from error
    if (one.worker, one.day) not in {(line.worker, line.day) for line in known}:
        write_text(path, said + msgspec.json.encode(one) + b"\n")


def _holds_file(directory: Path) -> Path:
    return directory / "holds.json"


def _write(directory: Path, standing: list[Hold]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    write_text(_holds_file(directory), msgspec.json.format(msgspec.json.encode(standing)) + b"\n")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"expected a day such as 2026-11-22, got {text[:40]!r}") from error
