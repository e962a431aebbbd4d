"""Results, findings and clues in the register, on every database."""

import gzip
import hashlib
import threading
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coldwitness.domain.counted_findings import CountedFindings
from coldwitness.domain.manifest import Item, Manifest
from coldwitness.domain.reading import Event
from coldwitness.domain.result import CheckResult
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.register.bodies import CHAIN, base_of, encoded, packed, unpacked
from tests.storage.readings import MINUTE, T0
from tests.storage.results import finding, record, result

RECORDED = Path(__file__).parents[1] / "unchanged" / "results.ndjson.gz"
WORDS = Path(__file__).parents[2] / "storage" / "register" / "words"


def test_a_result_comes_back_as_it_was_judged(register: SqlRegister) -> None:
    judged = result(finding())
    record(register, judged)
    assert register.results.of("S-1") == judged
    assert register.results.of("S-none") is None
    assert register.results.of("S-1", version=2) is None


def test_the_same_result_again_is_no_new_version(register: SqlRegister) -> None:
    record(register, result())
    record(register, result(), judged_ms=T0 + 1)
    assert [v.version for v in register.results.versions("S-1")] == [1]


def test_bodies_that_zlib_packed_before_are_still_read() -> None:
    base, body = b"a result of before " * 3000, b"a result of before " * 2999 + b"and a word"
    whole, after = zlib.compressobj(3), zlib.compressobj(3, zdict=base)
    assert unpacked(whole.compress(body) + whole.flush(), None) == body
    assert unpacked(after.compress(body) + after.flush(), base) == body
    for beside in (None, base):
        assert unpacked(packed(body, beside), beside) == body
    assert len(packed(body, base)) < 100


def test_a_version_is_packed_against_one_by_which_the_last_is_read() -> None:
    """So what is read to pack it is what the last one needs, and that is little."""
    chains: dict[int, list[int]] = {7: [7]}
    for version in range(8, 7 + CHAIN):
        base = base_of(version, whole=7)
        assert base in chains[version - 1]
        chains[version] = [*chains[base], version]
        assert len(chains[version]) <= 4
    assert base_of(7 + CHAIN, whole=7) is None
    near = [version - chain[-2] for version, chain in chains.items() if version > 7]
    assert sum(distance < 4 for distance in near) == 48


def test_dictionaries_that_were_shipped_stay_as_they_are() -> None:
    """A register somewhere is packed with each of them."""
    shipped = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in WORDS.glob("*.zdict")
    }
    assert shipped == {
        "1.zdict": "d000602cc010a4848134d03d0f169ce03335b18276be4ede9c0872aaa6d3212c",
    }


def test_the_words_that_all_results_share_are_not_kept_with_each(register: SqlRegister) -> None:
    with gzip.open(RECORDED) as recorded:
        line = recorded.readline()
    body = encoded(msgspec.json.decode(line, type=CheckResult)).body
    assert len(packed(body, None)) * 10 < len(body)
    assert unpacked(packed(body, None), None) == body


def test_every_differing_result_is_kept_as_a_version(register: SqlRegister) -> None:
    count = 2 * CHAIN + 5
    for readings in range(count):
        record(register, result(finding(), readings=readings), judged_ms=T0 + readings)

    for version in range(1, count + 1):
        kept = register.results.of("S-1", version=version)
        assert kept == result(finding(), readings=version - 1)
    assert [v.judged_ms for v in register.results.versions("S-1")] == [
        T0 + readings for readings in range(count)
    ]


def test_the_newest_results_of_several_come_at_once(register: SqlRegister) -> None:
    for readings in range(CHAIN + 3):
        record(register, result(readings=readings))
    record(register, result(shipment="S-2"))
    register.custody.note_seen({"S-3": None})
    assert register.results.newest(["S-3", "S-2", "S-1", "S-none"]) == {
        "S-1": result(readings=CHAIN + 2),
        "S-2": result(shipment="S-2"),
    }


def test_a_list_is_told_of_the_newest_results_what_they_say(register: SqlRegister) -> None:
    record(register, result(finding("F-0", kind="data_integrity")))
    alike = [finding("F-2"), finding("F-3"), finding("F-1", certainty="possible")]
    record(register, result(*alike, lowest_c=1.5, highest_c=None))
    record(register, result(shipment="S-2", lowest_c=-20.25, highest_c=8.0))
    register.custody.note_seen({"S-3": None})
    kind, subtype = alike[0].kind, alike[0].subtype
    assert register.results.findings_in_short(["S-3", "S-2", "S-1", "S-none"]) == {
        "S-1": [
            CountedFindings(kind, subtype, "certain", 2),
            CountedFindings(kind, subtype, "possible", 1),
        ]
    }
    assert {row.id: (row.min_c, row.max_c) for row in register.shipments.rows()} == {
        "S-1": (1.5, None),
        "S-2": (-20.25, 8.0),
        "S-3": (None, None),
    }


def test_findings_are_those_of_the_current_results_by_id(register: SqlRegister) -> None:
    record(register, result(finding("F-2"), finding("F-1", certainty="possible")))
    record(register, result(finding("F-3", kind="data_integrity"), shipment="S-2"))
    record(register, result(finding("F-2", end=20), finding("F-4")))

    def ids(**filters: Any) -> list[str]:
        return [found.id for found in register.results.findings(**filters)]

    assert ids() == ["F-2", "F-3", "F-4"]
    (second,) = register.results.findings(shipment="S-1", limit=1)
    assert msgspec.to_builtins(second) == {
        **msgspec.to_builtins(finding("F-2", end=20)),
        "shipment": "S-1",
    }
    assert ids(kind="data_integrity") == ["F-3"]
    assert ids(certainty="possible") == []
    assert ids(after="F-2") == ["F-3", "F-4"]


@pytest.mark.parametrize("by", ["events", "manifest"])
def test_the_policy_is_told_what_events_and_the_newest_manifest_say(
    register: SqlRegister, by: str
) -> None:
    inferred = result(finding(certainty="probable"))
    items = (Item(storage="refrigerated"),)
    if by == "events":
        register.custody.add_events([told("packed", 0)], [T0])
    else:
        begun = Manifest(id="S-1", items=items, dispatched_ms=T0)
        register.manifests.put(begun, received_ms=T0)
    assert record(register, inferred) == []

    if by == "events":
        register.custody.add_events([told("delivered", 60)], [T0])
    else:
        whole = Manifest(id="S-1", items=items, dispatched_ms=T0, delivered_ms=T0 + 60 * MINUTE)
        register.manifests.put(whole, received_ms=T0)
    (told_now,) = record(register, inferred)
    assert told_now.change.kind == "opened", "the result is the same, the journey has ended"


def told(name: str, minute: float) -> Event:
    return Event(event=name, time_ms=T0 + round(minute * MINUTE), shipment="S-1", box="BX-1")


def test_several_writers_of_one_shipment_keep_every_version(register: SqlRegister) -> None:
    def write(worker: int) -> None:
        for number in range(10):
            record(register, result(finding(), readings=100 * worker + number))

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    versions = [v.version for v in register.results.versions("S-1")]
    assert versions == list(range(1, 31))
    assert [entry.change.version for entry in register.clues.after(0)] == [1]
