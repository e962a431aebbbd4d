"""The kinds of finding are whole in both languages, and a slip in a file is told with its place."""

import re
from pathlib import Path

import pytest

from coldwitness.config.finding_kinds import (
    ANCHOR_PLACES,
    FOLDER,
    FindingKind,
    accusing_kinds,
    code_of,
    finding_kinds,
    kind_of,
    load_finding_kinds,
)
from coldwitness.config.finding_texts import placeholders
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.measures import Measures
from coldwitness.domain.words import Certainty
from coldwitness.judging.words.findings import against, explanation, would_settle
from tests.forbidden_words import FORBIDDEN

STUCK = """
title = { zh = "数据", en = "data" }
accuses = false
gravity = 4

[measures]
logger = { form = "logger", anchor = true }
readings = { form = "count" }
minutes = { form = "number", same_as = "used" }

[subtypes.stuck]
code = 52
title = { zh = "不变", en = "stuck" }
asks = ["integrity"]
measures = ["logger", "readings"]

[[subtypes.stuck.explanation]]
when = { certainty = "certain" }
zh = "{readings} 个"
en = "{readings} readings"

[[subtypes.stuck.explanation]]
zh = "探头 {probe}"
en = "probe {probe}"
"""


def _name(kind: FindingKind) -> str:
    return f"{kind.kind}/{kind.subtype}"


each_kind = pytest.mark.parametrize("kind", finding_kinds(), ids=_name)


@each_kind
def test_every_text_has_both_languages_with_the_same_measures_in_them(kind: FindingKind) -> None:
    for title in (kind.title, kind.kind_title):
        assert title.zh
        assert title.en
    for key, case in kind.texts():
        assert re.search(r"[一-鿿]", case.zh), (key, case.zh)
        assert not re.search(r"[一-鿿]", case.en), (key, case.en)
        named = [{name for _, name in placeholders(text)} for text in (case.zh, case.en)]
        assert named[0] == named[1], (key, case.zh)


@each_kind
def test_no_text_calls_an_act_illegal_or_a_drug_inferior(kind: FindingKind) -> None:
    texts = [kind.title.zh, kind.title.en, kind.kind_title.zh, kind.kind_title.en]
    texts += [text for _, case in kind.texts() for text in (case.zh, case.en)]
    for word in FORBIDDEN:
        assert not [text for text in texts if word in text.lower()], word


@each_kind
def test_what_accuses_says_what_speaks_against_it_and_is_to_be_checked(kind: FindingKind) -> None:
    assert bool(kind.against) is kind.accuses
    if kind.accuses:
        for key, case in kind.texts():
            tolerated = any(when.get("tolerated") for when in case.alternatives)
            if key == "explanation" and not tolerated:
                assert "待核查" in case.zh


@each_kind
def test_a_finding_of_which_nothing_is_known_can_still_be_told(kind: FindingKind) -> None:
    for certainty in Certainty:
        assert explanation(kind, certainty, {}).zh
        would_settle(kind, certainty, {})
        assert (against(kind, certainty, {}) is not None) is kind.accuses


def test_every_measure_of_a_file_belongs_to_a_subtype() -> None:
    for path in FOLDER.glob("*.toml"):
        stated = set(
            re.findall(r"^(\w+) = \{ form|^\[measures\.(\w+)\]", path.read_text("utf-8"), re.M)
        )
        names = {name for pair in stated for name in pair if name}
        used = {m for kind in finding_kinds() if kind.kind == path.stem for m in kind.measures}
        assert names == used, path.name


def test_every_measure_has_its_field_in_the_result_and_every_field_is_a_measure() -> None:
    fields = set(Measures.__struct_fields__)
    assert fields == {"probe"} | {name for kind in finding_kinds() for name in kind.measures}


def test_every_word_of_a_condition_and_of_a_measure_can_be_told() -> None:
    for kind in finding_kinds():
        for name, measure in kind.measures.items():
            for value, word in measure.words.items():
                assert word.zh, (name, value)
                assert word.en, (name, value)


def test_breaks_storage_and_missing_isolation_accuse_and_nothing_else_does() -> None:
    kinds = {"cold_chain_break", "temporary_storage", "missing_isolation"}
    assert {kind for kind, _ in accusing_kinds()} == {*kinds, "data_integrity"}
    assert {name for kind, name in accusing_kinds() if kind not in kinds} == {"copied"}


def test_a_code_gives_the_kind_and_its_name_gives_the_code() -> None:
    assert code_of("data_integrity/stuck") == 52
    assert (kind_of(52).kind, kind_of(52).subtype) == ("data_integrity", "stuck")
    with pytest.raises(KeyError):
        code_of("data_integrity/weather")


@each_kind
def test_anchors_keep_their_places_whatever_the_order_of_the_file(kind: FindingKind) -> None:
    for place, name in zip(kind.anchors, ANCHOR_PLACES, strict=False):
        assert place in {name, ""}
    assert {name for name in kind.anchors if name} <= set(kind.measures)


def _loaded(folder: Path, text: str) -> tuple[FindingKind, ...]:
    (folder / "data_integrity.toml").write_text(text, encoding="utf-8")
    return load_finding_kinds(folder)


def test_the_first_text_that_fits_is_said(tmp_path: Path) -> None:
    (kind,) = _loaded(tmp_path, STUCK)
    assert explanation(kind, Certainty.CERTAIN, {"readings": 3}).en == "3 readings"
    assert explanation(kind, Certainty.PROBABLE, {"probe": "drug.2"}).en == "probe drug 2"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("code = 52", 'code = "52"', r"subtypes\.stuck\.code: expected a whole number"),
        ("code = 52", "", r"subtypes\.stuck: .*code"),
        ("code = 52", "code = 52\ncolour = 1", r"subtypes\.stuck: .*colour"),
        ('["integrity"]', '["weather"]', r"subtypes\.stuck\.asks\.0: expected one of .*weather"),
        ('["logger", "readings"]', '["logger", "places"]', r"measures: no measure 'places'"),
        ('["logger", "readings"]', '["logger", "minutes", "readings"]', r"minutes needs 'used'"),
        ("{readings} 个", "{places} 个", r"explanation: no measure 'places', got '\{places\} 个'"),
        ("{readings} 个", "{readings 个", r"explanation: .*got '\{readings 个'"),
        ("{readings} 个", "", r"explanation: expected a text in both languages"),
        ('certainty = "certain"', 'certainty = "sure"', r"when\.certainty: .*got 'sure'"),
        ('certainty = "certain"', "certainty = true", r"when\.certainty: .*got True"),
        ('certainty = "certain"', "weather = true", r"when\.weather: expected certainty or a"),
        ('zh = "探头 {probe}"', 'when = { readings = true }\nzh = "探头"', r"last text without"),
        (
            'form = "count"',
            'form = "colour"',
            r"readings\.form: expected one of .*colour",
        ),
        (
            "accuses = false",
            "accuses = 3",
            r"toml: accuses: expected true or false, got 3",
        ),
        ("[measures]", "[measures", r"data_integrity\.toml: "),
    ],
)
def test_a_slip_in_a_file_is_told_with_file_key_and_value(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in STUCK
    with pytest.raises(ConfigError, match=complaint) as failure:
        _loaded(tmp_path, STUCK.replace(old, new, 1))
    assert "data_integrity.toml" in str(failure.value)


def test_a_code_that_is_taken_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evidence_gap.toml").write_text(STUCK, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"code: 52 is already that of data_integrity/stuck"):
        _loaded(tmp_path, STUCK)


def test_a_folder_without_kinds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="got none"):
        load_finding_kinds(tmp_path)
