"""What a zone's interval means where its course follows at once."""

import numpy as np
import pytest

from coldwitness.analysis.isolation.cells import Cells
from coldwitness.analysis.isolation.curves import COOLANT, ExchangeCurves
from coldwitness.analysis.isolation.output_fit import OutputFit
from coldwitness.analysis.isolation.zone_verdict import (
    FASTEST_BESIDE_GOODS_PER_H,
    FASTEST_PER_H,
    IsolationReason,
    ZoneLimits,
    zone_verdict,
)
from coldwitness.analysis.terms import LimitSource
from coldwitness.domain.columns import empty
from coldwitness.domain.words import Isolation


@pytest.mark.parametrize(
    ("high_per_h", "goods", "reason"),
    [
        (FASTEST_BESIDE_GOODS_PER_H, True, IsolationReason.ABOVE_LIMIT),
        (FASTEST_BESIDE_GOODS_PER_H + 1.0, True, IsolationReason.TOO_LITTLE_EXCITATION),
        (FASTEST_PER_H, False, IsolationReason.ABOVE_LIMIT),
        (FASTEST_PER_H + 1.0, False, IsolationReason.TOO_LITTLE_EXCITATION),
    ],
)
def test_a_rate_that_is_not_bounded_from_above_names_nobody(
    high_per_h: float, goods: bool, reason: IsolationReason
) -> None:
    """Time constants of a minute and less are a probe's, and no load's."""
    curves = empty(
        ExchangeCurves,
        1,
        known=np.array([[True, goods, True]]),
        disturbed=np.zeros(1),
        owner=np.zeros(1, dtype=np.int64),
    )
    rates = {
        "rate_per_h": np.array([[8.0, 0.1, 0.1]]),
        "low_per_h": np.array([[2.0, 0.0, np.nan]]),
        "high_per_h": np.array([[high_per_h, 0.3, np.nan]]),
    }
    fit = empty(
        OutputFit,
        1,
        **rates,
        misfit_c=np.full(1, 0.02),
        cells=np.full(1, 60),
        span_c=np.full(1, 1.0),
        other_explains=np.zeros((1, 3), dtype=np.bool_),
        course=empty(Cells, 0),
    )
    limits = ZoneLimits(np.full(1, 0.8), np.full(1, LimitSource.MANIFEST), 0.8)
    found = zone_verdict(curves, fit, np.zeros(1, dtype=np.bool_), COOLANT, limits)
    assert found.reason.tolist() == [reason]
    named = found.isolation.tolist() == [Isolation.MISSING]
    assert named == (reason == IsolationReason.ABOVE_LIMIT)
