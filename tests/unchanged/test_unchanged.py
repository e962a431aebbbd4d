"""The results of the recorded fleet are what they were: a change here is a change of judgement, and
needs its own word in the change log beside the new record."""

from typing import Any

import pytest

from tests.unchanged.recorded import recorded_results, results

NAMES = sorted(recorded_results())


@pytest.mark.parametrize("name", NAMES)
def test_result_of_a_recorded_shipment_is_what_it_was(name: str) -> None:
    differing = list(_differences(recorded_results()[name], results()[name], name))
    assert not differing, "\n".join(differing[:10])


def test_every_recorded_shipment_is_judged_and_no_other() -> None:
    assert sorted(results()) == NAMES


def _differences(then: Any, now: Any, place: str) -> list[str]:
    """Where two JSON values differ; numbers may differ by what another processor's sums do."""
    if isinstance(then, dict) and isinstance(now, dict):
        found = [f"{place}.{key}: only once" for key in sorted(then.keys() ^ now.keys())]
        for key in then.keys() & now.keys():
            found += _differences(then[key], now[key], f"{place}.{key}")
        return found
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return [
            line
            for number, (a, b) in enumerate(zip(then, now, strict=True))
            for line in _differences(a, b, f"{place}[{number}]")
        ]
    if isinstance(then, float) and isinstance(now, int | float):
        same = now == pytest.approx(then, rel=1e-5, abs=1e-5)
        return [] if same else [f"{place}: {then} became {now}"]
    return [] if then == now else [f"{place}: {then!r} became {now!r}"]
