"""Five years, and until a year after a drug's expiry where that is later and known."""

from datetime import date

import pytest

from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Item, Manifest
from coldwitness.storage.archive.item_expiry import expiry_day, kept_for_expiry, kept_until
from coldwitness.storage.register import SqlRegister


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2028-02-10", date(2028, 2, 10)),
        ("2028-02", date(2028, 2, 29)),
        ("20280210", date(2028, 2, 10)),
        ("2028.02.10", date(2028, 2, 10)),
        ("2028年02月10日", date(2028, 2, 10)),
        ("2028-13", None),
        ("2028-02-30", None),
        ("见包装", None),
        ("", None),
    ],
)
def test_what_a_manifest_says_of_an_expiry(said: str, day: date | None) -> None:
    assert expiry_day(said) == day


def shipment(name: str, *expires: str | None) -> Manifest:
    items = tuple(Item(storage="refrigerated", expires=one) for one in expires)
    return Manifest(
        id=name,
        items=items,
        dispatched_ms=instant_ms("2021-06-01T02:00:00Z"),
        delivered_ms=instant_ms("2021-06-01T03:00:00Z"),
    )


def test_the_latest_expiry_of_a_shipment_counts() -> None:
    assert kept_until(shipment("S", "2025-01", "2027-03-31", None)) == date(2028, 3, 31)
    assert kept_until(shipment("S", None)) is None
    assert kept_until(shipment("S", "2024-02-29")) == date(2025, 3, 1)


@pytest.mark.parametrize(
    ("now", "kept"),
    [
        ("2026-06-10T00:00:00Z", {"S-1"}),
        ("2027-01-31T12:00:00Z", {"S-1"}),
        ("2027-02-01T12:00:00Z", set()),
    ],
)
def test_an_old_shipment_is_kept_until_a_year_after_its_drugs_expiry(
    register: SqlRegister, now: str, kept: set[str]
) -> None:
    for one in (shipment("S-1", "2026-01"), shipment("S-2", "2022-01"), shipment("S-3", None)):
        register.manifests.put(one, received_ms=instant_ms("2021-06-01T02:00:00Z"))
    found = kept_for_expiry(register, years=5.0, now_ms=instant_ms(now))
    assert found.keys() == kept
    if kept:
        assert found["S-1"] == ("2021-05-31", "2021-06-02", date(2027, 1, 31))
    young = kept_for_expiry(register, years=5.0, now_ms=instant_ms("2025-06-10T00:00:00Z"))
    assert young == {}, "the five years keep it anyway"
