import datetime as dt
from pathlib import Path

import pytest

from config.rules import PACKS_DIR, load_pack, load_packs, pack_for
from domain.errors import ConfigError

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


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('version = "2023.1"', 'version = "2023.1"\ncolour = "red"', "unknown key 'colour'"),
        ('version = "2023.1"', "", "key 'version' is missing"),
        ("recording_interval_s = { value = 300", "recording_interval_s = { value = -1", "got -1"),
        ("recording_interval_s = { value = 300", 'recording_interval_s = { value = "5"', "number"),
        ("freezing_c = { value = 0.0", "freezing_c = { value = 500.0", "-100 to 100"),
        ('set_by = "law"', 'set_by = "hearsay"', "expected one of law"),
        ('questions = ["calibration"]', 'questions = ["weather"]', "got 'weather'"),
        ('id = "ANNEX3-17"', 'id = "ANNEX3-08"', "stands twice"),
        ("valid_from = 2023-01-01\n\n[numbers]", "valid_from = 7\n\n[numbers]", "expected a date"),
        (
            'source = "GSP Annex 3: record at least every 5 minutes in transport"',
            'source = ""',
            "recording_interval_s: source: expected a text",
        ),
    ],
)
def test_a_wrong_pack_does_not_load_and_the_error_names_the_place(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError, match=complaint) as failure:
        load_pack(_pack_file(tmp_path, TEXT.replace(old, new, 1)))
    assert "pack.toml" in str(failure.value)


def test_two_versions_in_force_at_once_do_not_load(tmp_path: Path) -> None:
    _pack_file(tmp_path, TEXT, "a.toml")
    _pack_file(tmp_path, TEXT.replace('"2023.1"', '"2025.1"'), "b.toml")
    with pytest.raises(ConfigError, match="both in force"):
        load_packs(tmp_path)


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


def test_an_unknown_pack_is_named() -> None:
    with pytest.raises(ConfigError, match="'nowhere': unknown"):
        pack_for(load_packs(), pack_id="nowhere", epoch_s=0.0)
