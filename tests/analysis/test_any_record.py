"""No record, however odd, breaks the run: every result keeps its schema and its promises."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.domain.words import Status
from tests.analysis.building import Drug, Given, Series
from tests.analysis.judging import PACK, seen
from tests.published_schema import CHECK_RESULT

CELSIUS = st.one_of(
    st.floats(-300, 300),
    st.sampled_from([8.0, 2.0, 0.0, 8.5, 5.0]),
    st.just(np.nan),
    st.just(np.inf),
)
SECONDS = st.one_of(
    st.integers(-3600, 14400).map(float), st.sampled_from([0.0, 60.0, 60.001]), st.just(1e8)
)
WHEN = st.one_of(st.none(), st.sampled_from([-600.0, 0.0, 3600.0, 7200.0]))


@st.composite
def odd_series(draw: st.DrawFn, shipment: str) -> Series:
    n = draw(st.integers(0, 12))

    def some(one: st.SearchStrategy[float]) -> list[float] | None:
        return draw(st.one_of(st.none(), st.lists(one, min_size=n, max_size=n)))

    probes = {
        name: values
        for name in ("drug.2", "coolant", "ambient", "goods", "other")
        if (values := some(CELSIUS)) is not None
    }
    return Series(
        seconds=draw(st.lists(SECONDS, min_size=n, max_size=n)),
        drug=some(CELSIUS),
        shipment=shipment,
        logger=draw(st.sampled_from(["L1", "L2", "L3"])),
        probes=probes,
        seq=some(st.sampled_from([-1, 0, 1, 2, 3, 7, 2**62])),
        received=some(SECONDS),
        lat=some(st.floats(-90, 90)),
        lon=some(st.floats(-180, 180)),
        moving=some(st.sampled_from([-1, 0, 1])),
        lid_open=some(st.sampled_from([-1, 0, 1])),
    )


@st.composite
def odd_terms(draw: st.DrawFn) -> Given:
    items = draw(
        st.lists(
            st.builds(
                Drug,
                low=st.sampled_from([None, 2.0, -25.0]),
                high=st.sampled_from([None, 8.0, 25.0]),
                freeze_sensitive=st.booleans(),
                budget=st.sampled_from(
                    [(), ((8.0, 25.0, 5.0),), ((8.0, 15.0, 0.0), (15.0, 40.0, 9.0))]
                ),
            ),
            min_size=1,
            max_size=3,
        )
    )
    return Given(
        start=draw(WHEN),
        end=draw(WHEN),
        by_event=draw(st.booleans()),
        items=items,
        limits_known=draw(st.booleans()),
        mismatch_s=draw(st.sampled_from([0.0, 1e5])),
        accuracy_c=draw(st.sampled_from([None, 0.0, 0.2, 5.0])),
        interval_s=draw(st.sampled_from([None, 1.0, 60.0, 900.0])),
        calibrated_until=draw(WHEN),
        isolation_coolant=draw(st.sampled_from([-1, 0, 1])),
        goods_aboard=draw(st.sampled_from([-1, 0, 1])),
        shared=draw(st.sampled_from(["", "a; b"])),
    )


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_every_result_keeps_schema_and_promises(data: st.DataObject) -> None:
    names = ("A", "B", "C")
    series = [
        data.draw(odd_series(name))
        for name in data.draw(st.lists(st.sampled_from(names), max_size=4))
    ]
    found = seen(*series, given=tuple(data.draw(odd_terms()) for _ in names), shipments=names)
    for i, result in enumerate(found.results):
        CHECK_RESULT.validate(json.loads(json.dumps(result, allow_nan=False)))
        ids = [finding["id"] for finding in result["findings"]]
        assert len(ids) == len(set(ids))
        statuses = {line["id"]: line["status"] for line in result["requirements"]}
        said = {line: Status[status.upper()] for line, status in statuses.items()}
        measured = max(said[r.id] for r in PACK.requirements if r.asks == "telemetry")
        papers = max(said[r.id] for r in PACK.requirements if r.asks == "record")
        worst = max(measured, papers if papers >= Status.INSUFFICIENT_EVIDENCE else measured)
        assert found.verdict(i) == worst
        for line in result["requirements"]:
            certain = [
                f
                for f in result["findings"]
                if f["id"] in line["findings"]
                and f["certainty"] == "certain"
                and f["kind"] not in ("evidence_gap", "data_integrity", "record")
            ]
            if certain:
                assert line["status"] == "breach"
            if line["findings"]:
                assert line["status"] != "compliant"
        metrics = result["metrics"]
        for side in ("above", "below"):
            least, most = metrics[f"seconds_{side}_bounds"]
            assert most is None or least <= most + 1e-3
        assert metrics["coverage"] is None or 0 <= metrics["coverage"] <= 1 + 1e-9
