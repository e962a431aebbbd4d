"""Objects made of columns are those made of readings, one by one."""

import msgspec
import pytest

from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import reading_table
from coldwitness.storage.archive import native_tables
from coldwitness.storage.archive.native import reading_object
from coldwitness.storage.archive.native_tables import table_objects

T0 = 1_763_690_400_000
PLAIN = Reading(logger="L1", time_ms=T0, temperature_c={"drug": 5.0}, shipment="S1")
FULL = Reading(
    logger="L2",
    time_ms=T0 + 1,
    temperature_c={"drug": -0.5, "coolant": 1.25, "drug.2": 4.0},
    shipment="S2",
    box="B1",
    seq=0,
    humidity_pct=50.5,
    lat_deg=0.0,
    lon_deg=118.0,
    accuracy_m=10.0,
    lid_open=False,
    light_lux=0.0,
    moving=True,
    battery_v=3.1,
)
LESS = msgspec.structs.replace(FULL, accuracy_m=None, shipment=None, lid_open=None, seq=None)
NOWHERE = msgspec.structs.replace(FULL, lat_deg=None)


@pytest.mark.parametrize(
    "readings",
    [[], [PLAIN], [FULL], [PLAIN, PLAIN], [FULL, FULL], [PLAIN, FULL, LESS], [LESS], [NOWHERE]],
)
@pytest.mark.parametrize("rows_at_once", [1, 2, 20_000])
def test_a_table_says_what_its_readings_say(
    readings: list[Reading], rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native_tables, "ROWS_AT_ONCE", rows_at_once)
    told = list(table_objects(reading_table(readings, None)))
    one_by_one = [reading_object(reading) for reading in readings]
    assert msgspec.json.encode(told) == msgspec.json.encode(one_by_one)


def test_when_a_reading_was_received_is_said_where_it_is_known() -> None:
    told = list(table_objects(reading_table([PLAIN, PLAIN], [T0 + 5000, -1])))
    assert told == [
        reading_object(PLAIN) | {"received_at": rfc3339(T0 + 5000)},
        reading_object(PLAIN),
    ]
