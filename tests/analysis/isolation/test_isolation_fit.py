"""The exchange fit against boxes whose true rates are known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from coldwitness.analysis.isolation import output_fit
from coldwitness.analysis.isolation.curves import AMBIENT, COOLANT, GOODS, exchange_curves
from coldwitness.analysis.isolation.output_fit import OutputFit, fit_output
from coldwitness.analysis.isolation.reduced import Reduced
from coldwitness.analysis.record.case import case_of
from coldwitness.config.rules import load_packs
from coldwitness.domain.tracks import Tracks
from tests.analysis.building import START_S, Given, Series, terms_of, tracks_of
from tests.analysis.isolation.isolation_world import Probes, World, world

NUMBERS = load_packs()[0].numbers
EXACT = Probes(offset_c=0.0, noise_c=0.0, grid_c=1e-6, lag_s=(10.0, 10.0), lost=0.0)


def fit_tracks(tracks: Tracks, given: Given | None = None) -> OutputFit:
    shipments = len(tracks.shipments)
    terms = terms_of(*[given or Given(start=0.0)] * shipments, shipments=tracks.shipments)
    curves = exchange_curves(case_of(tracks, terms, NUMBERS))
    return fit_output(curves, limit_per_h=np.full((shipments, 2), 0.7))


def fit(made: World):
    return fit_tracks(made.tracks)


def test_exact_curves_give_back_the_true_rates():
    made = world(
        40, seed=1, k_coolant=(0.3, 3.0), k_goods=(0.1, 1.0), probes=EXACT, process_c_per_sqrt_h=0.0
    )
    found = fit(made)
    true = np.column_stack((made.k_coolant, made.k_goods, made.k_ambient))
    error = np.abs(found.rate_per_h - true)
    assert np.median(error, axis=0) == pytest.approx([0.0, 0.0, 0.0], abs=0.03)
    assert (error[:, COOLANT] / made.k_coolant < 0.12).mean() > 0.9


@pytest.mark.parametrize(
    ("low", "high", "options"),
    [
        (0.1, 0.5, {}),
        (0.5, 1.5, {}),
        (1.5, 4.0, {}),
        (1.5, 4.0, {"probes": Probes(interval_s=300.0, jitter=0.0)}),
        (0.1, 4.0, {"probes": Probes(interval_s=20.0, jitter=0.4, lost=0.1)}),
    ],
)
def test_the_interval_covers_the_truth_about_nineteen_times_in_twenty(low, high, options):
    made = world(300, seed=31, k_coolant=(low, high), **options)
    found = fit(made)
    inside = (found.low_per_h[:, COOLANT] <= made.k_coolant) & (
        made.k_coolant <= found.high_per_h[:, COOLANT]
    )
    assert inside.mean() >= 0.9
    too_high = found.low_per_h[:, COOLANT] > made.k_coolant
    assert too_high.mean() <= 0.035  # the side that accuses


@cache
def honest(low: float, high: float) -> World:
    return world(60, seed=41, k_coolant=(low, high), probes=Probes(offset_c=0.0))


@pytest.mark.parametrize("signs", [(1, 1, 1), (1, -1, 1), (-1, 1, -1), (-1, -1, 1), (1, -1, -1)])
def test_offsets_of_half_a_degree_never_make_a_confident_wrong_answer(signs):
    for rates, wrong in (
        ((0.1, 0.4), lambda found: found.low_per_h[:, COOLANT] > 0.8),
        ((2.0, 4.0), lambda found: found.high_per_h[:, COOLANT] <= 0.8),
    ):
        made = honest(*rates)
        shifted = {
            name: column + 0.5 * sign
            for (name, column), sign in zip(
                sorted(made.tracks.temperature_c.items()), signs, strict=True
            )
        }
        assert not wrong(fit_tracks(replace(made.tracks, temperature_c=shifted))).any()


def test_a_box_in_which_nothing_changes_says_nothing_about_any_rate():
    random = np.random.default_rng(5)
    seconds = np.arange(0.0, 4 * 3600.0, 60.0)
    still = {"coolant": 0.0, "ambient": 30.0}
    probes = {k: v + 0.05 * random.standard_normal(seconds.size) for k, v in still.items()}
    drug = 6.0 + 0.05 * random.standard_normal(seconds.size)
    found = fit_tracks(tracks_of(Series(seconds, drug=drug, probes=probes)))
    assert found.low_per_h[0, COOLANT] < 0.1
    assert found.high_per_h[0, COOLANT] > 0.8


def test_a_grid_of_half_a_degree_that_shows_nothing_gives_no_false_sharpness():
    seconds = np.arange(0.0, 4 * 3600.0, 60.0)
    probes = {"coolant": np.full(seconds.size, 0.0), "ambient": np.full(seconds.size, 25.0)}
    found = fit_tracks(tracks_of(Series(seconds, drug=5.0, probes=probes)))
    assert found.high_per_h[0, COOLANT] - found.low_per_h[0, COOLANT] > 0.5


def test_uneven_samples_and_their_order_of_loggers_do_not_matter():
    made = world(20, seed=6, k_coolant=(1.0, 3.0), probes=Probes(jitter=0.0, lost=0.0))
    whole = fit(made)
    random = np.random.default_rng(7)
    kept = random.uniform(size=made.tracks.time_s.size) > 0.4
    thinned = fit_tracks(rows(made.tracks, kept))
    overlap = np.minimum(whole.high_per_h, thinned.high_per_h) - np.maximum(
        whole.low_per_h, thinned.low_per_h
    )
    assert (overlap[:, COOLANT] > 0).mean() > 0.9


def rows(tracks: Tracks, kept: np.ndarray) -> Tracks:
    first = np.concatenate(([0], np.cumsum(kept)))[tracks.first]
    columns = {
        name: getattr(tracks, name)[kept]
        for name in (
            "time_s",
            "received_s",
            "logger",
            "seq",
            "conflict",
            "lat_deg",
            "lon_deg",
            "accuracy_m",
            "lid_open",
            "moving",
            "light_lux",
        )
    }
    temperature = {name: column[kept] for name, column in tracks.temperature_c.items()}
    return replace(tracks, first=first, temperature_c=temperature, **columns)


def test_probes_on_two_loggers_with_their_own_clocks_are_brought_together():
    made = world(1, seed=8, k_coolant=(2.5, 2.5), probes=Probes(jitter=0.0, lost=0.0))
    seconds = made.tracks.time_s - START_S
    drug = made.tracks.temperature_c["drug"]
    others = {name: made.tracks.temperature_c[name] for name in ("coolant", "ambient")}
    one = tracks_of(Series(seconds, drug=drug, probes=others))
    two = tracks_of(
        Series(seconds, drug=drug, logger="A"),
        Series(
            seconds[:-1] + 30.0,
            probes={k: (v[1:] + v[:-1]) / 2.0 for k, v in others.items()},
            logger="B",
        ),
    )
    assert fit_tracks(two).rate_per_h[0, COOLANT] == pytest.approx(
        fit_tracks(one).rate_per_h[0, COOLANT], rel=0.05
    )


def test_lid_open_time_is_left_out():
    """With the lid open the drug warms at a rate that no zone explains."""
    seconds = np.arange(0.0, 4 * 3600.0, 60.0)
    hours = seconds / 3600.0
    coolant = -6.0 + 5.0 * np.minimum(hours, 1.2)
    drug, now = np.empty(seconds.size), 5.0
    opened = (seconds > 7200) & (seconds < 7800)
    for i, is_open in enumerate(opened):
        drug[i] = now
        now += (0.3 * (coolant[i] - now) + (12.0 if is_open else 0.1) * (25.0 - now)) / 60.0
    probes = {"coolant": coolant, "ambient": np.full(seconds.size, 25.0)}
    told = fit_tracks(tracks_of(Series(seconds, drug=drug, probes=probes, lid_open=opened)))
    assert told.rate_per_h[0, COOLANT] == pytest.approx(0.3, abs=0.05)
    events = [("opened", 7200.0), ("closed", 7800.0)]
    by_event = fit_tracks(
        tracks_of(Series(seconds, drug=drug, probes=probes)), Given(start=0.0, events=events)
    )
    assert by_event.rate_per_h[0, COOLANT] == pytest.approx(0.3, abs=0.05)
    untold = fit_tracks(tracks_of(Series(seconds, drug=drug, probes=probes)))
    assert untold.misfit_c[0] > 5.0 * told.misfit_c[0]


def test_steps_longer_than_the_permitted_interval_end_a_run():
    seconds = np.arange(0.0, 4 * 3600.0, 60.0)
    for step_s, runs in ((300.0, 1), (360.0, 2)):
        kept = (seconds <= 3600) | (seconds >= 3600 + step_s)
        probes = {"coolant": np.zeros(kept.sum()), "ambient": np.full(kept.sum(), 20.0)}
        tracks = tracks_of(Series(seconds[kept], drug=5.0, probes=probes))
        curves = exchange_curves(case_of(tracks, terms_of(Given(start=0.0)), NUMBERS))
        assert curves.run[-1] + 1 == runs
    sparse = tracks_of(Series(seconds[::6], drug=5.0, probes={"coolant": 0.0, "ambient": 20.0}))
    assert fit_tracks(sparse).cells[0] == 0


def test_a_zone_without_a_probe_has_no_rate():
    made = world(3, seed=9)
    found = fit(made)
    assert np.isnan(found.rate_per_h[:, GOODS]).all()
    assert np.isfinite(found.rate_per_h[:, AMBIENT]).all()


@pytest.mark.parametrize("probes", [(), ("ambient",), ("coolant", "goods")])
def test_nothing_is_fitted_where_no_exchange_could_be_told(
    probes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a probe outside or without one in a zone there is no equation to solve."""

    def never(*_: object) -> None:
        raise AssertionError("fitted")

    monkeypatch.setattr(output_fit, "_fit_block", never)
    t = np.arange(120) * 60.0
    curves = {name: 20 + np.sin(t / 1000 + i) for i, name in enumerate(probes)}
    found = fit_tracks(tracks_of(Series(t, 5 + np.sin(t / 2000), probes=curves)))
    assert np.isnan(found.rate_per_h).all()


def test_each_shipment_is_fitted_as_if_it_were_alone():
    made = world(4, seed=10, k_coolant=(0.2, 3.0))
    together = fit(made)
    for i in range(4):
        kept = made.tracks.shipment == i
        alone = fit_tracks(
            replace(rows(made.tracks, kept), shipments=("S0",), first=np.array([0, kept.sum()]))
        )
        assert alone.rate_per_h[0] == pytest.approx(together.rate_per_h[i], nan_ok=True, rel=1e-6)
        assert alone.low_per_h[0] == pytest.approx(together.low_per_h[i], nan_ok=True, abs=1e-6)


def test_the_first_round_spares_no_box_whose_names_are_exchanged():
    """`above_only` gives what the whole fit gives, or nothing, and nothing only where nobody could
    be told to have exchanged drug and coolant."""
    made = world(80, seed=19, k_coolant=(0.2, 3.0))
    terms = terms_of(*[Given(start=0.0)] * 80, shipments=made.tracks.shipments)
    named = exchange_curves(case_of(made.tracks, terms, NUMBERS))
    value_c = named.value_c.copy()
    value_c[[0, 1 + COOLANT]] = value_c[[1 + COOLANT, 0]]
    exchanged = replace(named, value_c=value_c)
    limit_per_h = np.full((80, 2), 0.7)
    for curves, other in ((named, exchanged), (exchanged, named)):
        whole = fit_output(curves, limit_per_h=limit_per_h)
        asked = fit_output(curves, limit_per_h=limit_per_h, above_only=True)
        beside = fit_output(other, limit_per_h=limit_per_h)
        told = np.isfinite(asked.misfit_c)
        assert 0 < told.sum() < 80
        np.testing.assert_allclose(asked.low_per_h[told], whole.low_per_h[told], rtol=1e-9)
        follows = whole.low_per_h[:, COOLANT] > limit_per_h[:, COOLANT]
        assert told[follows & (whole.misfit_c < 0.8 * beside.misfit_c)].all()


@pytest.mark.parametrize("outside_most_per_h", [np.inf, 0.4])
@pytest.mark.parametrize("number", [0, 1])
def test_the_best_shares_are_those_of_a_search_over_all_that_are_allowed(
    number: int, outside_most_per_h: float
) -> None:
    """Parabolas drawn at random, against every pair of shares on a grid of half a hundredth."""
    random = np.random.default_rng(4)
    count, steps = 200, 201
    root = random.normal(size=(2, 2, 1, count))
    curve = np.einsum("ijsl,kjsl->iksl", root, root) + 0.05 * np.eye(2)[:, :, None, None]
    slope = random.normal(size=(2, 1, count))
    total = random.uniform(0.2, 6.0, (1, count))
    nothing = np.zeros((1, 1, 1, count))
    made = Reduced(total, curve, slope, np.full((1, count), 9.0), nothing, nothing)
    found = made.best(number, outside_most_per_h=outside_most_per_h)
    share = np.stack(np.meshgrid(*2 * [np.linspace(0.0, 1.0, steps)], indexing="ij"))[..., None]
    squares = 9.0 - 2.0 * (share * slope[:, None]).sum(axis=0)
    squares = squares + np.einsum("iabl,ijl,jabl->abl", share, curve[:, :, 0], share)
    outside = total[0] * (1.0 - share.sum(axis=0))
    allowed = (outside >= -1e-9) & (outside <= outside_most_per_h + 1e-9)
    searched = np.where(allowed, squares, np.inf).min(axis=(0, 1))
    some = np.isfinite(searched)
    assert some.all() or outside_most_per_h < np.inf
    assert (found.squares[0, some] <= searched[some] + 1e-9).all()
    assert found.squares[0, some] == pytest.approx(searched[some], abs=0.1)
    left = total * (1.0 - found.shares.sum(axis=0))
    assert left.min() > -1e-9
    assert left.max() < outside_most_per_h + 1e-9
