"""The server's clock held against others', below, at and above what may lie between them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from coldwitness.cli.other_clocks import other_clocks
from coldwitness.config.settings import StoreSettings
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.instants import instant_ms
from coldwitness.ingest.clock_offsets import ClockOffset
from coldwitness.ingest.clock_watch import (
    APART_MS,
    LOGGERS_MIN,
    ClockWatch,
    contradiction,
    loggers_contradiction,
)
from coldwitness.judging.clock import system_clock
from coldwitness.storage.register import SqlRegister
from tests.registers import new_register

NOW_MS = instant_ms("2028-02-29T23:59:59Z")


@pytest.mark.parametrize(
    ("ahead_ms", "right"),
    [(0, True), (APART_MS, True), (APART_MS + 1, False), (-APART_MS, True), (-APART_MS - 1, False)],
)
def test_another_clock_contradicts_beyond_half_a_minute(ahead_ms: int, *, right: bool) -> None:
    said = contradiction("the store", lambda: NOW_MS + ahead_ms, lambda: NOW_MS)
    assert (said is None) == right
    assert right or "2028-02-29T23:59:59" in str(said)


def test_the_time_of_an_answer_is_no_difference() -> None:
    now_ms = [NOW_MS, NOW_MS + 10 * APART_MS]
    assert contradiction("slow", lambda: NOW_MS + 5 * APART_MS, lambda: now_ms.pop(0)) is None
    assert contradiction("silent", lambda: None, lambda: NOW_MS) is None


def loggers(*ahead_ms: int, heard_ms: int = NOW_MS) -> list[ClockOffset]:
    return [ClockOffset(f"L{n}", low, low + 1, 9, heard_ms) for n, low in enumerate(ahead_ms)]


def test_most_loggers_ahead_say_that_the_server_is_behind() -> None:
    ahead = [APART_MS + 1] * LOGGERS_MIN
    assert loggers_contradiction(loggers(*ahead), NOW_MS) is not None
    assert loggers_contradiction(loggers(*ahead[1:]), NOW_MS) is None, "too few"
    assert loggers_contradiction(loggers(*ahead, *[0] * LOGGERS_MIN), NOW_MS) is None, "not most"
    assert loggers_contradiction(loggers(*[-(10**9)] * 9), NOW_MS) is None, "late is not wrong"
    assert loggers_contradiction(loggers(*ahead, heard_ms=0), NOW_MS) is None, "long ago"


def test_a_watch_tells_until_the_clock_is_right_again() -> None:
    wrong_ms = [2 * APART_MS, 0]
    watch = ClockWatch(
        {"the store": lambda: NOW_MS + wrong_ms[0], "away": away}, lambda: [], clock=lambda: NOW_MS
    )
    watch.start()
    watch.stop()
    assert "the store" in str(watch.problem)
    wrong_ms.pop(0)
    watch.look()
    assert watch.problem is None


def away() -> int:
    raise Unavailable("away")


@contextmanager
def dated(date: str) -> Iterator[str]:
    """A server that answers everything with this date."""

    class Dated(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(401)
            self.send_header("Date", date)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Dated) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("date", "said"),
    [("Tue, 29 Feb 2028 23:59:59 GMT", NOW_MS), ("yesterday", None)],
)
def test_a_telemetry_store_tells_its_clock_by_the_date_of_an_answer(
    date: str, said: int | None, tmp_path: Path
) -> None:
    register = new_register(tmp_path / "register.sqlite")
    with dated(date) as url:
        settings = StoreSettings(telemetry="influx", influx_url=url)
        (ask,) = other_clocks(settings, register).values()
        assert ask() == said
    register.close()


def test_a_database_tells_its_clock_where_it_is_a_server(register: SqlRegister) -> None:
    others = other_clocks(StoreSettings(), register)
    if register.database.is_sqlite:
        assert not others
    for name, ask in others.items():
        assert contradiction(name, ask, system_clock) is None
