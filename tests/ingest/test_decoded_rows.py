"""Journal rows, decoded: what is stored, what is listed as refused, what is passed over."""

import pytest

from coldwitness.ingest.decoded_rows import decode_rows
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Row
from tests.ingest.publishing import reading, topic

NOW_MS = 1_717_300_000_000


def row(name: str, payload: bytes, *, number: int = 1, note: bool = False) -> Row:
    return Row("w1", number, NOW_MS, name, payload, 1, False, False, note)


@pytest.mark.parametrize(("ahead_ms", "kept"), [(300_000, True), (300_001, False)])
def test_a_time_ahead_of_receipt_by_the_tolerance_is_stored_and_beyond_is_listed(
    ahead_ms: int, kept: bool
) -> None:
    payload = reading(1, time=NOW_MS + ahead_ms)
    result = decode_rows([row(topic(), payload)], Routes(), future_tolerance_s=300.0)
    assert bool(result.readings) is kept
    assert [q.reason for q in result.refused] == ([] if kept else ["future_time"])


def test_several_future_readings_of_one_message_keep_a_line_each() -> None:
    backlog = b"[" + b",".join(reading(n, time=NOW_MS + 10**9 + n) for n in range(3)) + b"]"
    result = decode_rows([row(topic(), backlog)], Routes(), future_tolerance_s=300.0)
    assert len({(q.row, q.part) for q in result.refused}) == 3


def test_notes_of_the_journal_are_no_messages() -> None:
    noted = row("$journal/clock", b"{}", note=True)
    result = decode_rows([noted], Routes(), future_tolerance_s=300.0)
    assert (result.readings, result.refused) == ([], [])
