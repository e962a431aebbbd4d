"""Judging in processes of its own needs a register that they can share."""

from contextlib import closing
from pathlib import Path

import pytest

from coldwitness.cli.main import main
from coldwitness.cli.shared_judging import judging_now
from tests.registers import new_register


@pytest.mark.parametrize("command", [["judge"], ["serve", "--no-ingest", "--no-judge"]])
def test_on_sqlite_only_serve_judges(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLDWITNESS_HTTP__PORT", "0")
    monkeypatch.setenv("COLDWITNESS_JUDGING__PROCESSES", "1")
    assert main(command) == 2
    assert "needs a register on PostgreSQL" in capsys.readouterr().err


def test_the_doctor_tells_who_judges(tmp_path: Path) -> None:
    with closing(new_register(tmp_path / "register.sqlite")) as register:
        register.waiting.leave(["S-1"])
        assert judging_now(register) == (False, "no process judges; 1 shipments wait")
        for name in ("a", "b") * 2:
            register.judge_shares.keep(name, lease_ms=60_000)
        assert judging_now(register) == (
            True,
            "2 judging, with 32, 32 of 64 shares; 1 shipments wait",
        )
