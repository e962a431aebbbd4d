"""`coldwitness report` and `coldwitness verify` as their users run them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coldwitness.api.reports.made.reviews import review_of
from coldwitness.cli.main import main
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.writer import write_fleet
from coldwitness.storage.journal import load_or_create_signer
from coldwitness.storage.ports import Review
from tests.reports.fleet import END_MS
from tests.reports.packages import edited_report

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """run(*arguments) -> exit code, stdout, stderr; in a folder with two simulated shipments."""
    monkeypatch.chdir(tmp_path)
    fleet = simulate_fleet(
        [scenario("warm_break"), scenario("clean")], boxes=2, seed=4, end_ms=END_MS
    )
    write_fleet(fleet, tmp_path)

    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_command


FILES = ("--from", "telemetry.ndjson", "--manifest", "manifests.ndjson")
SHIPMENT = "ZB-20260618-0001"


def test_report_is_written_in_all_forms_and_each_that_can_be_verified_holds(
    run: Command, tmp_path: Path
) -> None:
    forms = ("-o", "r.json", "-o", "r.html", "-o", "r.pdf", "--package", "r.zip")
    code, _, _ = run("report", SHIPMENT, *FILES, *forms)
    assert code == 0
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!doctype html>")
    for name in ("r.json", "r.pdf", "r.zip"):
        code, out, _ = run("verify", name, "--json")
        assert (code, json.loads(out)["holds"]) == (0, True)
    assert not list(tmp_path.glob(".*part"))


def test_report_and_check_say_the_same_of_a_shipment(run: Command, tmp_path: Path) -> None:
    run("report", SHIPMENT, *FILES, "-o", "r.json")
    _, out, _ = run("check", "telemetry.ndjson", "--manifest", "manifests.ndjson", "--json")
    checked: dict[str, Any] = next(
        result for result in map(json.loads, out.splitlines()) if result["shipment"] == SHIPMENT
    )
    assert json.loads((tmp_path / "r.json").read_bytes())["result"] == checked


def test_a_report_from_files_is_of_the_instant_that_is_named(run: Command, tmp_path: Path) -> None:
    """As `check --as-of`: before the record ends the shipment is on its way."""
    as_of = ("--as-of", "2026-06-18T02:00:00Z")
    files = ("telemetry.ndjson", "--manifest", "manifests.ndjson")
    assert run("report", SHIPMENT, *FILES, "-o", "r.json", *as_of)[0] == 0
    result = json.loads((tmp_path / "r.json").read_bytes())["result"]
    _, out, _ = run("check", *files, "--json", *as_of)
    checked = next(r for r in map(json.loads, out.splitlines()) if r["shipment"] == SHIPMENT)
    assert (result, result["state"]) == (checked, checked["state"])
    assert run("verify", "r.json")[0] == 3, "whole; nobody signed"
    code, _, said = run("report", SHIPMENT, "-o", "r.json", *as_of)
    assert (code, "--from" in said) == (2, True)
    code, _, said = run("report", SHIPMENT, *FILES, "-o", "r.json", "--as-of", "noon")
    assert (code, "--as-of" in said) == (2, True)


def test_edited_report_does_not_hold_and_says_why(run: Command, tmp_path: Path) -> None:
    run("report", SHIPMENT, *FILES, "-o", "r.json")
    data = (tmp_path / "r.json").read_text("utf-8")
    (tmp_path / "r.json").write_text(data.replace('"breach"', '"compliant"', 1), "utf-8")
    code, out, _ = run("verify", "r.json", "--lang", "en")
    assert code == 1
    assert "digest_mismatch" in out


def test_package_of_another_key_does_not_hold_where_a_key_is_named(
    run: Command, tmp_path: Path
) -> None:
    run("report", SHIPMENT, *FILES, "--package", "r.zip")
    key = "coldwitness-data/journal/keys/signing"
    code, out, _ = run("verify", "r.zip", "--key", f"{key}.pub")
    assert (code, "受信" in out) == (0, True)
    other = load_or_create_signer(tmp_path / "other.key")
    code, out, _ = run("verify", "r.zip", "--key", "other.pub")
    assert (code, "signer_unknown" in out) == (1, True)
    run("report", SHIPMENT, *FILES, "--package", "mine.zip", "--key", "other.key")
    code, out, _ = run("verify", "mine.zip", "--json")
    assert (code, json.loads(out)["signer"]) == (3, other.key_id)
    assert (json.loads(out)["holds"], json.loads(out)["vouched"]) == (True, False)
    assert run("verify", "mine.zip", "--key", "other.pub")[0] == 0
    assert run("verify", "r.zip")[0] == 0  # this machine's own key


def test_a_report_that_nobody_signed_is_whole_and_nobody_vouches_for_it(run: Command) -> None:
    run("report", SHIPMENT, *FILES, "-o", "r.json")
    code, out, _ = run("verify", "r.json", "--json")
    said = json.loads(out)
    assert (code, said["holds"], said["signer"], said["vouched"]) == (3, True, None, False)


def test_a_report_by_another_pack_says_what_the_pack_in_force_says(
    run: Command, tmp_path: Path
) -> None:
    forms = ("-o", "r.json", "-o", "r.html", "-o", "r.pdf", "--package", "r.zip", "--lang", "en")
    assert run("report", SHIPMENT, *FILES, *forms, "--rules", "who-vaccine")[0] == 0
    report = json.loads((tmp_path / "r.json").read_bytes())
    _, out, _ = run(
        "check",
        *("telemetry.ndjson", "--manifest", "manifests.ndjson", "--json"),
        *("--rules", "who-vaccine", "--compare-rules", "cn-retail-delivery"),
    )
    checked = next(r for r in map(json.loads, out.splitlines()) if r["shipment"] == SHIPMENT)
    compared = checked.pop("compared")
    assert report["result"] == checked
    assert report["beside"]["rules"] == compared["evidence"]["rules"]
    assert report["beside"]["verdict"] == compared["verdict"]
    assert [(line["id"], line["status"]) for line in report["beside"]["lines"]] == [
        (line["id"], line["status"]) for line in compared["requirements"]
    ]
    page = (tmp_path / "r.html").read_text("utf-8")
    assert all(line["id"] in page for line in compared["requirements"])
    assert "Two rule packs side by side" in page
    for name in ("r.json", "r.pdf", "r.zip"):
        code, out, _ = run("verify", name, "--json")
        assert (code, json.loads(out)["problems"]) == (0, []), name


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("verdict",), "compliant", "report_differs"),
        (("lines", 0, "status"), "compliant", "report_differs"),
        (("rules",), "cn-retail-delivery 1999", "rules_unknown"),
    ],
)
def test_what_stands_beside_is_judged_again_as_well(
    run: Command, tmp_path: Path, path: tuple[Any, ...], value: str, expected: str
) -> None:
    run("report", SHIPMENT, *FILES, "-o", "r.json", "--rules", "who-vaccine")

    def edit(values: dict[str, Any]) -> None:
        part: Any = values["beside"]
        for key in path[:-1]:
            part = part[key]
        assert part[path[-1]] != value
        part[path[-1]] = value

    forged = edited_report((tmp_path / "r.json").read_bytes(), edit)
    (tmp_path / "forged.json").write_bytes(forged)
    code, out, _ = run("verify", "forged.json", "--json")
    assert code == 1
    assert expected in {problem["code"] for problem in json.loads(out)["problems"]}


def test_english_page_is_written_on_demand(run: Command, tmp_path: Path) -> None:
    run("report", SHIPMENT, *FILES, "-o", "r.html", "--lang", "en")
    page = (tmp_path / "r.html").read_text("utf-8")
    assert '<html lang="en">' in page
    assert "suspected breach (to be checked)" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("report", SHIPMENT, *FILES), "nothing to write"),
        (("report", SHIPMENT, *FILES, "-o", "r.doc"), ".json, .html, .pdf"),
        (("report", SHIPMENT, *FILES, "--package", "r.tar"), ".zip"),
        (("report", *FILES, "-o", "r.json"), "2 shipments"),
        (("report", "NO-SUCH", *FILES, "-o", "r.json"), "NO-SUCH"),
        (("report", "-o", "r.json"), "shipment id"),
        (("report", SHIPMENT, *FILES, "-o", "r.json", "--rules", "nowhere"), "'nowhere'"),
        (("report", SHIPMENT, *FILES, "-o", "r.json", "--lang", "de"), "--lang"),
        (("report", SHIPMENT, *FILES, "-o", "r.json", "--key", "none.key"), "none.key"),
        (("report", SHIPMENT, *FILES, "-o", "no/such/folder/r.json"), "cannot be written"),
        (("report", SHIPMENT, "--from", "telemetry.ndjson", "-o", "r.json"), "--manifest"),
        (("verify", "missing.json"), "missing.json"),
    ],
)
def test_mistake_is_one_clear_line_and_exit_2(
    run: Command, arguments: tuple[str, ...], words: str
) -> None:
    code, _, error = run(*arguments)
    assert code == 2
    assert words in error
    assert "Traceback" not in error


def test_unknown_shipment_of_the_stores_is_one_clear_line(run: Command) -> None:
    code, _, error = run("report", "NO-SUCH", "-o", "r.json")
    assert code == 2
    assert "NO-SUCH" in error


def stored(officer: str, version: int) -> Review:
    return Review("S-1", version, officer, "confirmed", "核对原始记录一致", 1_781_753_400_000)


def test_review_takes_two_officers_on_the_same_version() -> None:
    one = [stored("鲁C-0101", 2)]
    two = [*one, stored("鲁C-0102", 2)]
    assert review_of([], result_version=2).state == "unreviewed"
    assert review_of(one, result_version=2).state == "unreviewed"
    assert review_of([*one, *one], result_version=2).state == "unreviewed"
    assert review_of(two, result_version=2).state == "reviewed"
    assert [o.officer for o in review_of(two, result_version=2).opinions] == [
        "鲁C-0101",
        "鲁C-0102",
    ]


def test_review_of_an_earlier_version_does_not_count_for_a_corrected_result() -> None:
    two = [stored("鲁C-0101", 1), stored("鲁C-0102", 1)]
    assert review_of(two, result_version=2).state == "unreviewed"
    assert review_of(two, result_version=2).opinions == ()
