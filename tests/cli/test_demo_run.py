"""When the demo says that its fleet was delivered."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from coldwitness.cli import demo_run
from coldwitness.domain.errors import Unavailable

MESSAGES, SHIPMENTS = 40, 3
FLEET: Any = SimpleNamespace(message_count=MESSAGES, shipments=[object()] * SHIPMENTS)


def _running(*, journalled: int, judged: int, problem: str = "") -> Any:
    status = SimpleNamespace(
        journalled=journalled, stored_row=journalled, problem=problem, store_problem=""
    )
    rows = [SimpleNamespace(id=f"S-{n}", verdict="compliant") for n in range(judged)]
    return SimpleNamespace(
        ingest=SimpleNamespace(status=lambda: status, wait_until_stored=lambda _: True),
        judge=SimpleNamespace(idle=True),
        register=SimpleNamespace(shipments=SimpleNamespace(rows=lambda limit: rows)),
    )


def test_a_fleet_that_is_journalled_and_judged_is_delivered() -> None:
    running = _running(journalled=MESSAGES, judged=SHIPMENTS)
    demo_run._wait_until_judged(running, FLEET, threading.Event())


@pytest.mark.parametrize(("journalled", "judged"), [(MESSAGES - 1, 3), (MESSAGES, 2)])
def test_one_of_which_something_is_missing_is_told_in_a_line_and_not_judged_as_it_is(
    journalled: int, judged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_run, "JUDGED_WITHIN_S", 0.01)
    running = _running(journalled=journalled, judged=judged, problem="journal: disk full")
    with pytest.raises(Unavailable, match=f"{journalled} of 40 .* {judged} of 3 .*disk full"):
        demo_run._wait_until_judged(running, FLEET, threading.Event())
