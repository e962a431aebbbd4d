"""What was refused, as API, page and metric."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.ingest.progress import Progress, Quarantined
from tests.api.world import T0, World, running_world


def refused(row: int, courier: str | None, reason: str, *, at_ms: int = T0) -> Quarantined:
    text = f"time: expected a zone (Z or an offset), got 'row {row}'"
    return Quarantined(row, -1, reason, text, f"coldchain/v1/{courier}/B/readings", at_ms, courier,
                       "LG-1")  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    journal = JournalSettings(directory=tmp_path / "journal")
    with Progress(journal.directory, "w1") as progress:
        progress.advance(
            9, refused=[refused(n, "ql", "no_time", at_ms=T0 + n // 3) for n in range(1, 8)]
        )
    with Progress(journal.directory, "w2") as progress:
        progress.advance(
            9, refused=[refused(1, "sf", "unit_unknown"), refused(2, None, "not_json")]
        )
    with running_world(tmp_path, settings=Settings(journal=journal)) as running:
        yield running


def test_every_refusal_is_met_once_over_all_pages(world: World) -> None:
    met: list[tuple[str, int]] = []
    address = "/v1/quarantine?limit=2"
    while True:
        answer = world.get(address).json()
        met += [(one["worker"], one["row"]) for one in answer["items"]]
        assert len(answer["items"]) <= 2
        if answer["next_cursor"] is None:
            break
        address = f"/v1/quarantine?limit=2&after={answer['next_cursor']}"
    assert sorted(met) == [*(("w1", n) for n in range(1, 8)), ("w2", 1), ("w2", 2)]
    assert len(met) == len(set(met))


def test_a_courier_or_a_reason_is_asked_for_alone(world: World) -> None:
    (one,) = world.get("/v1/quarantine?courier=sf").json()["items"]
    assert (one["reason"], one["logger"], one["part"]) == ("unit_unknown", "LG-1", None)
    assert "expected a zone" in one["text"]
    (one,) = world.get("/v1/quarantine?reason=not_json").json()["items"]
    assert one["courier"] is None


def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    assert world.get("/v1/quarantine?after=x").status_code == 422


def test_the_page_shows_the_newest_first_with_what_was_expected(world: World) -> None:
    page = world.get("/quarantine?lang=zh").text
    assert page.index("row 7") < page.index("row 1&")
    assert "隔离区" in page
    only = world.get("/quarantine?lang=en&courier=sf").text
    assert "unit_unknown" in only
    assert "no_time" not in only


def test_refusals_are_counted_by_reason_and_courier(world: World) -> None:
    text = world.get("/metrics").text
    assert 'coldwitness_refused_messages{courier="ql",reason="no_time",worker="w1"} 7.0' in text
    assert 'coldwitness_refused_messages{courier="",reason="not_json",worker="w2"} 1.0' in text


def test_a_server_whose_workers_have_not_run_lists_nothing(tmp_path: Path) -> None:
    journal = JournalSettings(directory=tmp_path / "nothing")
    with running_world(tmp_path, settings=Settings(journal=journal)) as empty:
        assert empty.get("/v1/quarantine").json() == {"items": [], "next_cursor": None}
        assert "没有被拒收的消息" in empty.get("/quarantine").text
