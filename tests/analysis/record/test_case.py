"""The case of a run: made once, the same for every detector."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coldwitness.analysis import judge as judging
from coldwitness.analysis.judge import DETECTORS, judge
from coldwitness.analysis.record import case as record_case
from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.temperature import range_judgement
from coldwitness.config.rules import load_packs
from tests.analysis.building import Given, Series, terms_of, tracks_of

PACK = load_packs()[0]
NAMES = ("A", "B", "C")


def case():
    series = [
        Series(np.arange(n) * 60.0, 5.0 + np.arange(n) % 7, shipment=name, logger=f"L-{name}")
        for name, n in zip(NAMES, (50, 3, 40), strict=True)
    ]
    terms = terms_of(*[Given(start=0.0, end=3600.0)] * 3, shipments=NAMES)
    return case_of(tracks_of(*series, shipments=NAMES), terms, PACK.numbers)


def test_analysis_shows_no_more_than_ten_entries() -> None:
    entries = [path.name for path in Path(judging.__file__).parent.iterdir()]
    assert len([name for name in entries if name != "__pycache__"]) <= 10


def test_terms_of_other_shipments_are_refused() -> None:
    made = case()
    with pytest.raises(ValueError, match="do not fit"):
        case_of(made.tracks, terms_of(Given(), shipments=("A",)), PACK.numbers)


def test_a_case_made_with_other_numbers_is_not_judged_by_this_pack() -> None:
    made = case()
    other = replace(PACK.numbers, dwell_limit_s=PACK.numbers.dwell_limit_s + 1)
    with pytest.raises(ValueError, match="numbers of"):
        judge(case_of(made.tracks, made.terms, other), PACK)


@pytest.mark.parametrize("name", ["sequence_breaks", "probe_series", "curve_index"])
def test_what_detectors_share_is_worked_out_once_in_a_run(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    calls, work = [], getattr(record_case, name)

    def counted(*args: object, **named: object) -> object:
        calls.append(named.get("probes", ("drug",)))
        return work(*args, **named)

    monkeypatch.setattr(record_case, name, counted)
    judge(case(), PACK)
    assert calls.count(("drug",)) == 1


def test_every_detector_answers_for_a_case_without_readings() -> None:
    nothing = tracks_of(shipments=NAMES)
    empty = case_of(nothing, terms_of(*[Given()] * 3, shipments=NAMES), PACK.numbers)
    for detector in DETECTORS:
        assert len(detector(empty)) == 0, detector.__name__


def test_where_a_block_of_shipments_ends_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    together = judge(case(), PACK)
    monkeypatch.setattr(range_judgement, "BLOCK_ROWS", 1)
    apart = judge(case(), PACK)
    assert together.findings.type.tolist() == apart.findings.type.tolist()
    assert together.findings.shipment.tolist() == apart.findings.shipment.tolist()
    for name, column in together.metrics.items():
        assert np.array_equal(column, apart.metrics[name], equal_nan=True), name
