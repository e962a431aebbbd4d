"""`coldwitness spot-check`: drawn, recorded, and drawn again by somebody else."""

import json
from pathlib import Path
from typing import Any

import pytest
from consistent_sampler import sampler

from coldwitness.cli.main import main
from coldwitness.storage.register import open_register
from tests.storage.readings import T0
from tests.storage.results import finding, record, result
from tests.storage.test_register_clues import manifest

FRAME = "id,stratum,weight\n" + "".join(f"S-{n:02},{'ab'[n % 2]},{1 + n % 3}\n" for n in range(20))


@pytest.fixture
def frame(tmp_path: Path) -> str:
    path = tmp_path / "frame.csv"
    path.write_text(FRAME, encoding="utf-8")
    return str(path)


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def drawn(frame: str, *more: str, seed: str = "2026-11-28 开奖 07 11 23") -> list[str]:
    return ["spot-check", "draw", "--frame", frame, "--seed", seed, *more]


def test_the_answer_is_the_contracts(frame: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(drawn(frame, "--size", "5", "--json")) == 0
    answer = told(capsys)
    assert set(answer) == {"frame_sha256", "seed", "method", "drawn"}
    assert set(answer["drawn"][0]) == {"id", "order", "ticket", "inclusion_probability"}
    names = [f"S-{n:02}" for n in range(20)]
    theirs = sampler(names, answer["seed"], take=5, output="id")
    assert [one["id"] for one in answer["drawn"]] == list(theirs)
    assert {one["inclusion_probability"] for one in answer["drawn"]} == {0.25}
    for method in ("stratified", "weighted"):
        assert main(drawn(frame, "--size", "5", "--method", method, "--json")) == 0
        assert len(told(capsys)["drawn"]) == 5
    assert main(drawn(frame, "--prevalence", "0.2", "--json")) == 0
    assert len(told(capsys)["drawn"]) == 10


def test_a_sample_is_recorded_and_anybody_can_verify_it(
    frame: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "check.json")
    assert main(drawn(frame, "--size", "3", "-o", file)) == 0
    names = [one["id"] for one in json.loads(Path(file).read_text())["draws"][0]["draw"]["drawn"]]
    verify = ["spot-check", "verify", file, "--frame", frame, "--json"]
    assert main(verify) == 0
    capsys.readouterr()
    assert main(verify) == 0
    assert told(capsys)["estimate"] is None, "not all were looked at"
    assert main(["spot-check", "record", file, names[0], "found", "--note", "无封签"]) == 0
    looked = ["spot-check", "record", file, names[1], "nothing-found"]
    assert main([*looked, "--seen", "seal=perhaps"]) == 2
    assert main([*looked, "--seen", "seal=yes", "--seen", "training=not_seen"]) == 0
    kept = json.loads(Path(file).read_text(encoding="utf-8"))["looked"][-1]
    assert kept["checklist"] == {"seal": "yes", "training": "not_seen"}
    assert main(["spot-check", "record", file, names[2], "dropped"]) == 2, "without a reason"
    assert main(["spot-check", "record", file, "S-none", "found"]) == 2
    assert main(["spot-check", "record", file, names[1], "found"]) == 2, "a second without one"
    dropped = ["spot-check", "record", file, names[2], "dropped", "--note", "已退货"]
    assert main(dropped) == 0
    capsys.readouterr()
    assert main(verify) == 0
    answer = told(capsys)
    assert (answer["same"], answer["dropped"]) == (True, 1)
    assert answer["estimate"]["found"] == 2, "what was dropped counts against the firm"
    assert main(verify[:-1]) == 0
    assert "抽取可复现" in capsys.readouterr().out


def test_a_second_draw_needs_a_reason_and_both_stay(
    frame: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "check.json")
    first = drawn(frame, "--size", "3", "-o", file)
    assert main(first) == 0
    again = drawn(frame, "--size", "4", "-o", file, seed="another")
    assert main(again) == 2
    assert main([*again, "--reason", "企业停业"]) == 0
    capsys.readouterr()
    assert main(["spot-check", "verify", file, "--frame", frame]) == 0
    assert "共抽取 2 次：企业停业" in capsys.readouterr().out


def test_what_was_tampered_with_is_told(
    frame: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "check.json"
    assert main(drawn(frame, "--size", "3", "-o", str(file))) == 0
    check = json.loads(file.read_text())
    check["draws"][0]["draw"]["drawn"][0]["id"] = "S-99"
    file.write_text(json.dumps(check))
    verify = ["spot-check", "verify", str(file), "--frame", frame, "--json"]
    capsys.readouterr()
    assert main(verify) == 1
    assert told(capsys)["differences"] == ["draw 1: frame, seed and method draw others"]
    Path(frame).write_text(FRAME + "S-98,a,1\n", encoding="utf-8")
    assert main(verify) == 1
    assert "frame" in told(capsys)["differences"][0]


def test_a_frame_is_made_of_the_shipments_of_a_period(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'register.sqlite'}"
    monkeypatch.setenv("COLDWITNESS_STORE__REGISTER_URL", url)
    register = open_register(url)
    for name in ("S-1", "S-2"):
        register.manifests.put(manifest(name), received_ms=T0)
        record(register, result(finding(), shipment=name))
    register.close()
    frame = tmp_path / "frame.csv"
    period = ["--from", "2026-11-18", "--to", "2026-11-18", "--division", "3703"]
    arguments = ["spot-check", "draw", *period, "--seed", "x", "--size", "1", "--json"]
    assert main([*arguments, "--frame-out", str(frame)]) == 0
    answer = told(capsys)
    assert frame.read_text() == "id,stratum,weight\nS-1,ql-express,3\nS-2,ql-express,3\n"
    by_file = ["spot-check", "draw", "--frame", str(frame), "--seed", "x", "--size", "1", "--json"]
    assert main(by_file) == 0
    assert told(capsys) == answer


@pytest.mark.parametrize(
    "more",
    [
        ["--size", "21"],
        ["--size", "0"],
        [],
        ["--size", "3", "--prevalence", "0.1"],
        ["--size", "3", "--method", "random"],
        ["--prevalence", "2"],
        ["--size", "3", "--from", "2026-11-01", "--to", "2026-11-02"],
    ],
)
def test_a_mistake_is_told_in_one_line(
    frame: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(drawn(frame, *more)) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
