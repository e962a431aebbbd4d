"""Chinese map datums: known pairs, and that the inverse undoes the shift."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.domain.map_datums import (
    bd09_to_gcj02,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    to_wgs84,
    wgs84_to_gcj02,
)

# WGS84 and GCJ-02 pairs as published with the tests of the eviltransform library
# (googollee/eviltransform), lat and lon.
PAIRS = [
    (31.1774276, 121.5272106, 31.17530398364597, 121.531541859215),
    (22.543847, 113.912316, 22.540796131694766, 113.9171764808363),
    (39.911954, 116.377817, 39.91334545536069, 116.38404722455657),
]


@pytest.mark.parametrize(("lat", "lon", "gcj_lat", "gcj_lon"), PAIRS)
def test_known_pairs_agree_within_a_few_centimetres(
    lat: float, lon: float, gcj_lat: float, gcj_lon: float
) -> None:
    assert wgs84_to_gcj02(lat, lon) == pytest.approx((gcj_lat, gcj_lon), abs=5e-7)
    assert to_wgs84(gcj_lat, gcj_lon, datum="GCJ02") == pytest.approx((lat, lon), abs=5e-7)


def test_outside_china_nothing_is_shifted() -> None:
    assert wgs84_to_gcj02(48.2, 16.37) == (48.2, 16.37)
    assert gcj02_to_wgs84(48.2, 16.37) == (48.2, 16.37)


def test_wgs84_passes_unchanged_and_an_unknown_datum_is_an_error() -> None:
    assert to_wgs84(36.8, 118.3, datum="WGS84") == (36.8, 118.3)
    with pytest.raises(ValueError, match="NAD27"):
        to_wgs84(36.8, 118.3, datum="NAD27")


@settings(max_examples=100, deadline=None)
@given(st.floats(18.0, 53.0), st.floats(74.0, 135.0))
def test_the_inverse_undoes_the_shift(lat: float, lon: float) -> None:
    assert gcj02_to_wgs84(*wgs84_to_gcj02(lat, lon)) == pytest.approx((lat, lon), abs=1e-9)
    gcj = wgs84_to_gcj02(lat, lon)
    assert bd09_to_gcj02(*gcj02_to_bd09(*gcj)) == pytest.approx(gcj, abs=1e-9)
    bd = gcj02_to_bd09(*gcj)
    assert to_wgs84(*bd, datum="BD09") == pytest.approx((lat, lon), abs=1e-9)
