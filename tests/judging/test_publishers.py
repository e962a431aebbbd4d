"""Whose readings a shipment's are: what others send in its name never decides, and is named."""

from typing import Any

import msgspec
import pytest

from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reading import Event, Reading
from coldwitness.domain.reading_table import reading_table
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.judging.run import Judged, judge_shipments
from tests.cli.deliveries import START_MS, manifest

BOOK = load_rulebook(JudgingSettings())
MINE = {"courier": "ql-express", "box": "BX-1"}
STRANGER = {"courier": "evil-courier", "box": "BX-EVIL", "logger": "LG-EVIL"}


def sent(celsius: float, *, minutes: range = range(61), **whose: Any) -> list[Reading]:
    return [
        Reading(
            time_ms=START_MS + minute * 60_000,
            temperature_c={"drug": celsius},
            seq=minute,
            shipment="S1",
            lat_deg=36.8,
            lon_deg=118.0 + 0.3 * minute / 60,
            **{"logger": "LG-1", **whose},
        )
        for minute in minutes
    ]


def event(word: str, minute: int, **whose: Any) -> Event:
    return Event(event=word, time_ms=START_MS + minute * 60_000, shipment="S1", **whose)


def judged(
    readings: list[Reading],
    *events: Event,
    received_ms: list[int] | None = None,
    raw: dict[str, Any] | None = None,
) -> Judged:
    declared: dict[str, Manifest] = {}
    if raw is None:
        raw = manifest(courier={"id": "ql-express"})
    if raw:
        declared["S1"] = parse_manifest(raw, classes=BOOK.classes)[0]
    table = reading_table(readings, received_ms, shipments=("S1",))
    (group,) = judge_shipments(
        Evidence(("S1",), table, declared, {"S1": list(events)}), rulebook=BOOK
    )
    return group


def result(readings: list[Reading], *events: Event, **more: Any) -> CheckResult:
    return judged(readings, *events, **more).results[0]


def foreign(found: CheckResult) -> list[Finding]:
    return [one for one in found.findings if one.subtype == "foreign_source"]


def status(found: CheckResult, line: str = "ANNEX6-10") -> str:
    return next(one.status for one in found.requirements if one.id == line)


def without_foreign(found: CheckResult) -> tuple[Any, ...]:
    rest = tuple(one for one in found.findings if one.subtype != "foreign_source")
    return found.verdict, rest, found.requirements, found.metrics, found.window


def test_another_couriers_box_at_30_degrees_is_no_breach_and_is_named_with_its_count() -> None:
    clean = result(sent(5.0, **MINE))
    laundered = result(sent(5.0, **MINE) + sent(30.0, **STRANGER))
    assert without_foreign(laundered) == without_foreign(clean)
    assert laundered.metrics.max_c == 5.0
    (named,) = foreign(laundered)
    assert (named.measures.courier, named.measures.box) == ("evil-courier", "BX-EVIL")
    assert (named.measures.logger, named.measures.readings) == ("LG-EVIL", 61)
    assert (named.severity, named.measures.would_change) == ("major", True)
    assert named.requirements == ()


def test_a_strangers_readings_that_change_nothing_are_told_as_minor() -> None:
    (named,) = foreign(result(sent(5.0, **MINE) + sent(5.0, **STRANGER)))
    assert (named.severity, named.measures.would_change) == ("minor", False)


def test_a_strangers_cool_readings_do_not_cover_a_breach() -> None:
    assert result(sent(12.0, **MINE) + sent(5.0, **STRANGER)).verdict == "breach"


def test_another_couriers_delivered_moves_no_window() -> None:
    delivered = event("delivered", 20, courier="evil-courier", box="BX-EVIL")
    readings = sent(5.0, minutes=range(30), **MINE)
    readings += sent(12.0, minutes=range(30, 61), **MINE)
    found = result(readings, delivered)
    assert found.verdict == "breach"
    assert found.window == result(readings).window
    (named,) = foreign(found)
    assert (named.measures.readings, named.measures.events) == (0, 1)


def test_another_couriers_packed_does_not_make_it_the_publisher() -> None:
    packed = event("packed", 0, courier="evil-courier", box="BX-EVIL")
    found = result(sent(5.0, **MINE) + sent(30.0, **STRANGER), packed)
    assert found.verdict == result(sent(5.0, **MINE)).verdict
    assert foreign(found)[0].measures.events == 1


def test_another_box_of_the_same_courier_is_foreign() -> None:
    other = {"courier": "ql-express", "box": "BX-2", "logger": "LG-2"}
    found = result(sent(5.0, **MINE) + sent(30.0, **other))
    assert foreign(found)[0].measures.box == "BX-2"
    assert status(found) != "breach"


@pytest.mark.parametrize(
    "more",
    [
        {"boxes": ["BX-2"]},
        {"boxes": [{"id": "BX-2"}]},
        {"boxes": [{"id": "BX-2", "courier": "ql-south"}]},
        {"delivery": {"sub_carrier": {"id": "ql-south"}}},
    ],
)
def test_a_box_or_carrier_that_the_manifest_names_is_no_foreigner(more: dict[str, Any]) -> None:
    courier = "ql-south" if "ql-south" in str(more) else "ql-express"
    other = {"courier": courier, "box": "BX-2", "logger": "LG-2"}
    declared = manifest(courier={"id": "ql-express"}, **more)
    found = result(sent(5.0, **MINE) + sent(30.0, **other), raw=declared)
    assert not foreign(found)
    assert status(found) == "breach"


def test_a_second_logger_of_the_box_counts_and_is_named_in_the_warnings() -> None:
    found = result(sent(5.0, **MINE) + sent(12.0, logger="LG-2", **MINE))
    assert not foreign(found)
    assert status(found) == "breach"
    assert [(one.code, "LG-2" in one.text.zh) for one in found.warnings or ()] == [
        ("unnamed_logger", True)
    ]


def test_what_the_manifest_gets_wrong_is_warned_of_and_refuses_nothing() -> None:
    declared = manifest(
        courier={"id": "ql-express", "uscc": "91350100M000100Y44", "division": "37O305"},
        seller={"licence": "L-1", "uscc": "91350100M000100Y43"},
        order={"number": "N-1", "online": True},
        seal={"number": "S-1"},
        agreement={"number": "A-1"},
        colour="blue",
    )
    warned = {one.code: one.text.en for one in result(sent(5.0), raw=declared).warnings or ()}
    assert set(warned) == {"credit_code", "division_code", "unknown_key"}
    assert warned["credit_code"].endswith("courier.uscc 91350100M000100Y44 [18]")
    assert warned["division_code"].endswith("courier.division 37O305 [3]")
    assert "$.colour" in warned["unknown_key"]


def test_a_probe_of_no_role_is_warned_of_and_takes_nobodys_place() -> None:
    odd = [
        msgspec.structs.replace(one, temperature_c={"drug": 5.0, "lid": 30.0}) for one in sent(5.0)
    ]
    found = result(odd)
    assert [one.code for one in found.warnings or ()] == ["unmapped_probe"]
    assert found.metrics.max_c == 5.0


def test_a_second_logger_that_the_manifest_names_needs_no_warning() -> None:
    declared = manifest(courier={"id": "ql-express"}, loggers=["LG-2"])
    found = result(sent(5.0, **MINE) + sent(5.0, logger="LG-2", **MINE), raw=declared)
    assert found.warnings == ()


def test_what_states_neither_courier_nor_box_is_never_foreign() -> None:
    assert not foreign(result(sent(5.0)))
    assert not foreign(result(sent(5.0), event("delivered", 60)))


def test_a_manifests_box_is_compared_only_with_a_stated_one() -> None:
    assert not foreign(result(sent(5.0, courier="ql-express")))


def test_without_a_manifest_packed_says_whose_the_shipment_is() -> None:
    packed = event("packed", 0, **MINE)
    found = result(sent(30.0, **STRANGER) + sent(5.0, **MINE), packed, raw={})
    assert foreign(found)[0].measures.courier == "evil-courier"


def test_without_manifest_and_packed_the_first_message_received_says_it() -> None:
    readings = sent(30.0, **STRANGER) + sent(5.0, **MINE)
    late = [START_MS + 9_000_000] * 61
    found = result(readings, received_ms=late + [START_MS + 60_000] * 61, raw={})
    assert foreign(found)[0].measures.courier == "evil-courier"
    found = result(readings, received_ms=[START_MS + 60_000] * 61 + late, raw={})
    assert foreign(found)[0].measures.courier == "ql-express"


def test_a_stranger_with_many_ids_makes_one_finding_of_readable_length() -> None:
    many = [one for k in range(40) for one in sent(9.0, **(STRANGER | {"logger": f"X{k}"}))]
    (named,) = foreign(result(sent(5.0, **MINE) + many))
    assert (named.measures.sources, named.measures.readings) == (40, 40 * 61)
    assert len(named.measures.others or ()) == 20


def test_a_report_beside_which_a_stranger_sent_readings_is_verified_without_them() -> None:
    group = judged(sent(5.0, **MINE) + sent(30.0, **STRANGER))
    origin = Origin(software="coldwitness test", readings_from=("store",))
    report = report_of_judged(group, "S1", origin=origin)
    assert len(report.readings.time) == 61
    assert verify_any(render_json(report), rulebook=BOOK, trusted=[]).problems == ()


def test_the_runs_evidence_is_what_was_judged() -> None:
    group = judged(sent(5.0, **MINE) + sent(30.0, **STRANGER), event("opened", 5, **MINE))
    assert len(group.evidence.readings) == 61
    assert len(group.evidence.events["S1"]) == 1
