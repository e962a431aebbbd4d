"""The list of drugs banned from online sale: by words, dated, each with its source."""

from datetime import date
from pathlib import Path

import pytest

from coldwitness.config.ban_list import BAN_LIST_FILE, banned_on, load_ban_list
from coldwitness.config.rules import day_start_s
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.manifest import Item

ENTRIES = load_ban_list()
TEXT = BAN_LIST_FILE.read_text(encoding="utf-8")


def named(name: str, form: str | None = None) -> list[str]:
    item = Item(name=name, dosage_form=form)
    return [entry.title.zh for entry in ENTRIES if entry.names(item)]


@pytest.mark.parametrize(
    ("name", "form", "listed"),
    [
        ("重组乙型肝炎疫苗", None, ["疫苗"]),
        ("人血白蛋白", "注射剂", ["血液制品", "注射剂（降糖类除外）"]),
        ("头孢曲松钠", "注射剂", ["注射剂（降糖类除外）"]),
        ("注射用头孢曲松钠", None, ["注射剂（降糖类除外）"]),
        ("甘精胰岛素注射液", "注射剂", []),
        ("司美格鲁肽注射液", None, []),
        ("双歧杆菌三联活菌散", "散剂", []),
        ("Influenza Vaccine", None, ["疫苗"]),
        ("曲马多片", "片剂", ["精神药品"]),
        ("", None, []),
    ],
)
def test_a_drug_is_listed_by_the_words_of_its_name_or_form(
    name: str, form: str | None, listed: list[str]
) -> None:
    assert named(name, form) == listed


def test_an_entry_counts_from_its_day_on() -> None:
    def titles(day: date) -> set[str]:
        return {entry.title.en for entry in banned_on(ENTRIES, day_start_s(day))}

    injections = "injections other than glucose-lowering ones"
    assert injections not in titles(date(2022, 11, 30))
    assert injections in titles(date(2022, 12, 1))
    assert titles(date(2019, 11, 30)) == set()
    assert len(banned_on(ENTRIES, float("nan"))) == len(ENTRIES)


def test_no_entry_claims_to_have_been_read_in_the_official_print() -> None:
    for entry in ENTRIES:
        assert entry.confirmed in ("reproduced", "memory")
        assert "待核" in entry.source.zh


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('words = ["疫苗", "vaccine"]', "", "vaccine: expected words or forms"),
        ('words = ["疫苗", "vaccine"]', "words = []", "vaccine"),
        ("valid_from = 2019-12-01", 'valid_from = "soon"', "vaccine"),
        ("valid_from = 2019-12-01", "valid_from = 2019-12-01\nvalid_to = 2018-01-01", "valid_to"),
        ('confirmed = "reproduced"', 'confirmed = "hearsay"', "confirmed"),
        ('title = { zh = "疫苗"', 'colour = "red"\ntitle = { zh = "疫苗"', "colour"),
    ],
)
def test_a_wrong_list_does_not_load_and_the_error_names_the_place(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in TEXT
    path = tmp_path / "ban_list.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint):
        load_ban_list(path)
