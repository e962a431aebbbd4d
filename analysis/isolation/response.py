"""What the drug does in a box of known exchange: one mass, or a surface with a core behind it.

With unit gain, so that a lasting degree of a zone that alone is there becomes a degree of the drug.
"""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.isolation.cells import Cells
from coldwitness.domain.tracks import FloatArray

CORES = ((0.2, 4.0), (0.2, 12.0), (0.4, 4.0), (0.4, 12.0))
"""Loads with a core: share of the heat capacity that the surface has where the probe lies, and the
conductance to the core over the capacity of the whole [1/h]. A carton of vials comes to itself in
minutes to half an hour."""

_LOG2_E = 1.0 / np.log(2.0)


@dataclass(frozen=True)
class Loads:
    """(s, l) systems to try, those of one mass first; their exponentials (s, e) are one of each
    system, in order, then the second of each that has a core.

    total_per_h : (s, l) the sum of the rates to all zones [1/h], by which the whole load follows
    them. single : how many are of one mass. decay_per_h, share : (s, e) of each exponential, and
    its part of the gain. core : (s, e) what a degree of the core at the start does through it.
    """

    total_per_h: FloatArray
    single: int
    decay_per_h: FloatArray
    share: FloatArray
    core: FloatArray


@dataclass(frozen=True)
class Response:
    """(m, s, l) by cell, shipment and system.

    behind : (m, z, s, l) how far the drug that follows one curve alone is behind it. drift : (m, i,
    s, l) how fast it follows the first i curves, per hour. began : what is left of the temperature
    it began with. core : what is left of one degree more in the core at the start.
    """

    behind: FloatArray
    drift: FloatArray
    began: FloatArray
    core: FloatArray


def loads(total_per_h: FloatArray, *, cores: int = len(CORES)) -> Loads:
    """Every load, with so many of the cores, at every total rate (s, t) [1/h]: (s, t · (1 +
    cores)), the loads of one mass first.

    With φ the surface's share of the capacity, m the core's rate and K the total:
    φ dTs/dt = u - K Ts + m (Tc - Ts), (1 - φ) dTc/dt = m (Ts - Tc). Both are sums of two
    exponentials. Two nodes of a lumped network: Incropera et al., Fundamentals of Heat and Mass
    Transfer, ch. 5.
    """
    surface, inside = np.repeat(np.array(CORES[:cores]), total_per_h.shape[1], axis=0).T
    total = np.tile(total_per_h, (1, cores))
    product = surface * (1.0 - surface)
    middle = (inside + total * (1.0 - surface)) / (2.0 * product)
    apart = np.sqrt(middle**2 - total * inside / product)
    slow, fast = middle - apart, middle + apart
    share = (inside - (1.0 - surface) * slow) / (product * 2.0 * apart) * total / slow
    core = inside / surface / (2.0 * apart)
    whole = np.ones_like(total_per_h)
    return Loads(
        total_per_h=np.concatenate((total_per_h, total), axis=1),
        single=total_per_h.shape[1],
        decay_per_h=np.concatenate((total_per_h, slow, fast), axis=1),
        share=np.concatenate((whole, share, 1.0 - share), axis=1),
        core=np.concatenate((0.0 * whole, core, -core), axis=1),
    )


def response(cells: Cells, systems: Loads, curve_c: FloatArray, *, drifting: int) -> Response:
    """How the drug follows curve_c (m, z, s) in every system of (s, l), and how fast those of the
    first `drifting` curves; °C, hours."""
    one, count = systems.single, systems.total_per_h.shape[1]
    made = _behind(cells, systems, curve_c)
    first, second = made[..., :count], made[..., count:]
    drift = systems.decay_per_h[:, :count] * first[:, :drifting]
    drift[..., one:] += systems.decay_per_h[:, count:] * second[:, :drifting]
    # What is left of the start carries each exponential's share: the core has its own.
    ratio = systems.core / systems.share
    core = ratio[:, :count] * first[:, -1]
    core[..., one:] += ratio[:, count:] * second[:, -1]
    first[..., one:] += second
    return Response(behind=first[:, :-1], drift=drift, began=first[:, -1], core=core)


def _behind(cells: Cells, systems: Loads, curve_c: FloatArray) -> FloatArray:
    """(m, z + 1, s, e) how far each exponential is behind the curves (m, z, s) that it follows,
    each run from zero, and what is left of the start; both times its share.

    Exact for curves that run straight from cell to cell (the first-order hold), as the distance d
    from the curve c: d' = kept · d + (1 - kept) / (λ step) · (c' - c). A run begins as if the curve
    had jumped to where it is.
    """
    size, curves = curve_c.shape[:2]
    kept, straight = _steps(cells, systems)
    joined = cells.step_h.T[:-1] > 0
    change_c = curve_c[..., None].copy()
    change_c[1:, ..., 0] -= np.where(joined[:, None], curve_c[:-1], 0.0)
    out = np.zeros((size, curves + 1, *systems.share.shape))
    left = np.exp(-systems.decay_per_h * cells.since_h[:, :1]) * systems.share
    out[0, :-1] = systems.share * change_c[0]
    out[0, -1] = left
    begins, whose = np.nonzero(~joined)
    late_h = cells.since_h[whose, begins + 1][:, None]
    left = np.exp(-systems.decay_per_h[whose] * late_h) * systems.share[whose]
    out[begins + 1, -1, whose] = left
    carried = np.empty(out.shape[1:])
    followed = out[1:, :-1]
    for before, now, mine, keeps, goes, change in zip(
        out, out[1:], followed, kept, straight, change_c[1:], strict=False
    ):
        np.multiply(goes, change, out=mine)
        np.multiply(keeps, before, out=carried)
        np.add(now, carried, out=now)
    return out


def _steps(cells: Cells, systems: Loads) -> tuple[FloatArray, FloatArray]:
    """(m - 1, s, e) what a step leaves of each exponential, and (1 - that) / (λ step) times its
    share; nothing, and the share, where no step joins two cells.

    A logger's steps are few, so each is worked out once; powers of two are cheaper than of e.
    """
    step_h = cells.step_h[:, :-1]
    shipments, size = step_h.shape
    key = (step_h + 1000.0 * np.arange(shipments)[:, None]).ravel()
    _, at, which = np.unique(key, return_index=True, return_inverse=True)
    step_h, whose = step_h.ravel()[at], at // size
    decay = systems.decay_per_h[whose] * _LOG2_E
    lost = decay * np.where(step_h > 0, step_h, np.inf)[:, None]
    kept = np.exp2(-lost)
    straight = (1.0 - kept) / lost
    straight *= systems.share[whose] * _LOG2_E
    straight[step_h <= 0] = systems.share[whose[step_h <= 0]]
    each = which.reshape(shipments, size).T
    return kept[each], straight[each]
