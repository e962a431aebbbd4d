"""A manifest edited after packing hides nothing: both versions are judged and the worse counts."""

from typing import Any

import pytest

from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.config.finding_kinds import code_of, kind_of
from coldwitness.domain.manifest import ManifestVersion
from coldwitness.domain.reading import Event, Reading
from coldwitness.domain.reading_table import reading_table
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.domain.words import Certainty
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.run import Judged, judge_shipments
from coldwitness.judging.words.findings import explanation
from tests.cli.deliveries import START_MS, at, manifest
from tests.judging.test_publishers import BOOK, event, sent, status

OWN = {"name": "insulin", "category": "drug", "storage": "refrigerated"}
WIDER = {**OWN, "limits": {"low": 2.0, "high": 25.0}}
PACKED_MS = START_MS + 1000


def version(raw: dict[str, Any], number: int, **more: Any) -> ManifestVersion:
    found = parse_manifest(raw, classes=BOOK.classes)[0]
    return ManifestVersion(manifest=found, version=number, **more)


def group_of(
    readings: list[Reading],
    *versions: ManifestVersion,
    events: tuple[Event, ...] = (),
    begun_ms: int | None = None,
) -> Judged:
    (group,) = judge_shipments(
        Evidence(
            ("S1",),
            reading_table(readings, None, shipments=("S1",)),
            {"S1": versions[-1].manifest},
            {"S1": events},
            versions={"S1": versions},
            begun_ms={} if begun_ms is None else {"S1": begun_ms},
        ),
        rulebook=BOOK,
    )
    return group


def result(readings: list[Reading], *versions: ManifestVersion, **more: Any) -> CheckResult:
    return group_of(readings, *versions, **more).results[0]


def changed(found: CheckResult) -> list[Finding]:
    return [one for one in found.findings if one.subtype == "manifest_changed"]


def warm_for_67_minutes() -> list[Reading]:
    return [
        one
        for celsius, minutes in ((5.0, range(10)), (12.8, range(10, 78)), (5.0, range(78, 121)))
        for one in sent(celsius, minutes=minutes)
    ]


def declared(**more: Any) -> dict[str, Any]:
    return manifest(delivered_at=at(120), **more)


def test_limits_widened_to_25_degrees_after_delivery_hide_no_67_minutes_at_12_8() -> None:
    late = START_MS + 9_000_000
    found = result(
        warm_for_67_minutes(),
        version(declared(items=[OWN]), 1, received_ms=START_MS - 1000),
        version(declared(items=[WIDER]), 2, received_ms=late, sender="ql-express"),
        begun_ms=PACKED_MS,
    )
    assert (found.verdict, status(found)) == ("breach", "breach")
    (told,) = changed(found)
    assert told.measures.field == "items[0].limits"
    assert (told.measures.old, told.measures.new) == (
        None if told.measures.old is None else told.measures.old,
        '{"high":25.0,"low":2.0}',
    )
    assert (told.measures.sender, told.measures.manifest_version) == ("ql-express", 2)
    assert told.start == "2026-11-21T10:30:00Z"
    assert told.requirements == ()


def test_two_versions_in_files_are_judged_alike_without_times_of_receipt() -> None:
    found = result(
        warm_for_67_minutes(),
        version(declared(items=[OWN]), 1),
        version(declared(items=[WIDER]), 2),
    )
    assert found.verdict == "breach"
    assert changed(found)[0].start is None


def test_a_version_that_makes_it_worse_counts_too_and_the_line_says_by_which() -> None:
    found = result(
        warm_for_67_minutes(),
        version(declared(items=[WIDER]), 1),
        version(declared(items=[OWN]), 2),
    )
    line = next(one for one in found.requirements if one.id == "ANNEX6-10")
    assert (found.verdict, line.status) == ("breach", "breach")
    assert line.basis.en.startswith("by manifest version 2: ")
    assert set(line.findings) <= {one.id for one in found.findings}
    assert [item.status for item in found.items] == ["breach"]


def test_of_versions_received_before_custody_began_the_last_counts_alone() -> None:
    first = version(declared(items=[WIDER]), 1, received_ms=PACKED_MS - 2000)
    for received_ms, told in ((PACKED_MS - 1, 0), (PACKED_MS, 0), (PACKED_MS + 1, 1)):
        second = version(declared(items=[OWN]), 2, received_ms=received_ms)
        found = result(sent(5.0), first, second, begun_ms=PACKED_MS)
        assert len(changed(found)) == told


def test_an_accepted_correction_counts_alone() -> None:
    found = result(
        warm_for_67_minutes(),
        version(declared(items=[OWN]), 1),
        version(declared(items=[WIDER]), 2, accepted=True),
    )
    assert not changed(found)
    assert status(found) != "breach"


def test_a_version_after_the_accepted_one_is_judged_beside_it() -> None:
    found = result(
        warm_for_67_minutes(),
        version(declared(items=[WIDER]), 1),
        version(declared(items=[OWN]), 2, accepted=True),
        version(declared(items=[WIDER]), 3),
    )
    assert status(found) == "breach"
    assert [one.measures.manifest_version for one in changed(found)] == [3]


def test_what_decides_no_limit_may_be_edited_freely() -> None:
    found = result(
        sent(5.0),
        version(manifest(seller={"name": "old"}), 1),
        version(manifest(seller={"name": "new"}), 2),
    )
    assert not changed(found)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"courier": {"id": "other"}}, "courier.id"),
        ({"due_at": at(90)}, "due_at"),
        ({"loggers": ["LG-2"]}, "loggers"),
        ({"sites": [{"lat": 36.8, "lon": 118.1}]}, "sites"),
        ({"logger": {"id": "LG-1", "interval_s": 60, "accuracy_c": 2.0}}, "logger.accuracy_c"),
        ({"delivery": {"sub_carrier": {"id": "south"}}}, "delivery.sub_carrier.id"),
        ({"origin": None}, "origin"),
    ],
)
def test_each_fact_that_decides_a_limit_is_frozen(more: dict[str, Any], field: str) -> None:
    found = result(sent(5.0), version(manifest(), 1), version(manifest(**more), 2))
    assert field in [one.measures.field for one in changed(found)]


def test_a_time_that_was_absent_may_be_filled_in() -> None:
    found = result(
        sent(5.0),
        version(manifest(delivered_at=None), 1),
        version(manifest(delivered_at=at(60)), 2),
    )
    assert not changed(found)
    assert found.window.end == at(60)


@pytest.mark.parametrize(("minute", "told"), [(54, 1), (55, 0), (56, 0)])
def test_a_time_filled_in_well_before_the_last_reading_is_a_change(minute: int, told: int) -> None:
    found = result(
        sent(5.0),
        version(manifest(delivered_at=None), 1),
        version(manifest(delivered_at=at(minute)), 2),
    )
    assert len(changed(found)) == told


def test_a_window_shortened_later_hides_no_breach_at_its_end() -> None:
    readings = sent(5.0, minutes=range(40)) + sent(12.0, minutes=range(40, 61))
    for first in (None, at(60)):
        found = result(
            readings,
            version(manifest(delivered_at=first), 1),
            version(manifest(delivered_at=at(35)), 2),
        )
        assert found.verdict == "breach"
        assert changed(found)[0].measures.field == "delivered_at"


def test_where_an_event_ends_custody_no_edit_of_the_time_is_a_change() -> None:
    found = result(
        sent(5.0),
        version(manifest(), 1),
        version(manifest(delivered_at=at(30)), 2),
        events=(event("packed", 0), event("delivered", 60)),
    )
    assert not changed(found)


def test_another_courier_named_later_takes_no_readings_away() -> None:
    mine = {"courier": "ql-express", "box": "BX-1"}
    found = result(
        sent(12.0, **mine) + sent(5.0, courier="other", box="BX-1", logger="LG-2"),
        version(manifest(courier={"id": "ql-express"}), 1),
        version(manifest(courier={"id": "other"}), 2),
    )
    assert status(found) == "breach"


def test_a_report_of_several_versions_is_verified() -> None:
    group = group_of(
        warm_for_67_minutes(),
        version(declared(items=[OWN]), 1),
        version(declared(items=[WIDER]), 2),
    )
    origin = Origin(software="coldwitness test", readings_from=("store",))
    report = report_of_judged(group, "S1", origin=origin)
    assert verify_any(render_json(report), rulebook=BOOK, trusted=[]).problems == ()


def test_a_change_of_which_nobody_noted_who_and_when_says_so_once() -> None:
    kind = kind_of(code_of("data_integrity/manifest_changed"))
    change = {"field": "due_at", "old": "a", "new": "b", "manifest_version": 2.0}
    told = explanation(kind, Certainty.CERTAIN, change)
    assert "（由谁、何时发送不明）" in told.zh
    assert "(by whom and when is not known)" in told.en
    told = explanation(kind, Certainty.CERTAIN, {**change, "sender": "ql-express"})
    assert "（ql-express 发送，接收时间 不明）" in told.zh
