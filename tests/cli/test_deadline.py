"""`coldwitness deadline`."""

import json

import pytest

from coldwitness.cli.main import main


def test_it_tells_the_last_day_and_what_was_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deadline", "national_clue", "--from", "2026-02-10", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["basis"]["article"]["zh"] == "第三十四条"
    keys = ("kind", "starts_on", "due_on", "working_days", "excluded_days", "provisional")
    assert [told[key] for key in keys] == [
        "national_clue",
        "2026-02-10",
        "2026-04-14",
        40,
        0,
        False,
    ]


def test_a_reader_sees_it_in_chinese_first(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["deadline", "decision", "--from", "2026-11-20", "--excluded", "3"]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "截止 2027-02-22（星期一）  due on 2027-02-22, Monday"
    assert "90 日" in lines[2]
    assert lines[3].startswith("检测、检验、鉴定不计入 3 日")
    assert "第六十四条（转载，条款待核）" in lines[4]
    assert lines[5].startswith("暂定")
    main(["deadline", "national_clue", "--from", "2023-11-30"])
    assert "注意" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["soon", "--from", "2026-02-10"], "expected one of national_clue"),
        (["clue", "--from", "2026-02-30"], "expected a day such as"),
        (["clue", "--from", "10.2.2026"], "expected a day such as"),
        (["clue", "--from", "2026-02-10", "--excluded", "-1"], "excluded days"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["deadline", *arguments]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 1
