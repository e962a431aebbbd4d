"""Readings to store, and tables as plain rows to compare."""

import math
from typing import Any

from hypothesis import strategies as st

from coldwitness.domain.channels import CHANNELS
from coldwitness.domain.reading import Reading
from coldwitness.domain.tracks import ReadingTable

T0 = 1_795_000_000_000
"""An instant in November 2026, epoch milliseconds."""
MINUTE = 60_000


def reading(minute: float = 0, drug: float = 5.0, **fields: Any) -> Reading:
    """A reading of logger LG-1 in box BX-1, shipment S-1, unless said otherwise."""
    values = {"logger": "LG-1", "box": "BX-1", "shipment": "S-1", "courier": "ql"} | fields
    values.setdefault("temperature_c", {"drug": drug})
    return Reading(time_ms=T0 + round(minute * MINUTE), **values)


FULL = Reading(
    logger="LG-9",
    time_ms=T0 + 123,
    temperature_c={"goods": 40.25, "drug": 4.5, "drug.2": 4.625, "VOC index": -0.1},
    time_source="gateway",
    courier="ql",
    box="BX-9",
    shipment="S-9",
    seq=77,
    humidity_pct=55.5,
    lat_deg=36.82,
    lon_deg=118.3,
    accuracy_m=12.5,
    lid_open=True,
    light_lux=880.0,
    moving=False,
    battery_v=3.61,
)


def rows(table: ReadingTable) -> list[dict[str, Any]]:
    """Each row as a dict without what is absent, in an order of its own."""
    found = []
    for row in range(len(table)):
        entry: dict[str, Any] = {
            "shipment": _name(table.shipments, table.shipment[row]),
            "box": _name(table.boxes, table.box[row]),
            "logger": _name(table.loggers, table.logger[row]),
            "time_ms": int(table.time_ms[row]),
            "received_ms": int(table.received_ms[row]),
        }
        for probe, values in table.temperature_c.items():
            entry[f"t:{probe}"] = float(values[row])
        for channel in CHANNELS:
            value = getattr(table, channel.name)[row].item()
            entry[channel.name] = math.nan if value == -1 and channel.kind != "real" else value
        found.append(
            {
                key: value
                for key, value in entry.items()
                if not (isinstance(value, float) and math.isnan(value))
            }
        )
    return sorted(found, key=lambda entry: repr(sorted(entry.items())))


def _name(names: tuple[str, ...], code: int) -> str | None:
    return None if code == -1 else names[code]


_NUMBER = st.sampled_from([-18.0, 1.9, 2.0, 5.0, 8.25])
_OPTIONAL = st.none() | _NUMBER
READINGS = st.builds(
    Reading,
    logger=st.sampled_from(["LG-1", "LG-2"]),
    time_ms=st.sampled_from([T0, T0 + 1, T0 + MINUTE, T0 + 90 * MINUTE, T0 - 86_400_000]),
    temperature_c=st.dictionaries(
        st.sampled_from(["drug", "coolant", "drug.2", 'odd, name=\\ "x"']),
        _NUMBER,
        min_size=1,
        max_size=3,
    ),
    time_source=st.sampled_from(["device", "gateway"]),
    courier=st.sampled_from([None, "ql"]),
    box=st.sampled_from([None, "BX-1", "BX-2"]),
    shipment=st.sampled_from([None, "S-1", "S-2"]),
    seq=st.none() | st.integers(0, 3),
    lat_deg=_OPTIONAL,
    lid_open=st.none() | st.booleans(),
    battery_v=_OPTIONAL,
)
