import datetime as dt
from pathlib import Path

import pytest

from coldwitness.cli.main import main
from coldwitness.config.rules import PACKS_DIR, load_pack, load_packs, pack_for
from coldwitness.domain.errors import ConfigError

TEXT = (PACKS_DIR / "cn-retail-delivery.toml").read_text(encoding="utf-8")


def _pack_file(folder: Path, text: str, name: str = "pack.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_pack_carries_the_lines_every_result_has() -> None:
    ids = [line.id for line in load_packs()[0].requirements]
    assert {
        "ANNEX6-10",
        "ANNEX6-11",
        "ANNEX6-12",
        "ANNEX6-13",
        "ANNEX6-14",
        "ANNEX3-06",
        "ANNEX3-08",
        "ANNEX3-17",
        "LZ-PLAN-5.isolation",
        "LZ-PLAN-5.storage",
        "LZ-PLAN-5.cold-chain",
    } <= set(ids)


def test_every_number_of_the_shipped_pack_has_a_source_and_who_set_it() -> None:
    pack = load_packs()[0]
    for name, provenance in pack.provenance.items():
        assert provenance.source, name
        assert provenance.title.zh, name


def _refused(folder: Path, old: str, new: str, complaint: str) -> None:
    """The pack with `new` in the place of `old` does not load, and the error names the file."""
    assert old in TEXT
    with pytest.raises(ConfigError, match=complaint) as failure:
        load_pack(_pack_file(folder, TEXT.replace(old, new, 1)))
    assert "pack.toml" in str(failure.value)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('version = "2023.1"', 'version = "2023.1"\ncolour = "red"', "unknown key 'colour'"),
        ('version = "2023.1"', "", "key 'version' is missing"),
        ("recording_interval_s = { value = 300", "recording_interval_s = { value = -1", "got -1"),
        ("recording_interval_s = { value = 300", 'recording_interval_s = { value = "5"', "number"),
        (
            "freezing_c = { value = 0.0",
            "freezing_c = { value = 500.0",
            "numbers.freezing_c.value: expected a number <= 100",
        ),
        ('set_by = "law"', 'set_by = "hearsay"', "expected one of bureau, law"),
        ('questions = ["calibration"]', 'questions = ["weather"]', "got 'weather'"),
        ('id = "ANNEX3-17"', 'id = "ANNEX3-08"', "stands twice"),
        ("valid_from = 2023-01-01\n\n[numbers]", "valid_from = 7\n\n[numbers]", "expected a date"),
        (
            'source = "GSP Annex 3: record at least every 5 minutes in transport"',
            'source = ""',
            "recording_interval_s.source: expected a text",
        ),
    ],
)
def test_a_wrong_pack_does_not_load_and_the_error_names_the_place(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    _refused(tmp_path, old, new, complaint)


def test_two_versions_in_force_at_once_do_not_load(tmp_path: Path) -> None:
    _pack_file(tmp_path, TEXT, "a.toml")
    _pack_file(tmp_path, TEXT.replace('"2023.1"', '"2025.1"'), "b.toml")
    with pytest.raises(ConfigError, match="both in force") as failure:
        load_packs(tmp_path)
    for named in ("a.toml", "b.toml: valid_from", "2023-01-01", "2023.1", "2025.1"):
        assert named in str(failure.value)


def test_one_version_in_two_files_does_not_load(tmp_path: Path) -> None:
    _pack_file(tmp_path, TEXT, "a.toml")
    _pack_file(tmp_path, TEXT, "b.toml")
    with pytest.raises(ConfigError, match=r"a\.toml: version: '2023\.1' .* b\.toml"):
        load_packs(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (
            'version = "2023.1"',
            'version = "2023.1"\ncolour = "red"',
            ("cn-retail-delivery.toml", "unknown key 'colour'"),
        ),
        (
            'source = "GSP Annex 3: record at least every 5 minutes in transport"',
            'source = ""',
            ("cn-retail-delivery.toml", "numbers.recording_interval_s.source", "got ''"),
        ),
        (
            "freezing_c = { value = 0.0",
            "freezing_c = { value = 500.0",
            ("cn-retail-delivery.toml", "numbers.freezing_c.value", "<= 100", "500.0"),
        ),
        (
            "valid_to = 2028-11-30",
            "valid_to = 2020-11-30",
            ("cn-retail-delivery.toml", "SD-IMPL-14: valid_to", "2020-11-30"),
        ),
        (
            'id = "cn-retail-delivery"\nversion = "2023.1"',
            'id = "who-vaccine"\nversion = "2024.1"',
            ("who-vaccine.toml", "cn-retail-delivery.toml", "valid_from"),
        ),
    ],
)
@pytest.mark.parametrize("command", [("serve",), ("check", "trip.ndjson", "--storage", "room")])
def test_the_program_does_not_start_with_a_wrong_pack_and_says_where_and_what(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    old: str,
    new: str,
    named: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    packs = tmp_path / "packs"
    packs.mkdir()
    for path in PACKS_DIR.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        ours = path.name == "cn-retail-delivery.toml"
        assert not ours or old in text
        _pack_file(packs, text.replace(old, new, 1) if ours else text, path.name)
    monkeypatch.setenv("COLDWITNESS_JUDGING__PACKS_DIRECTORY", str(packs))
    assert main([*command]) == 2
    said = capsys.readouterr()
    for part in named:
        assert part in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "coldwitness-data").exists(), "nothing was begun"


def test_a_shipment_is_judged_by_the_version_in_force_on_its_chinese_day(tmp_path: Path) -> None:
    head, tail = TEXT.split("\n[numbers]", 1)
    _pack_file(tmp_path, f"{head}valid_to = 2026-05-14\n[numbers]{tail}", "a.toml")
    later = head.replace('"2023.1"', '"2026.1"').replace("2023-01-01", "2026-05-15")
    _pack_file(tmp_path, f"{later}\n[numbers]{tail}", "b.toml")
    packs = load_packs(tmp_path)

    def version_at(text: str) -> str:
        epoch_s = dt.datetime.fromisoformat(text).timestamp()
        return pack_for(packs, pack_id="cn-retail-delivery", epoch_s=epoch_s).version

    assert version_at("2026-05-14T23:59:59+08:00") == "2023.1"
    assert version_at("2026-05-15T00:00:00+08:00") == "2026.1"
    assert version_at("2019-01-01T00:00:00+08:00") == "2023.1"
    assert pack_for(packs, pack_id="cn-retail-delivery", epoch_s=float("nan")).version == "2026.1"


def test_in_a_gap_between_two_versions_the_last_one_before_it_counts(tmp_path: Path) -> None:
    head, tail = TEXT.split("\n[numbers]", 1)
    for name, begins, ends in (
        ("2023.1", "2023-01-01", "2024-06-30"),
        ("2025.1", "2025-01-01", "2025-12-31"),
        ("2026.1", "2026-01-01", "2026-06-30"),
    ):
        one = head.replace('"2023.1"', f'"{name}"').replace("2023-01-01", begins)
        _pack_file(tmp_path, f"{one}valid_to = {ends}\n[numbers]{tail}", f"{name}.toml")
    packs = load_packs(tmp_path)

    def version_on(day: str) -> str:
        epoch_s = dt.datetime.fromisoformat(f"{day}T12:00:00+08:00").timestamp()
        return pack_for(packs, pack_id="cn-retail-delivery", epoch_s=epoch_s).version

    assert version_on("2022-12-31") == "2023.1", "older than every version: the oldest"
    assert version_on("2024-06-30") == "2023.1"
    assert version_on("2024-09-01") == "2023.1", "no rule is newer than the delivery"
    assert version_on("2025-01-01") == "2025.1"
    assert version_on("2026-09-01") == "2026.1", "after the last: the last"


def test_an_unknown_pack_is_named() -> None:
    with pytest.raises(ConfigError, match="'nowhere': unknown"):
        pack_for(load_packs(), pack_id="nowhere", epoch_s=0.0)


OFFICIAL = {"SD-IMPL-14", "SD-IMPL-30", "LZ-PLAN-5.isolation", "LZ-PLAN-5.storage"}
OFFICIAL |= {"LZ-PLAN-5.cold-chain"}


def test_the_shipped_pack_carries_every_line_that_the_record_can_speak_to() -> None:
    topics = {
        "ANNEX6": "02 03 08 09 10 11 12 13 14 15 17 18 21",
        "ANNEX1": "02d 02e 02f 03 05 07 08 09",
    }
    topics |= {"ANNEX3": "05 06 08 15 17", "SD-IMPL": "14 30", "DAL": "61"}
    topics |= {"GSP": "2 3", "IMPL828": "44"}
    wanted = {f"{text}-{n}" for text, numbers in topics.items() for n in numbers.split()}
    assert {line.id for line in load_packs()[0].requirements} == wanted | OFFICIAL


def test_an_article_is_named_only_where_the_official_text_was_seen() -> None:
    for line in load_packs()[0].requirements:
        assert (line.confirmed == "official_text") is (line.id in OFFICIAL), line.id
        assert (line.article is not None) is (line.id in OFFICIAL), line.id
        assert ("条款待核" in line.source.zh) is (line.id not in OFFICIAL), line.id


def test_the_shandong_lines_have_the_validity_of_their_text() -> None:
    by_id = {line.id: line for line in load_packs()[0].requirements}
    for id_ in ("SD-IMPL-14", "SD-IMPL-30"):
        assert by_id[id_].valid_from == dt.date(2023, 12, 1)
        assert by_id[id_].valid_to == dt.date(2028, 11, 30)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            'evidence = { zh = "校准证书上的误差"',
            'evidence = { de = "校"',
            "ANNEX3-05: evidence: key 'zh' is missing",
        ),
        (
            'evidence = { zh = "校准证书上的误差"',
            'evidence = { zh = ""',
            "ANNEX3-05: evidence: expected a text in zh",
        ),
        (
            'evidence = { zh = "校准证书上的误差"',
            'proof = { zh = "x"',
            "ANNEX3-05: unknown key 'proof'",
        ),
        ('questions = ["seal"]', 'questions = ["seal", "range"]', "expected 'seal' alone"),
        ('questions = ["seal"]', 'questions = "seal"', "questions: expected a list, got 'seal'"),
        (
            'questions = ["seal"]',
            'article = { zh = "第九条", en = "article 9" }\nquestions = ["seal"]',
            "ANNEX6-15: article: expected none unless confirmed",
        ),
        ("valid_to = 2028-11-30", "valid_to = 2020-11-30", "SD-IMPL-14: valid_to: expected no ear"),
        ("live_upload_s = { value = 300", "live_upload_s = { value = -5", "live_upload_s.value"),
        (
            "above_tolerated_up_to_c = { value = 25.0",
            "above_tolerated_up_to_c = { value = 250.0",
            "a number <= 100.0, got 250",
        ),
        (
            "above_single_tolerance_s = { value = 0",
            "above_single_tolerance_s = { value = 600",
            "above_total_tolerance_s: expected both 0",
        ),
    ],
)
def test_a_wrong_line_or_tolerance_does_not_load_and_the_error_names_key_and_value(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    _refused(tmp_path, old, new, complaint)


def test_a_line_without_its_evidence_or_source_does_not_load(tmp_path: Path) -> None:
    head, line, tail = TEXT.partition('id = "ANNEX6-15"')
    for key in ("evidence", "source", "title", "confirmed"):
        rows = [row for row in tail.split("\n") if not row.startswith(f"{key} =")]
        with pytest.raises(ConfigError, match=f"ANNEX6-15: key '{key}' is missing"):
            load_pack(_pack_file(tmp_path, head + line + "\n".join(rows)))
