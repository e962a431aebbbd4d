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

_FAST_PER_H = 1e4


@dataclass(frozen=True)
class Loads:
    """(s, l) systems to try. total_per_h : the sum of the rates to all zones [1/h], by which the
    whole load follows them. surface, inside_per_h : as CORES; NaN for a load of one mass."""

    total_per_h: FloatArray
    surface: FloatArray
    inside_per_h: FloatArray

    @property
    def one_mass(self) -> FloatArray:
        """(s, l) True where there is no core."""
        return np.isnan(self.surface)


@dataclass(frozen=True)
class Response:
    """(m, s, l) by cell, shipment and system.

    zones : (m, s, l, z) what each zone alone makes of the drug since the run began. drift : (m, s,
    l, z) how fast that changes, per hour. began : what is left of the temperature it began with.
    core : what is left of one degree more in the core at the start.
    """

    zones: FloatArray
    drift: FloatArray
    began: FloatArray
    core: FloatArray


def loads(total_per_h: FloatArray, *, cores: int = len(CORES)) -> Loads:
    """Every load, with so many of the cores, at every total rate (s, t) [1/h]: (s, t · (1 +
    cores)), the loads of one mass first."""
    kinds = [(np.nan, np.nan), *CORES[:cores]]
    surface = np.repeat([kind[0] for kind in kinds], total_per_h.shape[1])
    inside = np.repeat([kind[1] for kind in kinds], total_per_h.shape[1])
    total = np.tile(total_per_h, (1, len(kinds)))
    return Loads(
        total_per_h=total,
        surface=np.broadcast_to(surface, total.shape),
        inside_per_h=np.broadcast_to(inside, total.shape),
    )


def response(cells: Cells, systems: Loads, zones: tuple[int, ...]) -> Response:
    """The drug's course (m, s, l) in every system [°C], for some zones; times in hours.

    With φ the surface's share of the capacity, m the core's rate and K the total:
    φ dTs/dt = u - K Ts + m (Tc - Ts), (1 - φ) dTc/dt = m (Ts - Tc). Both are sums of two
    exponentials λ1, λ2; each is filtered exactly for zones that run straight from cell to cell.
    Two nodes of a lumped network: Incropera et al., Fundamentals of Heat and Mass Transfer, ch. 5;
    the filter is the exact first-order hold.
    """
    slow, fast, share, leak = _modes(systems)
    zone_c = np.ascontiguousarray(np.moveaxis(cells.zone_c[..., zones], 1, 0))[:, :, None]
    step_h = np.ascontiguousarray(cells.step_h.T)
    one, two = (_filtered(zone_c, step_h, decay) for decay in (slow, fast))
    mixed = share[..., None]
    drift = (mixed * slow[..., None]) * (zone_c - one)
    drift += ((1.0 - mixed) * fast[..., None]) * (zone_c - two)
    one *= mixed
    two *= 1.0 - mixed
    one += two
    since = cells.since_h.T[:, :, None]
    late, early = np.exp(-slow * since), np.exp(-fast * since)
    return Response(
        zones=one,
        drift=drift,
        began=share * late + (1.0 - share) * early,
        core=leak * (late - early),
    )


def _modes(systems: Loads) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """(s, l) both decay rates, the slow one's share of the gain, and what a degree of the core
    does to the surface."""
    total, one = systems.total_per_h, systems.one_mass
    surface = np.where(one, 0.5, systems.surface)
    inside = np.where(one, 1.0, systems.inside_per_h)
    product = surface * (1.0 - surface)
    middle = (inside + total * (1.0 - surface)) / (2.0 * product)
    apart = np.sqrt(middle**2 - total * inside / product)
    slow, fast = middle - apart, middle + apart
    gain = (inside - (1.0 - surface) * slow) / (product * 2.0 * apart)
    return (
        np.where(one, total, slow),
        np.where(one, _FAST_PER_H, fast),
        np.where(one, 1.0, gain * total / slow),
        np.where(one, 0.0, inside / surface / (2.0 * apart)),
    )


def _filtered(zone_c: FloatArray, step_h: FloatArray, decay_per_h: FloatArray) -> FloatArray:
    """(m, s, l, z) zones (m, s, 1, z) through first-order lags of decay (s, l), each run from zero;
    step_h : (m, s) to the next cell, 0 at the end of a run."""
    lost = decay_per_h * step_h[:-1, :, None]
    kept = np.exp(-lost)
    joined = step_h[:-1, :, None] > 0
    straight = (1.0 - kept) / np.maximum(lost, 1e-12)
    before = np.where(joined, straight - kept, 0.0)[..., None]
    after = np.where(joined, 1.0 - straight, 0.0)[..., None]
    kept = np.where(joined, kept, 0.0)[..., None]
    cells, shipments = step_h.shape
    out = np.zeros((cells, shipments, decay_per_h.shape[1], zone_c.shape[-1]))
    for cell in range(1, cells):
        now = out[cell]
        np.multiply(kept[cell - 1], out[cell - 1], out=now)
        now += before[cell - 1] * zone_c[cell - 1]
        now += after[cell - 1] * zone_c[cell]
    return out
