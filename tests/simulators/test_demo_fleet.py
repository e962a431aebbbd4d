"""The demo's morning shows every verdict and every status, each of them earned."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from coldwitness.cli.importing import import_all
from coldwitness.config.settings import JournalSettings, JudgingSettings, Settings, StoreSettings
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.office import RegisterEntry
from coldwitness.domain.result import CheckResult
from coldwitness.domain.words import STATUS_WORDS, VERDICT_WORDS
from coldwitness.judging.batch import judge_batch
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.simulators.demo_fleet import demo_fleet
from coldwitness.simulators.fleet import Fleet
from coldwitness.simulators.writer import write_fleet
from coldwitness.storage.opening import stores

END_MS = instant_ms("2026-06-18T03:30:00Z")
KINDS = {kind.register: kind for kind in RegisterEntry.__subclasses__()}


def received(fleet: Fleet) -> Iterator[bytes]:
    """Each reading and event with when it was received: a file of its own would say now."""
    for at_ms, topic, payload in fleet.messages():
        courier, box = topic.split("/")[2:4]
        said = msgspec.json.decode(payload)
        for entry in said if isinstance(said, list) else [said]:
            line = {"courier": courier, "box": box, "received_at": rfc3339(at_ms), **entry}
            yield msgspec.json.encode(line) + b"\n"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[CheckResult]]:
    """Story -> results, judged out of the stores as live ones are."""
    folder: Path = tmp_path_factory.mktemp("demo")
    fleet = demo_fleet(seed=1, end_ms=END_MS)
    write_fleet(fleet, folder)
    (folder / "telemetry.ndjson").write_bytes(b"".join(received(fleet)))
    settings = Settings(
        journal=JournalSettings(directory=folder / "journal"),
        store=StoreSettings(
            embedded_file=folder / "telemetry.sqlite",
            register_url=f"sqlite:///{folder / 'register.sqlite'}",
        ),
    )
    files = [folder / "manifests.ndjson", folder / "telemetry.ndjson"]
    import_all(settings, files, timezone=None, reader=None, judge=False)
    stories = {its.id: its.scenario.name for its in fleet.shipments}
    with stores(settings.store) as (store, register):
        for line in (folder / "office.ndjson").read_bytes().splitlines():
            entry = msgspec.json.decode(line)
            kind, name = entry["put"].removeprefix("/v1/").split("/")
            register.office.put(
                name, msgspec.convert(entry["body"], KINDS[kind]), by="office", now_ms=END_MS
            )
        judging = JudgingSettings()
        batch = judge_batch(
            store, register, load_rulebook(judging), judging, list(stories), as_of_ms=END_MS
        )
    found: dict[str, list[CheckResult]] = {}
    for result in batch.results:
        found.setdefault(stories[result.shipment], []).append(result)
    return found


def test_every_verdict_is_seen(told: dict[str, list[CheckResult]]) -> None:
    assert {one.verdict for some in told.values() for one in some} == set(VERDICT_WORDS.values())


def test_every_status_is_seen(told: dict[str, list[CheckResult]]) -> None:
    results = [one for some in told.values() for one in some]
    assert {line.status for one in results for line in one.requirements} == set(
        STATUS_WORDS.values()
    )


def test_a_clean_and_well_papered_delivery_has_nothing_against_it(
    told: dict[str, list[CheckResult]],
) -> None:
    for result in told["clean"]:
        assert result.verdict == "compliant"
        assert result.findings == ()
        stated = {one.id for one in result.requirements if one.status == "asserted"}
        assert stated == {"ANNEX3-05", "DAL-61"}, (
            "a certificate's dates say nothing of the logger's error"
        )
        to_check = [one.id for one in result.requirements if one.status == "to_check"]
        assert to_check == ["ANNEX1-02f"], "no record says when a box was inspected"


def test_an_equally_clean_delivery_that_the_office_knows_nothing_of_is_asserted(
    told: dict[str, list[CheckResult]],
) -> None:
    (result,) = told["unnamed_shipment"]
    (line,) = (one for one in result.requirements if one.id == "ANNEX6-12")
    assert (result.verdict, line.status) == ("asserted", "asserted")
