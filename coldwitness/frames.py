"""Readings, episodes and findings as pandas data frames, for analysts and notebooks.

    from coldwitness.frames import frame
    frame("ZB-20261121-0001")["drug"].plot()

What comes back is what is judged: readings assigned to the shipment, in its logger's time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from coldwitness.config.settings import StoreSettings, load_settings
from coldwitness.config.statistics_table import load_statistics_table
from coldwitness.domain.channels import FLAGS, REALS
from coldwitness.domain.errors import BadInput
from coldwitness.domain.result import ShipmentFinding
from coldwitness.domain.tracks import IntArray, ReadingTable
from coldwitness.judging.statistics import Period, statistics
from coldwitness.judging.statistics_evidence import counted
from coldwitness.storage.opening import stores
from coldwitness.storage.ports import Register, TelemetryStore

_BREAK = "cold_chain_break"


def frame(shipment: str, settings: StoreSettings | None = None) -> pd.DataFrame:
    """A shipment's readings by time, from the stores the settings name.

    Index: UTC time. Columns: logger, box, seq, one a probe [°C], and what else was sent; what
    was not is missing (NaN, <NA>). Raises BadInput for a shipment nothing was ever heard of.
    """
    with frames(settings) as opened:
        return opened.readings([shipment]).drop(columns="shipment")


@contextmanager
def frames(settings: StoreSettings | None = None) -> Iterator["Frames"]:
    """The stores opened for several questions."""
    chosen = load_settings().store if settings is None else settings
    with stores(chosen) as (store, register):
        yield Frames(store, register)


class Frames:
    """Data frames out of a store and a register."""

    def __init__(self, store: TelemetryStore, register: Register) -> None:
        self._store = store
        self._register = register

    def readings(self, shipments: Sequence[str]) -> pd.DataFrame:
        """Readings of all these shipments, by shipment, then time (the index)."""
        for shipment in shipments:
            if self._register.shipments.row(shipment) is None:
                raise BadInput(f"shipment {shipment!r}: unknown")
        table = self._store.readings(shipments, self._register.custody.stays(shipments))
        return readings_frame(table)

    def findings(self, shipment: str | None = None, kind: str | None = None) -> pd.DataFrame:
        """Current findings, one a row: shipment, id, kind, subtype, certainty, start, end,
        duration_s, and each measure as a column of its own."""
        found: list[ShipmentFinding] = []
        after = None
        while page := self._register.results.findings(
            shipment=shipment, kind=kind, after=after, limit=1000
        ):
            found += page
            after = page[-1].id
        names = ["shipment", "id", "kind", "subtype", "certainty", "start", "end", "duration_s"]
        rows = [
            {name: getattr(finding, name) for name in names} | msgspec.to_builtins(finding.measures)
            for finding in found
        ]
        made = pd.DataFrame(rows, columns=None if rows else names)
        for name in ("start", "end"):
            made[name] = pd.to_datetime(made[name], utc=True, format="ISO8601")
        return made

    def episodes(self, shipment: str) -> pd.DataFrame:
        """The shipment's cold-chain breaks by start."""
        made = self.findings(shipment, _BREAK)
        return made.sort_values("start", ignore_index=True)

    def statistics(self, start: date, end: date, division: str | None = None) -> pd.DataFrame:
        """The office's statistics of a period (days of China time, both included), one row of the
        table each: key, title, unit, value (missing where nothing on record tells it), filled_from,
        and items, the ids of what was counted. Index: the row's number."""
        found = counted(self._register, Period(start, end), division=division)
        rows = [
            {
                "number": row.number,
                "key": row.key,
                "title": row.title.zh,
                "unit": row.unit.zh,
                "value": row.value,
                "filled_from": row.filled_from,
                "items": [one.id for one in row.items],
            }
            for row in statistics(load_statistics_table(), found, typed={})
        ]
        return pd.DataFrame(rows).set_index("number").astype({"value": "float64"})


def readings_frame(table: ReadingTable) -> pd.DataFrame:
    """A table as a data frame, by shipment, then time; the index is UTC time."""
    order = np.lexsort((table.time_ms, table.shipment))
    columns: dict[str, Any] = {
        "shipment": _names(table.shipments, table.shipment[order]),
        "logger": _names(table.loggers, table.logger[order]),
        "box": _names(table.boxes, table.box[order]),
        "seq": pd.array(table.seq[order], dtype="Int64"),
    }
    columns["seq"][table.seq[order] < 0] = pd.NA
    columns |= {probe: values[order] for probe, values in table.temperature_c.items()}
    columns |= {channel.name: getattr(table, channel.name)[order] for channel in REALS}
    for channel in FLAGS:
        said = getattr(table, channel.name)[order]
        flags = pd.array(said > 0, dtype="boolean")
        flags[said < 0] = pd.NA
        columns[channel.name] = flags
    received = pd.to_datetime(table.received_ms[order], unit="ms", utc=True)
    columns["received"] = received.where(table.received_ms[order] >= 0)
    time = pd.to_datetime(table.time_ms[order], unit="ms", utc=True)
    return pd.DataFrame(columns, index=pd.DatetimeIndex(time, name="time"))


def _names(names: tuple[str, ...], code: IntArray) -> Any:
    return pd.Categorical.from_codes(code.astype(np.int32), categories=pd.Index(names, dtype=str))
