"""Manifests: one JSON object a shipment, read, checked and freed of personal data."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from coldwitness.config.storage_classes import StorageClass, item_range_c
from coldwitness.domain.errors import BadInput
from coldwitness.domain.identifiers import require_id
from coldwitness.domain.instants import EARLIEST_MS, LATEST_MS, instant_ms
from coldwitness.domain.manifest import Manifest, Place, Qualification, Site
from coldwitness.domain.map_datums import to_wgs84
from coldwitness.domain.reading import compartment_of, split_probe
from coldwitness.ingest.bounded_file import LINE_MAX_BYTES
from coldwitness.ingest.formats.instants import SECONDS_LIKE
from coldwitness.ingest.json_file import opened_json
from coldwitness.ingest.json_value import json_value
from coldwitness.ingest.personal_data import personal_data_at

MAX_MANIFEST_BYTES = 1_000_000
MAX_FILE_BYTES = 256_000_000
"""Unpacked."""
MAX_ITEMS = 1000
MAX_SITES = 1000
MAX_COUPLINGS = 100

_Spot = TypeVar("_Spot", Place, Site)
_HOLDING = (dict, list)
_Objects = Iterator[tuple[str, Any]]
"""Where each stands, and what was read there."""

_TIME_FIELDS = {
    "dispatched_at": "dispatched_ms",
    "due_at": "due_ms",
    "delivered_at": "delivered_ms",
}


def parse_manifest(
    raw: Any,
    *,
    classes: Mapping[str, StorageClass],
    what: str = "manifest",
    kept_before: bool = False,
) -> tuple[Manifest, list[str]]:
    """A checked manifest and a warning for each key that is not understood; of these only the name
    is kept.

    kept_before : it was accepted once, by the rules of its time, and is taken whole.

    Raises BadInput with one line that names the key, what was expected, and the shipment.
    A person's data are refused: the key is named, its value is not repeated.
    """
    if not isinstance(raw, dict):
        raise BadInput(f"{what}: expected a JSON object, got {type(raw).__name__}")
    shipment = require_id(raw.get("id"), what=f"{what}: id")
    what = f"{what} {shipment}"
    personal = None if kept_before else personal_data_at(raw)
    if personal is not None:
        raise BadInput(f"{what}: {personal}: personal data are refused, take the key out")
    values = dict(raw)
    for outward, inward in _TIME_FIELDS.items():
        at = f"{what}: {outward}"
        values[inward] = _time_ms(values.pop(outward, None), at, any_year=kept_before)
    known = _all_known(raw, Manifest)
    values["source"] = raw if kept_before or known else _known_part(raw, Manifest)
    values.pop("unknown_keys", None)
    values.setdefault("items", [])
    manifest = _converted(values, what)
    _check_sizes(manifest, what)
    _check_items(manifest, classes, what)
    _check_places(manifest, what)
    _check_rates(manifest, what)
    manifest = msgspec.structs.replace(
        manifest,
        origin=None if manifest.origin is None else _in_wgs84(manifest.origin),
        destination=None if manifest.destination is None else _in_wgs84(manifest.destination),
        sites=tuple(_in_wgs84(site) for site in manifest.sites),
    )
    if (
        manifest.dispatched_ms is not None
        and manifest.delivered_ms is not None
        and manifest.delivered_ms < manifest.dispatched_ms
    ):
        raise BadInput(f"{what}: delivered_at lies before dispatched_at")
    unknown = [] if known else _unknown_keys(raw, Manifest, "$")
    manifest = msgspec.structs.replace(manifest, unknown_keys=tuple(unknown))
    return manifest, [f"{what}: {key}: unknown key, not kept" for key in unknown]


def decode_manifest(
    body: bytes, *, classes: Mapping[str, StorageClass], what: str = "manifest"
) -> tuple[Manifest, list[str]]:
    """`parse_manifest` on JSON bytes; NaN, broken and oversized JSON are BadInput."""
    if len(body) > MAX_MANIFEST_BYTES:
        raise BadInput(f"{what}: {len(body)} bytes, expected at most {MAX_MANIFEST_BYTES}")
    try:
        raw = json_value(body)
    except msgspec.DecodeError as error:
        raise BadInput(f"{what}: not JSON: {error}") from error
    return parse_manifest(raw, classes=classes, what=what)


def read_manifest_files(
    paths: Sequence[Path], *, classes: Mapping[str, StorageClass]
) -> tuple[list[Manifest], list[str]]:
    """Manifests of files that each hold one object, an array, or NDJSON; gzip by ending.

    Several of one shipment are its versions in order; one that says what the one before it said
    is none. Raises BadInput naming file and place.
    """
    manifests: list[Manifest] = []
    newest: dict[str, Manifest] = {}
    warnings: list[str] = []
    for path in paths:
        found = 0
        for what, raw in _objects(path):
            manifest, unknown = parse_manifest(raw, classes=classes, what=what)
            if newest.get(manifest.id) != manifest:
                manifests.append(manifest)
            newest[manifest.id] = manifest
            warnings += unknown
            found += 1
        if not found:
            raise BadInput(f"{path}: no manifest in it")
    return manifests, warnings


def _objects(path: Path) -> _Objects:
    with opened_json(path) as stream:
        begin = stream.read(LINE_MAX_BYTES + 1).removeprefix(b"\xef\xbb\xbf")
        if len(begin) > LINE_MAX_BYTES:  # too long for one document
            lines = chain((begin + stream.readline()).splitlines(keepends=True), stream)
            more = f"more than {LINE_MAX_BYTES:,} bytes are read a line at a time, and this is "
            yield from _objects_of_lines(path, lines, more=more)
        else:
            yield from _objects_of_text(path, begin)


def _objects_of_text(path: Path, content: bytes) -> _Objects:
    try:
        whole = json_value(content)
    except msgspec.DecodeError as error:
        lines = content.splitlines()
        if sum(1 for line in lines if line.strip()) < 2:
            raise BadInput(f"{path}: not JSON: {error}") from error
        yield from _objects_of_lines(path, lines)
        return
    if isinstance(whole, list):
        for index, raw in enumerate(whole):
            yield f"{path}[{index}]", raw
    else:
        yield f"{path}", whole


def _objects_of_lines(path: Path, lines: Iterable[bytes], *, more: str = "") -> _Objects:
    """more : what else to say of a line that is no JSON."""
    read_bytes = 0
    for number, line in enumerate(lines, start=1):
        read_bytes += len(line)
        if read_bytes > MAX_FILE_BYTES:
            raise BadInput(
                f"{path}: more than {MAX_FILE_BYTES:,} bytes of manifests; part the file"
            )
        if not line.strip():
            continue
        try:
            yield f"{path}:{number}", json_value(line)
        except msgspec.DecodeError as error:
            raise BadInput(f"{path}:{number}: {more}not JSON: {error}") from error


def _converted(values: Mapping[str, Any], what: str) -> Manifest:
    """Values as a manifest; where null is no value of a field it means the same as an absent key,
    and where it is one that field's default is null."""
    try:
        return msgspec.convert(values, Manifest)
    except msgspec.ValidationError:
        plain = _without_nulls({key: value for key, value in values.items() if key != "source"})
    try:
        return msgspec.convert({"items": [], **plain, "source": values["source"]}, Manifest)
    except msgspec.ValidationError as error:
        raise BadInput(f"{what}: {error}") from error


def _without_nulls(value: Any) -> Any:
    """null means the same as an absent key."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def _time_ms(value: Any, what: str, *, any_year: bool) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        if value in SECONDS_LIKE and not any_year:
            raise BadInput(f"{what}: expected epoch milliseconds, {value} looks like s")
        time_ms = value
    elif isinstance(value, str):
        try:
            time_ms = instant_ms(value)
        except ValueError as error:
            raise BadInput(f"{what}: {error}") from error
    else:
        raise BadInput(f"{what}: expected an RFC 3339 time, got {type(value).__name__}")
    if not (EARLIEST_MS <= time_ms <= LATEST_MS or any_year):
        raise BadInput(f"{what}: expected a time from 1970 to 2100, got {str(value)[:40]}")
    return time_ms


def _check_sizes(manifest: Manifest, what: str) -> None:
    for name, rows, most in (
        ("items", manifest.items, MAX_ITEMS),
        ("sites", manifest.sites, MAX_SITES),
        ("boxes", manifest.boxes, MAX_SITES),
        ("loggers", manifest.loggers, MAX_SITES),
    ):
        if len(rows) > most:
            raise BadInput(f"{what}: {name}: expected at most {most}, got {len(rows)}")
    delivery = manifest.delivery
    carrier = None if delivery is None else delivery.sub_carrier
    for name, id_ in (
        ("box.id", manifest.box.id),
        ("logger.id", manifest.logger.id),
        ("courier.id", manifest.courier.id if manifest.courier else None),
        ("delivery.sub_carrier.id", carrier.id if carrier else None),
        *(("boxes", one.id) for one in manifest.further_boxes()),
        *(("boxes", one.courier) for one in manifest.further_boxes()),
        *(("loggers", one) for one in sorted(manifest.logger_ids() - {manifest.logger.id or ""})),
    ):
        if id_ is not None:
            require_id(id_, what=f"{what}: {name}")


def _check_items(manifest: Manifest, classes: Mapping[str, StorageClass], what: str) -> None:
    drugs = 0
    for index, item in enumerate(manifest.items):
        place = f"{what}: items[{index}]"
        _within((f"{place}.mass_kg", item.mass_kg, 1e-4, 10_000.0))
        if item.category != "drug":
            continue
        drugs += 1
        if item.storage is None and item.limits is None:
            raise BadInput(f"{place}: a drug item needs storage or limits")
        low, high = item_range_c(item, classes, place)
        if math.isinf(low) and math.isinf(high):
            raise BadInput(f"{place}.limits: expected low or high, got neither")
        for band in item.stability_budget:
            if band.above >= band.up_to or not band.minutes >= 0:
                raise BadInput(f"{place}.stability_budget: expected above < up_to and minutes >= 0")
    if not drugs:
        raise BadInput(f"{what}: items: expected at least one drug item")


def _check_places(manifest: Manifest, what: str) -> None:
    places = [("origin", manifest.origin), ("destination", manifest.destination)]
    places += [(f"sites[{index}]", site) for index, site in enumerate(manifest.sites)]  # type: ignore[misc]
    for name, place in places:
        if place is None:
            continue
        if not -90.0 <= place.lat <= 90.0:
            raise BadInput(f"{what}: {name}.lat: expected -90 to 90 degrees, got {place.lat:g}")
        if not -180.0 <= place.lon <= 180.0:
            raise BadInput(f"{what}: {name}.lon: expected -180 to 180 degrees, got {place.lon:g}")
        if not 0.0 < place.radius_m <= 100_000.0:
            raise BadInput(
                f"{what}: {name}.radius_m: expected 0 to 100000 m, got {place.radius_m:g}"
            )
    for index, site in enumerate(manifest.sites):
        if site.max_minutes is not None and not 0.0 <= site.max_minutes <= 525_600.0:
            raise BadInput(f"{what}: sites[{index}].max_minutes: expected 0 to 525600 min")


def _in_wgs84(place: _Spot) -> _Spot:
    """The place with its position converted; `datum` goes on telling what was stated."""
    if place.datum == "WGS84":
        return place
    lat, lon = to_wgs84(place.lat, place.lon, datum=place.datum)
    return msgspec.structs.replace(place, lat=lat, lon=lon)


def _check_rates(manifest: Manifest, what: str) -> None:
    logger = manifest.logger
    check_qualification(manifest.box.qualification, f"{what}: box.qualification")
    _within((f"{what}: box.payload_j_per_k", manifest.box.payload_j_per_k, 1.0, 10_000_000.0))
    _within(
        (f"{what}: logger.interval_s", logger.interval_s, 1e-3, 86_400.0),
        (f"{what}: logger.accuracy_c", logger.accuracy_c, 0.0, 50.0),
        (f"{what}: logger.response_s", logger.response_s, 0.0, 3600.0),
        (
            f"{what}: delivery.planned_minutes",
            None if manifest.delivery is None else manifest.delivery.planned_minutes,
            0.0,
            525_600.0,
        ),
    )
    for probe in logger.probes:
        split = split_probe(probe)
        if split is None or split[0] != "drug" or compartment_of(probe) is not None:
            raise BadInput(
                f"{what}: logger.probes: expected drug probes such as drug.2, got {probe[:40]!r}"
            )
    if logger.calibrated_until is not None:
        calibrated_until_day(logger.calibrated_until, what=f"{what}: logger.calibrated_until")


def check_qualification(box: Qualification, what: str) -> None:
    """Raise BadInput naming the number of a box's qualification that cannot be."""
    _within(
        (f"{what}.hold_h", box.hold_h, 0.0, 10_000.0),
        (f"{what}.slew_max_c_per_min", box.slew_max_c_per_min, 1e-6, 1000.0),
    )
    for name in ("coolant_coupling_max_per_h", "goods_coupling_max_per_h"):
        stated = getattr(box, name)
        if not isinstance(stated, tuple):
            _within((f"{what}.{name}", stated, 0.0, 10_000.0))
            continue
        if not 1 <= len(stated) <= MAX_COUPLINGS:
            raise BadInput(f"{what}.{name}: expected 1 to {MAX_COUPLINGS} loads")
        for index, its in enumerate(stated):
            place = f"{what}.{name}[{index}]"
            _within(
                (f"{place}.payload_j_per_k", its.payload_j_per_k, 1.0, 10_000_000.0),
                (f"{place}.max", its.max, 0.0, 10_000.0),
            )


def _within(*numbers: tuple[str, float | None, float, float]) -> None:
    for name, value, low, high in numbers:
        if value is not None and not low <= value <= high:
            raise BadInput(f"{name}: expected {low:g} to {high:g}, got {value:g}")


def calibrated_until_day(text: str, *, what: str = "calibrated_until") -> date:
    """Last day a calibration is valid on, from `2027-03-01` or an RFC 3339 time."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise BadInput(f"{what}: expected a date such as 2027-03-01, got {text[:40]!r}") from error


def _all_known(raw: Mapping[str, object], kind: type[msgspec.Struct]) -> bool:
    """Whether no key is unknown, as with most manifests: asked of whole objects at once."""
    if not raw.keys() <= _fields(kind).keys():
        return False
    return all(
        _all_known(one, inner)
        for key, inner in _holding_fields(kind)
        for one in _objects_in(raw.get(key))
    )


def _objects_in(value: object) -> Sequence[Mapping[str, object]]:
    if isinstance(value, dict):
        return (value,)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else ()


def _unknown_keys(raw: Mapping[str, Any], kind: Any, path: str) -> list[str]:
    known = _fields(kind)
    unknown: list[str] = []
    for key, value in raw.items():
        if key not in known:
            unknown.append(f"{path}.{str(key)[:60]}")
            continue
        inner = known[key]
        if inner is None:
            continue
        if isinstance(value, dict):
            unknown += _unknown_keys(value, inner, f"{path}.{key}")
        elif isinstance(value, list):
            for index, element in enumerate(value):
                if isinstance(element, dict):
                    unknown += _unknown_keys(element, inner, f"{path}.{key}[{index}]")
    return unknown


def _known_part(raw: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """What was sent, without the keys that no struct has: what nobody asked for is not kept."""
    known = _fields(kind)
    part: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in known:
            continue
        inner = known[key]
        if inner is None or not isinstance(value, _HOLDING):
            part[key] = value
        elif isinstance(value, dict):
            part[key] = _known_part(value, inner)
        else:
            part[key] = [_known_part(one, inner) if isinstance(one, dict) else one for one in value]
    return part


@cache
def _fields(kind: Any) -> Mapping[str, Any]:
    """What may be sent of a struct: key to the struct it holds, None where it holds none."""
    fields = {field.name: _struct_in(field.type) for field in msgspec.structs.fields(kind)}
    if kind is Manifest:
        for inward in ("source", "unknown_keys", *_TIME_FIELDS.values()):
            del fields[inward]
        fields |= dict.fromkeys(_TIME_FIELDS)
    return fields


@cache
def _holding_fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, type[msgspec.Struct]], ...]:
    """Those of `_fields` that hold a struct."""
    return tuple((key, inner) for key, inner in _fields(kind).items() if inner is not None)


def _struct_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    if get_origin(annotation) is None:
        return None
    return next((found for part in get_args(annotation) if (found := _struct_in(part))), None)
