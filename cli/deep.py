"""`coldwitness doctor --deep`: stores and register held against the journal, all of it.

Everything is made once more from the journal beside what is there, and compared line by line. It
reads the whole journal: run it by night (deploy/systemd).
"""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from coldwitness.cli.future_tolerance import future_tolerance_s
from coldwitness.cli.rebuild import rebuild_views, told
from coldwitness.config.settings import Settings, StoreSettings
from coldwitness.domain.instants import instant_ms
from coldwitness.judging.rows_read import STORED_WITHIN_MS
from coldwitness.storage.archive.canonical import day_lines, event_lines
from coldwitness.storage.decided.comparing import Differences, differences
from coldwitness.storage.decided.redaction import unlike_orders
from coldwitness.storage.journal import journal_public_key, verify_journal
from coldwitness.storage.opening import stores
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.telemetry import WholeStore, open_telemetry

_FEW = 3
_PAUSE_S = 2.0


def journal_problems(settings: Settings) -> list[str]:
    """What `journal verify` finds with the journal's own key, a line each."""
    reports = verify_journal(
        settings.journal.directory, public=journal_public_key(settings.journal)
    )
    found = [f"{problem.kind}: {problem.text}" for report in reports for problem in report.problems]
    return found + unlike_orders(settings.journal.directory, reports)


def decided_otherwise(settings: Settings) -> tuple[Differences, list[str]]:
    """What the register does not hold as it was decided, a line each kind. Decisions that are made
    during the comparison are looked at a second time."""
    with closing(open_register(settings.store.register_url)) as register:
        found = differences(settings.journal.directory, register)
        if not found.none or found.bytes_gone:
            time.sleep(_PAUSE_S)
            found = _both(found, differences(settings.journal.directory, register))
    lines = told(found)
    lines += [f"{kind} {name}" for kind, name in found.subjects[:_FEW]]
    return found, lines


def _both(first: Differences, second: Differences) -> Differences:
    return Differences(
        second.decisions,
        tuple(sorted(set(first.subjects) & set(second.subjects))),
        second.bytes_gone,
        tuple(line for line in second.unwritten if line in first.unwritten),
        tuple(line for line in second.lost if line in first.lost),
        second.up_to,
    )


def stored_otherwise(settings: Settings) -> tuple[int, list[str]]:
    """How many lines of the canonical export were compared, and which only one of stores and
    journal has."""
    begun_ms = int(time.time() * 1000)
    with (
        TemporaryDirectory(prefix="coldwitness-", dir=settings.journal.directory) as folder,
        stores(settings.store, sole_writer=False) as (store, register),
    ):
        beside = StoreSettings(
            embedded_file=Path(folder) / "telemetry.sqlite",
            register_url=f"sqlite:///{Path(folder) / 'register.sqlite'}",
        )
        # Each side goes on growing: what came after the beginning is no difference.
        with (
            closing(open_register(beside.register_url)) as said_register,
            closing(open_telemetry(beside, said_register.views)) as said,
        ):
            rebuild_views(
                settings, said, said_register, future_tolerance_s=future_tolerance_s(settings)
            )
            compared, differing = 0, []
            for stored_lines, said_lines in _parts(store, register, said, said_register):
                compared += len(said_lines)
                lost = said_lines - stored_lines
                differing += [
                    f"journalled, not stored: {_shown(line)}"
                    for line in sorted(lost)
                    if _received_ms(line) < begun_ms - STORED_WITHIN_MS
                ]
                differing += [
                    f"stored, in no row: {_shown(line)}"
                    for line in sorted(stored_lines - said_lines)
                    if _received_ms(line) < begun_ms
                ]
    return compared, differing


def _parts(
    store: WholeStore, register: SqlRegister, said: WholeStore, said_register: SqlRegister
) -> Iterator[tuple[set[bytes], set[bytes]]]:
    for day_ms in sorted({*store.days_ms(), *said.days_ms()}):
        yield set(day_lines(store, day_ms)), set(day_lines(said, day_ms))
    yield set(event_lines(register)), set(event_lines(said_register))


class _Received(msgspec.Struct):
    received_at: str | None = None


def _received_ms(line: bytes) -> int:
    received_at = msgspec.json.decode(line, type=_Received).received_at
    return 0 if received_at is None else instant_ms(received_at)


def _shown(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()[:200]
