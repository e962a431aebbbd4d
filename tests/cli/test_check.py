"""`coldwitness check` as its users run it: files in, NDJSON and an exit code out."""

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from coldwitness.cli.main import main
from tests.cli.deliveries import at, manifest, readings, write_ndjson
from tests.published_schema import CHECK_RESULT

LINES = {
    "ANNEX6-10", "ANNEX6-11", "ANNEX6-12", "ANNEX6-13", "ANNEX6-14", "ANNEX3-06", "ANNEX3-08",
    "ANNEX3-17", "LZ-PLAN-5.isolation", "LZ-PLAN-5.storage", "LZ-PLAN-5.cold-chain",
}  # fmt: skip

Check = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """check(rows or file, manifest=…, arguments) -> exit code, results, stderr."""

    def run(
        telemetry: list[dict[str, Any]] | Path,
        *arguments: str,
        manifest: Any = None,
    ) -> tuple[int, list[dict[str, Any]], str]:
        path = telemetry
        if not isinstance(path, Path):
            path = write_ndjson(tmp_path / "telemetry.ndjson", telemetry)
        options = list(arguments)
        if manifest is not None:
            (tmp_path / "manifest.json").write_text(json.dumps(manifest))
            options += ["--manifest", str(tmp_path / "manifest.json")]
        code = main(["check", str(path), "--json", *options])
        said = capsys.readouterr()
        results = [json.loads(line) for line in said.out.splitlines()]
        for result in results:
            CHECK_RESULT.validate(result)
            assert {line["id"] for line in result["requirements"]} >= LINES
        return code, results, said.err

    return run


def test_several_manifests_of_one_shipment_are_versions_and_the_worse_counts(check: Check) -> None:
    drug = manifest()["items"][0]
    wider = manifest(items=[{**drug, "limits": {"low": 2.0, "high": 25.0}}])
    code, (result,), _ = check(readings(lambda _: 12.8), manifest=[manifest(), wider])
    assert (code, result["verdict"]) == (1, "breach")
    (told,) = [one for one in result["findings"] if one["subtype"] == "manifest_changed"]
    assert told["measures"]["field"] == "items[0].limits"


def _status(result: dict[str, Any]) -> dict[str, str]:
    return {line["id"]: line["status"] for line in result["requirements"]}


def _found(result: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [finding for finding in result["findings"] if finding["kind"] == kind]


def test_a_clean_delivery_whose_separator_nobody_saw_is_asserted(check: Check) -> None:
    code, [result], _ = check(readings(lambda m: 5 + math.sin(m / 9)), manifest=manifest())
    assert (code, result["verdict"]) == (4, "asserted"), result
    told = _status(result)
    assert (told["ANNEX6-10"], told["ANNEX6-12"]) == ("compliant", "asserted")
    assert result["metrics"]["coverage"] == 1.0
    assert result["metrics"]["readings"] == 61
    assert result["window"] == {"start": at(0), "end": at(60)}


def test_a_break_beyond_the_uncertainty_is_a_breach_with_interpolated_ends(check: Check) -> None:
    # A triangle from 5 °C up to 11 °C at minute 30 and back: 0.2 °C a minute, above 8 °C
    # from minute 15 to minute 45.
    code, [result], _ = check(readings(lambda m: 11 - 0.2 * abs(m - 30)), manifest=manifest())
    assert (code, result["verdict"]) == (1, "breach")
    [found] = _found(result, "cold_chain_break")
    assert found["subtype"] == "above_range"
    assert found["certainty"] == "certain"
    assert (found["start"], found["end"]) == (at(15), at(45))
    assert found["measures"]["limit_c"] == 8.0
    assert found["measures"]["peak_c"] == 11.0
    assert found["measures"]["degree_minutes"] == pytest.approx(45.0)
    assert result["metrics"]["seconds_above"] == pytest.approx(1800.0)
    least, most = result["metrics"]["seconds_above_bounds"]
    assert least <= 1800.0 <= most
    assert _status(result)["ANNEX6-10"] == "breach"
    assert _status(result)["LZ-PLAN-5.cold-chain"] == "breach"


def test_a_reading_exactly_at_a_limit_is_inside(check: Check) -> None:
    for limit in (2.0, 8.0):
        code, [result], _ = check(readings(lambda _m, at_c=limit: at_c), manifest=manifest())
        assert (code, result["verdict"]) == (4, "asserted")
        assert _status(result)["ANNEX6-10"] == "compliant"


def test_out_of_range_within_the_sensors_uncertainty_is_insufficient(check: Check) -> None:
    code, [result], _ = check(readings(lambda m: 8.4 if m == 30 else 7.9), manifest=manifest())
    assert (code, result["verdict"]) == (3, "insufficient_evidence")
    assert [f["certainty"] for f in _found(result, "cold_chain_break")] == ["possible"]


def test_a_hole_of_40_minutes_is_never_compliant(check: Check) -> None:
    rows = [row for n, row in enumerate(readings(lambda _m: 5.0)) if not 10 < n < 50]
    code, [result], _ = check(rows, manifest=manifest())
    assert (code, result["verdict"]) == (3, "insufficient_evidence")
    assert "no_readings" in {gap["subtype"] for gap in _found(result, "evidence_gap")}
    assert result["metrics"]["longest_gap_s"] == 2400.0


def test_a_manifest_without_readings_is_insufficient(check: Check) -> None:
    other = manifest(id="S2")
    code, results, _ = check(readings(lambda _m: 5.0), manifest=[manifest(), other])
    assert code == 3
    assert {r["shipment"]: r["verdict"] for r in results} == {
        "S1": "asserted",
        "S2": "insufficient_evidence",
    }


def test_the_worst_shipment_decides_the_exit_code(check: Check) -> None:
    rows = readings(lambda _m: 5.0) + readings(lambda _m: 15.0, shipment="S2", logger="LG-2")
    code, results, _ = check(rows, manifest=[manifest(), manifest(id="S2")])
    assert code == 1
    assert [r["verdict"] for r in results] == ["asserted", "breach"]


def test_order_and_repetition_of_lines_change_nothing(check: Check) -> None:
    rows = readings(lambda m: 11 - 0.2 * abs(m - 30))
    _, [straight], _ = check(rows, manifest=manifest())
    _, [mixed], _ = check(rows[::-1] + rows[10:20], manifest=manifest())
    assert mixed == straight


def test_a_file_without_a_shipment_column_belongs_to_the_manifests_shipment(
    check: Check, tmp_path: Path
) -> None:
    path = tmp_path / "logger.csv"
    lines = [f"{row['time']},{row['temperature']['drug']}" for row in readings(lambda _m: 5.0)]
    path.write_text("\n".join(["timestamp,value", *lines]))
    code, [result], _ = check(path, manifest=manifest())
    assert result["shipment"] == "S1"
    assert result["metrics"]["readings"] == 61
    code, [result], _ = check(path, "--storage", "refrigerated")
    assert result["shipment"] == "logger"
    assert code == 3, "without a custody window nothing is compliant"


def test_csv_ndjson_gzip_and_parquet_of_one_record_give_one_result(
    check: Check, tmp_path: Path
) -> None:
    rows = readings(lambda m: 11 - 0.2 * abs(m - 30))
    _, [expected], _ = check(rows, manifest=manifest())
    header = "time,shipment,logger,seq,drug,lat,lon"
    lines = [
        f"{r['time']},S1,LG-1,{r['seq']},{r['temperature']['drug']},"
        f"{r['position']['lat']},{r['position']['lon']!r}"
        for r in rows
    ]
    csv = tmp_path / "t.csv"
    csv.write_text("\n".join([header, *lines]))
    zipped = tmp_path / "t.csv.gz"
    zipped.write_bytes(gzip.compress(csv.read_bytes()))
    parquet = tmp_path / "t.parquet"
    duckdb.sql(f"COPY (FROM read_csv('{csv}')) TO '{parquet}' (FORMAT parquet)")
    for path in (csv, zipped, parquet):
        _, [result], _ = check(path, manifest=manifest())
        assert result == expected, path.name


def test_bad_lines_are_counted_and_the_first_is_named(check: Check, tmp_path: Path) -> None:
    rows = readings(lambda _m: 5.0)
    path = tmp_path / "t.ndjson"
    text = [json.dumps(row) for row in rows]
    text[5] = text[5].replace("5.0", '"5.0"')
    text[7] = "{broken"
    text[9] = text[9].replace("Z", "")
    path.write_text("\n".join(text))
    code, [result], err = check(path, manifest=manifest())
    assert result["metrics"]["readings"] == 58
    assert code == 4, "three lost readings of 60 s cannot hide anything; the separator is asserted"
    assert result["metrics"]["missing_readings"] == 3, "a refused line is a missing reading"
    assert "t.ndjson, line 6" in err
    assert "3" in err


@pytest.mark.parametrize(
    ("content", "name", "arguments", "complaint"),
    [
        ("", "empty.ndjson", ["--storage", "refrigerated"], "empty"),
        ("{broken", "t.ndjson", ["--storage", "refrigerated"], "t.ndjson"),
        ("time,drug\n2026-11-21 08:00:00,5\n", "t.csv", ["--storage", "room"], "zone"),
        ("time,drug\n2026-11-21T08:00:00Z,5\n", "t.csv", [], "manifest"),
        ("time,drug\n2026-11-21T08:00:00Z,5\n", "t.csv", ["--storage", "tepid"], "tepid"),
        ("time,drug\n2026-11-21T08:00:00Z,5\n", "t.csv", ["--manifest", "no.json"], "no.json"),
        ("colour,shape\nred,round\n", "t.csv", ["--storage", "room"], "t.csv"),
        ("time,drug\n2026-11-21T08:00:00Z,NaN\n", "t.csv", ["--storage", "room"], "t.csv"),
        ('{"shipment":"a/b","logger":"L","time":1,"temperature":{"drug":5}}', "t.ndjson",
         ["--storage", "room"], "a/b"),
        ("\x00\x01\x02", "t.parquet", ["--storage", "room"], "t.parquet"),
    ],
)  # fmt: skip
def test_unusable_input_is_one_clear_line_and_exit_2(
    content: str,
    name: str,
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    path.write_text(content)
    assert main(["check", str(path), *arguments]) == 2
    said = capsys.readouterr()
    assert complaint in said.err
    assert said.err.count("\n") == 1, said.err
    assert said.out == ""


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nowhere.csv", "--storage", "room"]) == 2
    assert "nowhere.csv" in capsys.readouterr().err


def test_personal_data_in_a_manifest_are_refused_without_repeating_them(
    check: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = check(
        readings(lambda _m: 5.0), manifest={**manifest(), "consignee": {"phone": "13800000000"}}
    )
    assert code == 2
    assert "consignee" in err
    assert "13800000000" not in err


def test_people_get_chinese_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_ndjson(tmp_path / "t.ndjson", readings(lambda _m: 15.0))
    assert main(["check", str(path), "--storage", "refrigerated"]) == 1
    out = capsys.readouterr().out
    assert "疑似违反（待核查）" in out
    assert "违法" not in out


ON_THE_WAY = [
    {"shipment": "S1", "box": "BX-1", "event": "packed", "time": at(0)},
    {"shipment": "S1", "box": "BX-1", "event": "picked_up", "time": at(1)},
]


@pytest.mark.parametrize(
    ("as_of", "state", "code"),
    [
        (None, "ended", 3),
        (at(60), "in_transit", 4),
        (at(65), "in_transit", 4),
        (at(66), "in_transit", 3),
        (at(60 + 24 * 60), "in_transit", 1),  # longer in the box than it holds the cold
        (at(61 + 24 * 60), "ended", 3),
    ],
)
def test_a_record_has_ended_unless_a_time_is_given_from_which_silence_counts(
    check: Check, as_of: str | None, state: str, code: int
) -> None:
    sent = manifest()
    for key in ("dispatched_at", "delivered_at"):
        sent.pop(key, None)
    rows = [*ON_THE_WAY, *readings(lambda _: 5.0)]
    options = [] if as_of is None else ["--as-of", as_of]
    found, (result,), _ = check(rows, *options, manifest=sent)
    assert result["state"] == state
    assert found == code


def test_a_wrong_time_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_ndjson(tmp_path / "t.ndjson", readings(lambda _: 5.0))
    assert main(["check", str(path), "--storage", "refrigerated", "--as-of", "soon"]) == 2
    assert "--as-of" in capsys.readouterr().err


def test_what_is_on_its_way_says_so_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = {**manifest(), "delivered_at": None}
    rows = write_ndjson(tmp_path / "t.ndjson", [*ON_THE_WAY, *readings(lambda _: 5.0)])
    named = tmp_path / "m.json"
    named.write_text(json.dumps(sent), encoding="utf-8")
    assert main(["check", str(rows), "--manifest", str(named), "--as-of", at(60)]) == 4
    assert "S1  在途，目前未发现问题" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_said_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / "nofile.csv")]) == 2
    assert "nofile.csv: cannot be read: No such file" in capsys.readouterr().err


def test_the_settings_file_may_stand_behind_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "s.toml"
    settings.write_text("[mqtt]\nport = 1884\n")
    for arguments in (["--config", str(settings)], [f"--config={settings}"]):
        assert main(["config", "show", *arguments]) == 0
        assert json.loads(capsys.readouterr().out)["mqtt"]["port"] == 1884
