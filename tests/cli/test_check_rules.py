"""`check` by another rule pack, and by two side by side."""

import json
from pathlib import Path
from typing import Any

import pytest

from coldwitness.cli.main import main
from tests.cli.deliveries import manifest, readings, write_ndjson
from tests.published_schema import CHECK_RESULT

WARM = readings(lambda m: 12.0 if 20 <= m < 40 else 5.0)
CHINESE, WHO = "cn-retail-delivery 2023.1", "who-vaccine 2023.1"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A warm and a clean delivery, as arguments of `check`."""
    clean = readings(lambda _m: 5.0, shipment="S2", logger="LG-2")
    telemetry = write_ndjson(tmp_path / "telemetry.ndjson", [*WARM, *clean])
    second = manifest(id="S2", logger={**manifest()["logger"], "id": "LG-2"})
    manifests = write_ndjson(tmp_path / "manifests.ndjson", [manifest(), second])
    return ["check", str(telemetry), "--manifest", str(manifests)]


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    results = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    for result in results:
        CHECK_RESULT.validate(result)
    return results


def test_the_same_file_has_another_verdict_under_another_pack(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*files, "--json"]) == 1
    assert [r["verdict"] for r in told(capsys)] == ["breach", "asserted"]
    assert main([*files, "--json", "--rules", "who-vaccine"]) == 4
    results = told(capsys)
    assert [r["verdict"] for r in results] == ["asserted", "asserted"]
    assert {r["evidence"]["rules"] for r in results} == {WHO}
    assert all(line["id"].startswith("WHO-") for r in results for line in r["requirements"])


def test_side_by_side_keeps_the_first_result_and_its_exit_code(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*files, "--json"]) == 1
    plain = told(capsys)
    assert main([*files, "--json", "--compare-rules", "who-vaccine"]) == 1
    compared = told(capsys)
    for result, alone in zip(compared, plain, strict=True):
        other = result.pop("compared")
        assert result == alone
        assert (other["shipment"], other["verdict"]) == (result["shipment"], "asserted")
        assert (result["evidence"]["rules"], other["evidence"]["rules"]) == (CHINESE, WHO)


def test_a_third_combination_compares_the_named_packs(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--rules", "who-vaccine", "--compare-rules", "cn-retail-delivery"]
    assert main([*files, "--json", *options]) == 4
    warm, _ = told(capsys)
    assert (warm["verdict"], warm["compared"]["verdict"]) == ("asserted", "breach")


def test_side_by_side_in_text_shows_the_lines_of_both(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*files, "--compare-rules", "who-vaccine", "--lang", "en"])
    rows = capsys.readouterr().out.splitlines()
    assert any(f"{CHINESE} | {WHO}" in row for row in rows)
    (first, _) = (row for row in rows if row.strip().startswith("verdict"))
    assert "suspected breach (to be checked) | asserted in writing, not proved" in first
    (first, _) = (row for row in rows if "WHO-VAC.range" in row)
    assert "— | nothing found" in first
    assert sum("ANNEX3-15" in row for row in rows) == 2
    assert "违法" not in "".join(rows)


@pytest.mark.parametrize("option", ["--rules", "--compare-rules"])
def test_an_unknown_pack_is_one_clear_line(
    option: str, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*files, option, "nowhere"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert "'nowhere'" in line
    assert "cn-retail-delivery, who-vaccine" in line
