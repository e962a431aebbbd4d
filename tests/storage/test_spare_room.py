"""Room that is kept for what is written while something is read, and given up on a full disk."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coldwitness.config.settings import load_settings
from coldwitness.domain.errors import Unavailable
from coldwitness.storage import spare_room
from coldwitness.storage.decided import open_decision_log
from coldwitness.storage.decisions import Audited, Decision, DrugNameSet
from coldwitness.storage.journal import Journal
from coldwitness.storage.opening import stores
from coldwitness.storage.spare_room import TRAIL_BYTES, TRAIL_PIECE_BYTES, TrailRoom, keep_room

SEEN = Audited("officer", "read_report_json", "S-1", 0, shipment="S-1")


def sizes(*folders: Path) -> list[int]:
    return [(folder / ".trail-room").stat().st_size for folder in folders]


def test_a_piece_goes_only_where_the_disk_is_full_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, roomy = tmp_path / "full", tmp_path / "roomy"
    full.mkdir()
    roomy.mkdir()
    room = TrailRoom([full, roomy])
    room.keep()
    assert not (roomy / ".trail-room").exists(), "what a start needs is kept first"
    keep_room([full, roomy])
    room.keep()
    assert sizes(full, roomy) == [TRAIL_BYTES, TRAIL_BYTES]
    assert not room.give()
    with monkeypatch.context() as disk:
        disk.setattr(spare_room, "_full", lambda folder: folder == full)
        disk.setattr(spare_room, "_grow", lambda path: None)
        given = 0
        while room.give():
            given += 1
            assert sizes(full, roomy) == [TRAIL_BYTES - given * TRAIL_PIECE_BYTES, TRAIL_BYTES]
        assert given == TRAIL_BYTES // TRAIL_PIECE_BYTES
        assert f"0 bytes in {full}" in str(room.problem())
    assert room.problem() is None
    assert sizes(full, roomy) == [TRAIL_BYTES, TRAIL_BYTES]


@pytest.mark.parametrize(
    ("decision", "kept"),
    [(SEEN, True), (DrugNameSet("ql/LG-1", "drug", by="officer", at_ms=0), False)],
)
def test_room_is_given_to_lines_of_the_trail_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decision: Decision, kept: bool
) -> None:
    refused = [2]
    append = Journal.append

    def when_there_is_room(self: Journal, *given: object, **more: object) -> range:
        if refused[0]:
            raise Unavailable("journal: database or disk is full")
        told: Callable[..., range] = append
        return told(self, *given, **more)

    def give() -> bool:
        refused[0] -= 1
        return True

    (tmp_path / "cw.toml").write_text(
        f'[journal]\ndirectory = "{tmp_path}/journal"\n[store]\n'
        f'embedded_file = "{tmp_path}/telemetry.sqlite"\n'
        f'register_url = "sqlite:///{tmp_path}/register.sqlite"\n'
    )
    settings = load_settings(tmp_path / "cw.toml")
    with (
        stores(settings.store) as (_, register),
        open_decision_log(settings.journal, register, trail_room=give) as log,
    ):
        before = log.last_row
        monkeypatch.setattr(Journal, "append", when_there_is_room)
        if kept:
            log.decide(decision, lambda: None)
        else:
            with pytest.raises(Unavailable, match="full"):
                log.decide(decision, lambda: None)
        assert (log.last_row - before, refused[0]) == ((1, 0) if kept else (0, 2))
        monkeypatch.undo()
