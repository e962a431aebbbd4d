"""The office's registers, looks, corrections and attachments, on every database."""

from datetime import date

import pytest

from coldwitness.domain.manifest import Box, Item, Manifest, ManifestLogger, Site
from coldwitness.domain.office import (
    Calibration,
    RegisteredBox,
    RegisteredBoxModel,
    RegisteredDevice,
    RegisteredProduct,
    RegisteredSite,
)
from coldwitness.domain.reading import Event
from coldwitness.storage.ports import Review
from coldwitness.storage.register import SqlRegister
from tests.storage.readings import T0

BUILT_IN = RegisteredBoxModel(cooling="passive", partition="built_in")


def test_the_last_version_of_an_entry_counts_and_all_are_kept(register: SqlRegister) -> None:
    first, second = RegisteredBox(model="EPS-18L"), RegisteredBox(model="VIP-30L")
    register.office.put("BX-1", first, by="local", now_ms=T0)
    again = register.office.put("BX-1", first, by="other", now_ms=T0 + 1)
    assert (again.version, again.at_ms, again.by) == (1, T0, "local")
    assert register.office.put("BX-1", second, by="other", now_ms=T0 + 2).version == 2
    assert register.office.newest(RegisteredBox, ["BX-1", "BX-2"]) == {"BX-1": second}
    told = [
        (one.version, one.by, one.entry) for one in register.office.history(RegisteredBox, "BX-1")
    ]
    assert told == [(1, "local", first), (2, "other", second)]


def test_a_table_is_put_as_its_entries_one_by_one_are(register: SqlRegister) -> None:
    register.office.put("BX-1", RegisteredBox(model="A"), by="x", now_ms=T0)
    register.office.put("BX-2", RegisteredBox(model="A"), by="x", now_ms=T0)
    table = [(f"BX-{n}", RegisteredBox(model="A" if n < 2 else "B")) for n in range(1200)]
    register.office.put_all(table, by="y", now_ms=T0 + 1)
    register.office.put_all([], by="y", now_ms=T0 + 1)

    def told(name: str) -> list[tuple[int, str]]:
        return [(one.version, one.by) for one in register.office.history(RegisteredBox, name)]

    assert (told("BX-1"), told("BX-2"), told("BX-1199")) == (
        [(1, "x")],
        [(1, "x"), (2, "y")],
        [(1, "y")],
    )
    assert register.office.listed(RegisteredBox) == dict(table)
    assert register.office.counts() == {RegisteredBox.register: 1200}


def test_entries_of_one_name_in_two_registers_are_two(register: SqlRegister) -> None:
    register.office.put("X-1", RegisteredBox(model="M"), by="local", now_ms=T0)
    register.office.put("X-1", RegisteredProduct(storage="frozen"), by="local", now_ms=T0)
    assert register.office.newest(RegisteredProduct, ["X-1"]) == {
        "X-1": RegisteredProduct(storage="frozen")
    }
    assert len(register.office.history(RegisteredBox, "X-1")) == 1


def test_entries_are_listed_by_name_in_pages(register: SqlRegister) -> None:
    for name in ("BX-3", "BX-1", "BX-2"):
        register.office.put(name, RegisteredBox(model="M"), by="local", now_ms=T0)
    assert list(register.office.listed(RegisteredBox, limit=2)) == ["BX-1", "BX-2"]
    assert list(register.office.listed(RegisteredBox, after="BX-2", limit=2)) == ["BX-3"]


def test_an_entry_reads_as_it_was_put(register: SqlRegister) -> None:
    its = Calibration("JZ-1", date(2026, 1, 2), date(2027, 1, 1), "计量院")
    device = RegisteredDevice(model="LHT65N", calibrations=(its,))
    register.office.put("LG-1", device, by="local", now_ms=T0)
    assert register.office.newest(RegisteredDevice, ["LG-1"]) == {"LG-1": device}


@pytest.fixture
def spoken(register: SqlRegister) -> SqlRegister:
    """One shipment that speaks of one of each, and one that speaks of nothing."""
    manifest = Manifest(
        id="S-1",
        items=(Item(storage="refrigerated", approval_number="国药准字S1", trace_code="8123"),),
        box=Box(id="BX-1"),
        logger=ManifestLogger(id="LG-1"),
        sites=(Site(lat=36.8199, lon=118.3001),),
    )
    bare = Manifest(id="S-2", items=(Item(storage="refrigerated"),))
    register.manifests.put_all([manifest, bare], received_ms=T0)
    return register


def test_an_entry_bears_on_the_shipments_that_speak_of_it(spoken: SqlRegister) -> None:
    office = spoken.office
    assert office.affected([("BX-1", RegisteredBox(model="M"))]) == ["S-1"]
    assert office.affected([("BX-9", RegisteredBox(model="M"))]) == []
    assert office.affected([("LG-1", RegisteredDevice())]) == ["S-1"]
    for number in ("国药准字S1", "8123"):
        assert office.affected([(number, RegisteredProduct(storage="frozen"))]) == ["S-1"]
    assert office.affected([("T-1", RegisteredSite(lat=36.8201, lon=118.2999))]) == ["S-1"]
    assert office.affected([("T-1", RegisteredSite(lat=37.5, lon=118.3))]) == []


def test_a_model_bears_on_the_shipments_of_its_boxes(spoken: SqlRegister) -> None:
    assert spoken.office.affected([("M", BUILT_IN)]) == []
    spoken.office.put("BX-1", RegisteredBox(model="M"), by="local", now_ms=T0)
    assert spoken.office.affected([("M", BUILT_IN)]) == ["S-1"]
    spoken.office.put("BX-1", RegisteredBox(model="N"), by="local", now_ms=T0 + 1)
    assert spoken.office.affected([("M", BUILT_IN)]) == []


def test_a_box_bears_on_what_lay_in_it_by_its_events(register: SqlRegister) -> None:
    packed = Event(event="packed", time_ms=T0, shipment="S-3", box="BX-3")
    register.custody.add_events([packed], [T0])
    assert register.office.affected([("BX-3", RegisteredBox(model="M"))]) == ["S-3"]


def test_every_version_of_a_manifest_speaks_for_one_of_them_counts(spoken: SqlRegister) -> None:
    other = Manifest(id="S-1", items=(Item(storage="refrigerated"),), box=Box(id="BX-2"))
    spoken.manifests.put(other, received_ms=T0 + 1)
    assert spoken.office.affected([("BX-1", RegisteredBox(model="M"))]) == ["S-1"]
    assert spoken.office.affected([("BX-2", RegisteredBox(model="M"))]) == ["S-1"]


def _review(officer: str, decision: str, at_ms: int, manifest: int | None = None) -> Review:
    return Review("S-1", 1, officer, decision, "说明", at_ms, manifest)


def test_one_officers_look_counts_and_the_first_is_told(register: SqlRegister) -> None:
    assert register.reviews.isolation_seen(["S-1"]) == {}
    register.reviews.add(_review("鲁C-0101", "confirmed", T0))
    assert register.reviews.isolation_seen(["S-1"]) == {}
    register.reviews.add(_review("鲁C-0102", "isolation_seen", T0 + 2))
    register.reviews.add(_review("鲁C-0101", "isolation_seen", T0 + 3))
    seen = register.reviews.isolation_seen(["S-1", "S-2"])
    assert {name: (its.created_ms, its.attachment) for name, its in seen.items()} == {
        "S-1": (T0 + 2, None)
    }


def test_a_look_is_taken_back_by_who_looked_and_by_nobody_else(register: SqlRegister) -> None:
    def seen_at() -> list[int]:
        return [its.created_ms for its in register.reviews.isolation_seen(["S-1"]).values()]

    register.reviews.add(_review("鲁C-0101", "isolation_seen", T0))
    register.reviews.add(_review("鲁C-0102", "isolation_withdrawn", T0 + 1))
    assert seen_at() == [T0]
    register.reviews.add(_review("鲁C-0102", "isolation_seen", T0 + 2))
    register.reviews.add(_review("鲁C-0101", "isolation_withdrawn", T0 + 3))
    assert seen_at() == [T0 + 2]
    register.reviews.add(_review("鲁C-0102", "isolation_withdrawn", T0 + 4))
    assert seen_at() == []
    register.reviews.add(_review("鲁C-0102", "isolation_seen", T0 + 5))
    assert seen_at() == [T0 + 5]


def test_a_correction_counts_by_two_different_officers(register: SqlRegister) -> None:
    register.reviews.add(_review("鲁C-0101", "correction_accepted", T0, 2))
    register.reviews.add(_review("鲁C-0101", "correction_accepted", T0 + 1, 2))
    assert register.reviews.corrections_accepted(["S-1"]) == {}
    register.reviews.add(_review("鲁C-0102", "correction_accepted", T0 + 2, 3))
    assert register.reviews.corrections_accepted(["S-1"]) == {}
    register.reviews.add(_review("鲁C-0102", "correction_accepted", T0 + 3, 2))
    assert register.reviews.corrections_accepted(["S-1"]) == {"S-1": frozenset({2})}


def test_the_same_bytes_to_one_shipment_are_one_attachment(register: SqlRegister) -> None:
    def add(shipment: str, body: bytes) -> tuple[str, bool]:
        kept, new = register.attachments.add(
            shipment, body, kind="packing_photo", name="箱.jpg", media_type="image/jpeg",
            by="local", now_ms=T0,
        )  # fmt: skip
        return kept.sha256, new

    digest, new = add("S-1", b"photo")
    assert new
    assert add("S-1", b"photo") == (digest, False)
    assert add("S-2", b"photo") == (digest, True)
    (kept,) = register.attachments.of("S-1")
    assert (kept.name, kept.media_type, kept.at_ms) == ("箱.jpg", "image/jpeg", T0)
    assert register.attachments.body("S-1", digest) == (kept, b"photo")
    assert register.attachments.body("S-3", digest) is None
