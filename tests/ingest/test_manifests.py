import gzip
import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from coldwitness.config.storage_classes import load_storage_classes
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import LATEST_MS
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.map_datums import from_wgs84
from coldwitness.ingest.manifests import decode_manifest, parse_manifest, read_manifest_files

CLASSES = load_storage_classes()
PLAIN: dict[str, Any] = {"id": "S1", "items": [{"storage": "refrigerated"}]}


def test_the_contracts_smallest_manifest_is_enough() -> None:
    manifest, warnings = parse_manifest(PLAIN, classes=CLASSES)
    assert manifest.id == "S1"
    assert warnings == []


def test_unknown_keys_are_not_kept_and_a_warning_names_them() -> None:
    raw = {
        **PLAIN,
        "colour": 1,
        "box": {"id": "B1", "lid": {"kind": 2}},
        "sites": [{"lat": 1, "lon": 2, "x": 3}],
    }
    manifest, warnings = parse_manifest(raw, classes=CLASSES)
    assert manifest.box.id == "B1"
    assert manifest.source == {**PLAIN, "box": {"id": "B1"}, "sites": [{"lat": 1, "lon": 2}]}
    assert [warning.split(": ")[1] for warning in warnings] == [
        "$.colour",
        "$.box.lid",
        "$.sites[0].x",
    ]


@pytest.mark.parametrize("datum", ["GCJ02", "BD09"])
def test_a_place_in_a_chinese_datum_is_converted_and_kept_as_sent(
    datum: str,
) -> None:
    lat, lon = from_wgs84(36.82, 118.30, datum=datum)
    place = {"lat": lat, "lon": lon, "datum": datum}
    raw = {**PLAIN, "origin": place, "destination": place, "sites": [place]}
    manifest, warnings = parse_manifest(raw, classes=CLASSES)
    for spot in (manifest.origin, manifest.destination, *manifest.sites):
        assert spot is not None
        assert (spot.lat, spot.lon) == pytest.approx((36.82, 118.30), abs=1e-9)
    assert manifest.source["origin"] == place
    assert warnings == []


def test_a_place_in_an_unknown_datum_is_refused() -> None:
    raw = {**PLAIN, "origin": {"lat": 36.8, "lon": 118.3, "datum": "CGCS"}}
    with pytest.raises(BadInput, match=r"origin\.datum"):
        parse_manifest(raw, classes=CLASSES)


@pytest.mark.parametrize("time_ms", [0, 10**9 - 1, 10**10, LATEST_MS])
def test_times_may_be_epoch_milliseconds_of_1970_to_2100(time_ms: int) -> None:
    manifest, _ = parse_manifest({**PLAIN, "dispatched_at": time_ms}, classes=CLASSES)
    assert manifest.dispatched_ms == time_ms


def test_null_means_the_same_as_an_absent_key() -> None:
    raw = {**PLAIN, "origin": None, "logger": {"interval_s": None}, "delivered_at": None}
    assert parse_manifest(raw, classes=CLASSES)[1] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": "a/b"}, "id: expected an id"),
        ({"id": ""}, "id: expected an id"),
        ({"id": None}, "id: expected an id"),
        ({"items": []}, "at least one drug item"),
        ({"items": [{"category": "non_drug"}]}, "at least one drug item"),
        ({"items": [{"name": "x"}]}, "needs storage or limits"),
        ({"items": [{"storage": "tepid"}]}, "unknown storage class 'tepid'"),
        ({"logger": {"probes": {"coolant": "A"}}}, "logger.probes: expected drug probes"),
        ({"logger": {"probes": {"drug@A": "B"}}}, "logger.probes: expected drug probes"),
        ({"items": [{"limits": {"low": 8, "high": 2}}]}, "lies above"),
        ({"items": [{"limits": {"low": "2"}}]}, "Expected `float"),
        ({"items": [{"storage": "room", "limits": {"low": -400}}]}, "-273.15"),
        ({"dispatched_at": "2026-11-21T08:00:00"}, "dispatched_at: time without a zone"),
        ({"dispatched_at": 1_782_000_000}, "dispatched_at: expected epoch milliseconds"),
        ({"dispatched_at": 2**63}, "dispatched_at: expected a time from 1970 to 2100"),
        ({"delivered_at": 4_102_444_800_001}, "delivered_at: expected a time from 1970 to 2100"),
        ({"due_at": -1}, "due_at: expected a time from 1970 to 2100"),
        ({"due_at": "9999-12-31T23:59:59Z"}, "due_at: expected a time from 1970 to 2100"),
        (
            {"dispatched_at": "2026-11-21T08:00:00Z", "delivered_at": "2026-11-21T07:00:00Z"},
            "before",
        ),
        ({"origin": {"lat": 91, "lon": 0}}, "origin.lat"),
        ({"sites": [{"lat": 0, "lon": 0, "radius_m": 0}]}, r"sites\[0\].radius_m"),
        ({"logger": {"accuracy_c": -1}}, "logger.accuracy_c"),
        ({"logger": {"calibrated_until": "soon"}}, "calibrated_until"),
        ({"box": {"id": "B/1"}}, "box.id"),
        ({"box": {"payload_j_per_k": 0}}, "box.payload_j_per_k"),
        ({"items": [{"storage": "room", "mass_kg": 0}]}, r"items\[0\].mass_kg"),
        ({"box": {"qualification": {"goods_coupling_max_per_h": []}}}, "goods_coupling"),
        ({"box": {"qualification": {"goods_coupling_max_per_h": [{"max": 1}]}}}, "payload_j_per_k"),
        (
            {"box": {"qualification": {"goods_coupling_max_per_h": [
                {"payload_j_per_k": 2000, "max": -1}]}}},
            r"goods_coupling_max_per_h\[0\].max",
        ),
        ({"box": {"cooling": "maybe"}}, "cooling"),
    ],
)  # fmt: skip
def test_a_wrong_manifest_is_refused_with_one_line_naming_the_key(
    change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadInput, match=complaint) as failure:
        parse_manifest({**PLAIN, **change}, classes=CLASSES)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    "extra",
    [
        {"consignee": {"name": "Zhang"}},
        {"recipient": "Zhang"},
        {"destination": {"lat": 1, "lon": 2, "phone": "138"}},
        {"destination": {"lat": 1, "lon": 2, "street_address": "x"}},
        {"destination": {"lat": 1, "lon": 2, "收货地址": "x"}},
        {"extra": [{"deep": {"patientName": "x"}}]},
        {"extra": {"身份证号": "x"}},
        {"extra": {"id_number": "x"}},
        {"extra": {"identityNumber": "x"}},
        {"extra": {"联系电话": "x"}},
        {"items": [{"storage": "room", "customer_tel": "x"}]},
        {"destination": {"lat": 1, "lon": 2, "name": "李女士 13812345678"}},
        {"note": "37030519900101123X"},
    ],
)
def test_personal_data_are_refused_by_key_at_any_depth_and_never_repeated(
    extra: dict[str, Any],
) -> None:
    with pytest.raises(BadInput, match="personal data") as failure:
        parse_manifest({**PLAIN, **extra}, classes=CLASSES)
    for value in ("Zhang", "138", "37030519900101123X", "李女士"):
        assert value not in str(failure.value)


@pytest.mark.parametrize(
    "extra",
    [
        {"seller": {"name": "Pharmacy", "uscc": "91370305MA3C0N8X2K", "division": "370305"}},
        {"origin": {"name": "仓库", "lat": 1, "lon": 2}},
        {"box": {"id": "BX-1"}, "device": {"mac_address": "00:11"}},
        {"items": [{"storage": "room", "batch": "ZB13812345678"}]},
        {"order": {"number": "370305202611210001"}},
        {"gridNumber": 3, "hotel_id": 4},
    ],
)
def test_companies_places_and_devices_are_not_personal(extra: dict[str, Any]) -> None:
    parse_manifest({**PLAIN, **extra}, classes=CLASSES)


def test_nan_in_a_manifest_is_not_json() -> None:
    with pytest.raises(BadInput, match="not JSON"):
        decode_manifest(b'{"id":"S1","items":[{"limits":{"low":NaN}}]}', classes=CLASSES)


def test_files_hold_one_object_an_array_or_lines(tmp_path: Path) -> None:
    other = {**PLAIN, "id": "S2"}
    (tmp_path / "one.json").write_text(json.dumps(PLAIN, indent=1))
    (tmp_path / "array.json").write_text(json.dumps([PLAIN, other]))
    (tmp_path / "lines.ndjson").write_text(f"{json.dumps(PLAIN)}\n\n{json.dumps(other)}\n")
    (tmp_path / "lines.ndjson.gz").write_bytes(gzip.compress(json.dumps(other).encode()))
    for names, ids in (
        (["one.json"], ["S1"]),
        (["array.json"], ["S1", "S2"]),
        (["lines.ndjson"], ["S1", "S2"]),
        (["one.json", "lines.ndjson.gz"], ["S1", "S2"]),
    ):
        manifests, _ = read_manifest_files([tmp_path / name for name in names], classes=CLASSES)
        assert [manifest.id for manifest in manifests] == ids


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "not JSON"),
        ("[]", "no manifest"),
        ("{", "not JSON"),
        ('{"id":"S1","items":[{"storage":"room"}]}\n{', ":2: not JSON"),
        ("7", "object"),
    ],
)
def test_an_unusable_file_is_named(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(content)
    with pytest.raises(BadInput, match=complaint) as failure:
        read_manifest_files([path], classes=CLASSES)
    assert "m.json" in str(failure.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.json: cannot be read"):
        read_manifest_files([tmp_path / "gone.json"], classes=CLASSES)


def test_manifests_of_one_shipment_are_its_versions_in_order_and_a_repetition_is_none(
    tmp_path: Path,
) -> None:
    path = tmp_path / "m.json"
    warm = {**PLAIN, "items": [{"storage": "room"}]}
    path.write_text(json.dumps([PLAIN, PLAIN, warm, PLAIN]))
    manifests, _ = read_manifest_files([path], classes=CLASSES)
    assert [one.items[0].storage for one in manifests] == ["refrigerated", "room", "refrigerated"]


def test_every_field_that_may_be_null_has_null_as_its_default() -> None:
    # So null and an absent key come to the same, whether the null is taken out or read as it is.
    kinds: list[Any] = [Manifest]
    for kind in kinds:
        for field in msgspec.structs.fields(kind):
            parts = get_args(field.type) or (field.type,)
            assert (type(None) not in parts) or field.default is None, f"{kind}.{field.name}"
            kinds += [part for part in parts if _is_struct(part) and part not in kinds]
    assert len(kinds) == 16


def _is_struct(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, msgspec.Struct)


def test_a_null_where_none_may_stand_is_as_if_it_were_not_there() -> None:
    raw = {**PLAIN, "sites": None, "items": [{"storage": "refrigerated", "category": None}]}
    manifest, warnings = parse_manifest(raw, classes=CLASSES)
    assert (manifest.sites, manifest.items[0].category) == ((), "drug")
    assert (manifest.source, warnings) == (raw, [])


@pytest.mark.parametrize("key", ["x" * 70 + "Phone", "收件" * 40, "x" * 64, "x" * 65])
def test_a_long_key_is_judged_like_a_short_one(key: str) -> None:
    personal = "x" * len(key) != key
    raw = {**PLAIN, key: "y"}
    if personal:
        with pytest.raises(BadInput, match="personal data are refused"):
            parse_manifest(raw, classes=CLASSES)
    else:
        assert parse_manifest(raw, classes=CLASSES)[1]


def test_a_free_text_is_searched_each_time_though_its_key_is_known() -> None:
    for name, refused in (("plain", False), ("13812345678", True), ("plain", False)):
        raw = {**PLAIN, "items": [{"storage": "refrigerated", "name": name}]}
        if refused:
            with pytest.raises(BadInput, match=r"\$\.items\[0\]\.name"):
                parse_manifest(raw, classes=CLASSES)
        else:
            parse_manifest(raw, classes=CLASSES)


def test_of_keys_that_are_not_understood_only_the_names_are_kept() -> None:
    raw = {
        "id": "S1",
        "colour": "red",
        "items": [{"storage": "refrigerated", "shelf": "third", "batch": "B1"}],
        "logger": {"probes": {"drug.2": "B"}, "firmware": "9.9"},
        "loggers": ["LG-2", {"id": "LG-3", "age": "old"}],
    }
    manifest, warnings = parse_manifest(raw, classes=CLASSES)
    assert manifest.source == {
        "id": "S1",
        "items": [{"storage": "refrigerated", "batch": "B1"}],
        "logger": {"probes": {"drug.2": "B"}},
        "loggers": ["LG-2", {"id": "LG-3"}],
    }
    assert len(warnings) == 4
    kept = str(manifest)
    for value in ("red", "third", "9.9", "old"):
        assert f"'{value}'" not in kept
