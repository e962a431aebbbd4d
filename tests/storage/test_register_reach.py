"""Who may know of a shipment is a condition of the question itself, on every database."""

from typing import Any

import pytest

from coldwitness.domain.manifest import Company, Delivery, Item, Manifest, Place
from coldwitness.domain.reach import EVERYTHING, NOTHING, Reach
from coldwitness.storage.clue_ports import ClueFilter
from coldwitness.storage.register import SqlRegister
from tests.storage.readings import T0
from tests.storage.results import finding, record, result


def declared(register: SqlRegister, shipment: str, **more: Any) -> None:
    told = Manifest(id=shipment, items=(Item(storage="refrigerated"),), **more)
    register.manifests.put(told, received_ms=T0)


@pytest.fixture
def filled(register: SqlRegister) -> SqlRegister:
    """Four shipments with a finding each, every one placed by another side; and one by none."""
    declared(register, "S-1", seller=Company(division="370305"), courier=Company(id="ql"))
    declared(register, "S-2", courier=Company(id="sf", division="370303"))
    declared(register, "S-3", destination=Place(lat=36.8, lon=118.0, division="371002"))
    declared(register, "S-4", delivery=Delivery(platform="美团"))
    register.custody.note_seen({"S-5": None})
    for name in ("S-1", "S-2", "S-3", "S-4", "S-5"):
        record(register, result(finding(f"f-{name}"), shipment=name))
    return register


def _told(register: SqlRegister, reach: Reach) -> list[str]:
    wanted = ClueFilter(reach=reach)
    told = register.clues.after(0, wanted=wanted)
    assert register.clues.listed(wanted=wanted) == told[::-1]
    return [entry.clue.shipment or "" for entry in told]


def seen(register: SqlRegister, reach: Reach) -> list[str]:
    """What list, findings, feed and single look-up agree on."""
    listed = [row.id for row in register.shipments.rows(reach=reach)]
    names = [f"S-{n}" for n in range(7)]
    assert sorted(register.shipments.seen(names, reach=reach)) == listed
    assert [one.shipment for one in register.results.findings(reach=reach)] == listed
    assert sorted(_told(register, reach)) == listed
    return listed


@pytest.mark.parametrize(
    ("reach", "names"),
    [
        (EVERYTHING, ["S-1", "S-2", "S-3", "S-4", "S-5"]),
        (NOTHING, []),
        (Reach(couriers=frozenset({"ql"})), ["S-1"]),
        (Reach(couriers=frozenset({"nobody"})), []),
        (Reach(platforms=frozenset({"美团"})), ["S-4"]),
        (Reach(platforms=frozenset({"370305"})), []),
        (Reach(divisions=frozenset({"370305"})), ["S-1"]),
        (Reach(divisions=frozenset({"370300"})), ["S-1", "S-2"]),
        (Reach(divisions=frozenset({"371000", "370303"})), ["S-2", "S-3"]),
        (Reach(divisions=frozenset({"370000"})), ["S-1", "S-2", "S-3"]),
        (Reach(divisions=frozenset({"370900", "990000", "美团"})), []),
    ],
)
def test_each_sees_its_own_and_nothing_else(
    filled: SqlRegister, reach: Reach, names: list[str]
) -> None:
    assert seen(filled, reach) == names


def test_a_later_version_takes_a_shipment_out_of_no_offices_sight(filled: SqlRegister) -> None:
    declared(filled, "S-1", seller=Company(division="440300"), courier=Company(id="ql"))
    for division in ("370305", "440300"):
        assert "S-1" in seen(filled, Reach(divisions=frozenset({division})))


def test_a_manifest_made_again_from_the_journal_belongs_to_whom_it_names(
    filled: SqlRegister,
) -> None:
    declared(filled, "S-1", seller=Company(division="440300"))
    filled.standing.forget(("manifest", "S-1"))
    declared(filled, "S-1", seller=Company(division="370305"))
    assert seen(filled, Reach(divisions=frozenset({"440300"}))) == []
    assert seen(filled, Reach(divisions=frozenset({"370305"}))) == ["S-1"]


def test_a_manifest_kept_before_a_key_was_known_is_the_same_version_when_sent_again(
    filled: SqlRegister,
) -> None:
    with filled.database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE manifests SET digest = 'of a body without the key' WHERE shipment = 'S-3'"
        )
    declared(filled, "S-3", destination=Place(lat=36.8, lon=118.0, division="371002"))
    assert filled.manifests.version("S-3", 2) is None
