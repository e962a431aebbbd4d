"""Whatever the readings are, a report made from them holds when it is judged again."""

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.made.wording import quantity
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.domain.columns import empty
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.words.figures import number
from tests.reports.extremes import RULEBOOK, report_of_table

START_MS = instant_ms("2026-11-21T01:30:00Z")
degrees = st.one_of(
    st.sampled_from([-0.0, 0.0, 2.0, 8.0, 8.004, -0.004, 0.1 + 0.2, 1e-9, 25.0]),
    st.floats(-30, 40).map(lambda value: round(value, 2)),
    st.floats(-30, 40).map(lambda value: round(value, 12)),
    st.none(),
)


def _report(drug: list[float | None], steps_s: list[float], *, low_c: float) -> Report:
    n = len(drug)
    time_ms = START_MS + np.cumsum([0.0, *steps_s[: n - 1]])[:n] * 1000
    column = np.array([np.nan if value is None else value for value in drug], dtype=np.float64)
    manifest, _ = parse_manifest(
        {
            "id": "ZB-1",
            "items": [{"name": "胰岛素", "limits": {"low": low_c, "high": 8.0}}],
            "dispatched_at": rfc3339(START_MS),
            "logger": {"id": "LG-1", "interval_s": 60},
        },
        classes=RULEBOOK.classes,
    )
    table = empty(
        ReadingTable,
        n,
        shipments=("ZB-1",),
        couriers=(),
        boxes=("BX-1",),
        loggers=("LG-1",),
        shipment=np.zeros(n, dtype=np.int64),
        box=np.zeros(n, dtype=np.int64),
        logger=np.zeros(n, dtype=np.int64),
        time_ms=time_ms.astype(np.int64),
        seq=np.arange(n, dtype=np.int64),
        temperature_c={"drug": column, "coolant": column - 0.3},
        lat_deg=np.full(n, -0.0),
        lon_deg=np.full(n, 118.3),
    )
    return report_of_table(table, manifest, read_from="test")


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    drug=st.lists(degrees, min_size=0, max_size=30),
    steps_s=st.lists(st.sampled_from([1.0, 60.0, 59.999, 300.0, 1800.0]), min_size=30, max_size=30),
    low_c=st.sampled_from([2.0, -0.0, -25.0]),
)
@example(drug=[-0.0, 2.225073858507e-311], steps_s=[1.0] * 30, low_c=-0.0)
@example(drug=[-0.0, 3.0, 4.0], steps_s=[60.0] * 30, low_c=2.0)
@example(drug=[-0.5, -0.0, -0.0, 4.0], steps_s=[60.0] * 30, low_c=-0.0)
def test_a_report_holds_whatever_was_measured(
    drug: list[float | None], steps_s: list[float], low_c: float
) -> None:
    found = verify_any(render_json(_report(drug, steps_s, low_c=low_c)), rulebook=RULEBOOK)
    assert found.problems == ()


def test_a_reading_of_minus_zero_is_read_as_zero() -> None:
    report = _report([-0.0, 3.0, 4.0], [60.0] * 30, low_c=2.0)
    line = next(line for line in report.result.requirements if line.id == "ANNEX1-05")
    words = msgspec.json.encode(line).decode()
    assert " 0.0 °C" in words
    assert "-0 " not in words


@pytest.mark.parametrize(("value", "text"), [(-0.0, "0"), (-0.004, "0"), (-0.01, "−0.01")])
def test_no_sign_stands_before_a_zero(value: float, text: str) -> None:
    assert number(value) == text
    assert quantity(value, "") == text.replace("-", "−")
