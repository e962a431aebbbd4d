"""A probe's compartment behind its role: `drug.2@B`."""

import pytest

from coldwitness.domain.reading import compartment_of, plain_probe, split_probe
from coldwitness.ingest.files.header import columns_of
from tests.ingest.formats.test_native import changed


@pytest.mark.parametrize(
    ("name", "split", "plain", "compartment"),
    [
        ("drug@A", ("drug", 1), "drug@A", "A"),
        ("drug.2@B", ("drug", 2), "drug.2@B", "B"),
        ("drug.1@上层", ("drug", 1), "drug@上层", "上层"),
        ("coolant@A", ("coolant", 1), "coolant@A", "A"),
        ("drug", ("drug", 1), "drug", None),
        ("drug@", None, None, None),
        ("drug@" + "x" * 65, None, None, "x" * 65),
        ("pill@A", None, None, "A"),
        ("drug.x@A", None, None, "A"),
    ],
)
def test_a_compartment_follows_the_role(
    name: str, split: tuple[str, int] | None, plain: str | None, compartment: str | None
) -> None:
    assert (split_probe(name), plain_probe(name)) == (split, plain)
    assert compartment_of(name) == compartment


def test_titles_of_files_keep_the_letters_of_a_compartment() -> None:
    assert columns_of(["time", "drug@Aa", "Drug.2@B (℃)"]) == {
        "time": 0,
        "drug@Aa": 1,
        "drug.2@B": 2,
    }


@pytest.mark.parametrize("plain", [True, False])
def test_native_readings_keep_the_compartment(plain: bool) -> None:
    extra = {} if plain else {"unit": "°C"}
    (reading,) = changed(temperature={"drug@A": 4.5, "drug.2@B": 21.0}, **extra).readings
    assert reading.temperature_c == {"drug@A": 4.5, "drug.2@B": 21.0}
