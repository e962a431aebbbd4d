"""A person's numbers and addresses in any digits and spacing, and what only looks like them."""

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coldwitness.config.storage_classes import load_storage_classes
from coldwitness.domain.errors import BadInput
from coldwitness.ingest.decoded_rows import decode_rows
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.ingest.personal_data import personal_number_at
from coldwitness.ingest.personal_forms import MASK, form_in, form_of_code, masked
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Row

CLASSES = load_storage_classes()
HONEST = (Path(__file__).parent / "honest_names.txt").read_text(encoding="utf-8").splitlines()
PLAIN: dict[str, Any] = {"id": "S1", "items": [{"storage": "refrigerated"}]}


def at(name: str) -> dict[str, Any]:
    return {"destination": {"lat": 36.8, "lon": 118.0, "name": name}}


TRIED: dict[str, dict[str, Any]] = {
    "plain": at("收 13812345678"),
    "full width": at("１３８１２３４５６７８"),
    "dots": at("138.1234.5678"),
    "hyphens": at("138-1234-5678"),
    "each digit apart": at("1 3 8 1 2 3 4 5 6 7 8"),
    "country code": at("+86 (138) 1234 5678"),
    "zero-width between": at("138\u200b1234\u200b5678"),
    "Chinese digits": at("一三八一二三四五六七八"),
    "Arabic-Indic digits": at("١٣٨١٢٣٤٥٦٧٨"),
    "land line": at("(0533) 234-5678"),
    "land line of three": at("010-6123 4567"),
    "18-digit id": {"seller": {"name": "37030519900101123X"}},
    "id with blanks": {"seller": {"name": "370305 1990 0101 123 X"}},
    "15-digit id": {"seller": {"name": "370305900101123"}},
    "e-mail": {"delivery": {"platform": "zhang.san ＠ example . com"}},
    "street address": at("张店区人民路18号阳光小区3号楼2单元501室"),
    "English address": at("12 Renmin Road, Apt 1203"),
    "batch": {"items": [{"storage": "room", "batch": "13812345678"}]},
    "order number": {"order": {"number": "138 1234 5678"}},
    "seal number": {"seal": {"number": "13812345678"}},
    "list under an unknown key": {"extra": ["a", "电话13812345678"]},
    "a person's keys": {"extra": {"consignee": "x", "phone": "y"}},
}
"""Of the 24 that were tried; the other two, a bare name and a nickname, no program can tell."""


@pytest.mark.parametrize("form", TRIED)
def test_each_form_is_refused_in_a_manifest_and_not_repeated(form: str) -> None:
    with pytest.raises(BadInput, match="personal data are refused") as failure:
        parse_manifest({**PLAIN, **TRIED[form]}, classes=CLASSES)
    said = str(failure.value)
    assert "1234" not in said
    assert "人民路" not in said


def test_no_honest_name_of_500_is_refused() -> None:
    assert len(set(HONEST)) == 500
    wrong = [name for name in HONEST if form_in(name) is not None]
    assert wrong == []
    for name in HONEST[::25]:
        parse_manifest(
            {**PLAIN, "items": [{"storage": "room", "name": name}], "seller": {"name": name}},
            classes=CLASSES,
        )


@pytest.mark.parametrize(
    "name",
    [
        "400-820-8820",
        "国药准字H20040001",
        "室温10-30℃",
        "第3002室温库",
        "GB/T 34399-2017",
        "2026-11-21 13:45:10",
        "v1.3.8 build 12345678",
        "3.1415926535",
        "20261121138",
    ],
)
def test_other_numbers_are_no_persons(name: str) -> None:
    assert form_in(name) is None
    assert masked(name) == name


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("13812345678", "telephone"),
        ("0533-2345678", "telephone"),
        ("05332345678", None),
        ("ZB-15820261121", None),
        ("370305202611210001", None),
        ("370305202611210002", None),
        ("11010519491231002X", "identity"),
        ("11010519491231002x", "identity"),
        ("110105194912310021", None),
        ("a@b.cn", "e-mail"),
    ],
)
def test_a_code_counts_as_a_whole(code: str, form: str | None) -> None:
    assert form_of_code(code) == form


def test_a_body_is_looked_through_without_regard_to_keys() -> None:
    assert personal_number_at({"note": "ok", "parties": [{"address": "人民路18号"}]}) is None
    assert personal_number_at({"a": [{"note": "打 13812345678"}]}) == "$.a[0].note"
    assert personal_number_at({"url": "https://a@b.example"}) is None
    assert personal_number_at("13812345678") == "$"


def test_the_text_of_a_topics_event_is_masked_and_the_event_stands() -> None:
    payload = msgspec.json.encode(
        {
            "event": "arrived",
            "shipment": "S1",
            "time": "2026-11-21T10:00:00Z",
            "site": "人民路18号3号楼2单元501室 李 138 1234 5678",
            "note": "call 13812345678, then ring",
        }
    )
    row = Row(
        "w1", 1, 1_795_600_000_000, "coldchain/v1/ql/BX-1/events", payload, 1, False, False, False
    )
    (event,) = decode_rows([row], Routes(), future_tolerance_s=300.0).events
    assert event.site is not None
    assert MASK in event.site
    assert not any(char.isdigit() for char in event.site)
    assert event.note == f"call {MASK}, then ring"


def test_a_quarantined_text_does_not_repeat_a_persons_number() -> None:
    payload = b'{"event":"13812345678","shipment":"S1","time":"2026-11-21T10:00:00Z"}'
    row = Row(
        "w1", 1, 1_795_600_000_000, "coldchain/v1/ql/BX-1/events", payload, 1, False, False, False
    )
    (refused,) = decode_rows([row], Routes(), future_tolerance_s=300.0).refused
    assert MASK in refused.text
    assert "138" not in refused.text


@pytest.mark.parametrize("part", ["一", "1 ", "138", "a@", "a.", "路1", "(0533", "3号楼", "1-"])
def test_a_long_text_made_to_be_slow_is_read_in_time(part: str) -> None:
    text = part * (100_000 // len(part))
    begun_s = time.process_time()
    form_in(text)
    masked(text)
    assert time.process_time() - begun_s < 5.0
