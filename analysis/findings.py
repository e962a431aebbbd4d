"""Findings as columns: what every detector returns and the verdict is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.config.finding_kinds import kind_of
from coldwitness.domain.columns import empty, stack
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray


@dataclass(frozen=True)
class FindingTable:
    """(f,) findings of many shipments, in any order.

    shipment : index into Terms.shipments. type : code of config.finding_kinds.
    start_s, end_s : UTC epoch seconds. certainty, severity : codes of domain.words.
    probe : probe name the finding is about, "" where it is about none.
    lat_deg, lon_deg : NaN where the finding has no place.
    measures : name -> (f,) float, NaN where the measure does not belong to the finding.
    details : row -> further words or lists to show under `measures`.
    """

    shipment: IntArray
    type: IntArray
    start_s: FloatArray
    end_s: FloatArray
    certainty: CodeArray
    severity: CodeArray
    probe: NDArray[np.str_]
    lat_deg: FloatArray
    lon_deg: FloatArray
    measures: Mapping[str, FloatArray]
    details: Mapping[int, Mapping[str, object]] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.shipment.size)


def finding_table(
    *,
    shipment: IntArray,
    type: int | IntArray,
    start_s: FloatArray,
    end_s: FloatArray,
    certainty: int | CodeArray,
    severity: int | CodeArray,
    probe: str | NDArray[np.str_] = "",
    lat_deg: FloatArray | None = None,
    lon_deg: FloatArray | None = None,
    measures: Mapping[str, FloatArray] | None = None,
    details: Mapping[int, Mapping[str, object]] | None = None,
) -> FindingTable:
    """A table from columns, single values spread over all rows.

    shipment, start_s, end_s, lat_deg, lon_deg : (f,), units as in FindingTable. type, certainty,
    severity, probe : (f,), or one for all. measures : name -> (f,). details : row -> more words.
    Without a row it is NO_FINDINGS, and has no measure.
    Raises ValueError for a measure or detail that a finding's kind does not have.
    """
    n = shipment.size
    if n == 0:
        return NO_FINDINGS
    nowhere = np.full(n, np.nan)
    table = FindingTable(
        shipment=shipment.astype(np.int64),
        type=_spread(type, n, np.int64),
        start_s=np.asarray(start_s, dtype=np.float64),
        end_s=np.asarray(end_s, dtype=np.float64),
        certainty=_spread(certainty, n, np.int8),
        severity=_spread(severity, n, np.int8),
        probe=np.array([probe] * n, dtype=np.str_) if isinstance(probe, str) else probe,
        lat_deg=nowhere if lat_deg is None else lat_deg,
        lon_deg=nowhere if lon_deg is None else lon_deg,
        measures=dict(measures or {}),
        details=dict(details or {}),
    )
    _check_measures(table)
    return table


def _check_measures(table: FindingTable) -> None:
    """A measure that its kind does not know would be missing in the result without a word."""
    told = {*table.measures, *(name for detail in table.details.values() for name in detail)}
    for code in set(table.type.tolist()):
        kind = kind_of(code)
        if not told <= kind.given:
            raise ValueError(f"{kind.kind}/{kind.subtype} has no {sorted(told - kind.given)}")


def _spread(value: int | NDArray[Any], rows: int, dtype: type[np.integer[Any]]) -> NDArray[Any]:
    """A column of this type, or one value in every row."""
    if isinstance(value, int):
        return np.full(rows, int(value), dtype=dtype)
    return value.astype(dtype, copy=False)


NO_FINDINGS = empty(FindingTable, 0, measures={})


def concatenate(tables: Sequence[FindingTable]) -> FindingTable:
    """All rows of all tables; a measure that a table lacks is NaN in its rows."""
    tables = [table for table in tables if len(table)] or [NO_FINDINGS]
    names = sorted({name for table in tables for name in table.measures})
    if len(tables) == 1:
        (only,) = tables
        if list(only.measures) == names:
            return only
        return replace(only, measures={name: only.measures[name] for name in names})
    details: dict[int, Mapping[str, object]] = {}
    offset = 0
    for table in tables:
        details.update({offset + row: detail for row, detail in table.details.items()})
        offset += len(table)
    stacked = stack(FindingTable, tables, details=details)
    return replace(stacked, measures={name: stacked.measures[name] for name in names})


def spans_of(
    member: NDArray[np.integer[Any]],
    *,
    from_s: NDArray[np.float64],
    until_s: NDArray[np.float64],
    count: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and last instant of each of `count` findings, in seconds, both (count,).

    member : (n,), whose finding a row bears on; from_s, until_s : (n,), what the row spans.
    A finding without a row has inf and -inf.
    """
    start_s, end_s = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(start_s, member, from_s)
    np.maximum.at(end_s, member, until_s)
    return start_s, end_s
