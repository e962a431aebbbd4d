"""The noise that a logger's other probes show while one of them stands still.

Where a probe's own noise lies below half of its grid it cannot tell a held value. Its neighbours
have the same sensor and the same converter, and they were read at the same instants.
"""

from math import erf, inf, log, pi, sqrt

import numpy as np

from coldwitness.domain.tracks import FloatArray

HELD_MIN_S, STEPS_MIN = 3600.0, 40
"""Shorter stretches are not told by the neighbours alone: an honest pack of phase-change material
holds a value for three quarters of an hour."""
CHANCE = 1e-2
"""The bound takes the temperature to rest in the middle of a grid step all the time, which no box
does for an hour; so it need not be a small one."""
EDGES_MIN = 2
"""Grid edges that a neighbour has to cross to and fro: the least noise flickers on one, if the
temperature happens to lie there, and on no other."""
OWN_TURNS_MIN = 3
OWN_TIMES = 2.5
"""The probe itself has to turn back elsewhere, and is taken to have at most this many times the
noise that its own few turns show."""
_SAME_C = 1e-6
_CHANGES_PER_STEP = 2 / sqrt(pi)


def peer_noise_c(value_c: FloatArray) -> tuple[float, float]:
    """Noise [°C] of a neighbour from how often its readings change, and its grid [°C]; 0 where it
    flickers on one grid edge alone.

    Our own: two readings of noise σ on a grid q, wherever the temperature lies, differ with the
    chance E|n1 - n2| / q = 2 σ / (√π q) while σ is below about q; the less restless half of the
    readings counts. value_c : (n,) [°C].
    """
    change = np.diff(value_c)
    moves = np.abs(change) > _SAME_C
    if not moves.any():
        return 0.0, inf
    grid_c = float(np.abs(change[moves]).min())
    level = np.rint(value_c / grid_c)
    edge = np.minimum(level[1:], level[:-1])
    up, down = set(edge[change > _SAME_C].tolist()), set(edge[change < -_SAME_C].tolist())
    if len(up & down) < EDGES_MIN:
        return 0.0, grid_c
    half = change.size // 2
    share = min(float(moves[:half].mean()), float(moves[half:].mean()))
    return grid_c * share / _CHANGES_PER_STEP, grid_c


def log_chance_by_peers(peers: list[FloatArray], own: list[FloatArray]) -> float:
    """Logarithm of the greatest chance that a probe gives the same reading again, by the noise of
    its neighbours; 0 where one of them shows none, or the probe itself shows none elsewhere.

    peers : readings of the others while this one stood still, own : its readings before and after,
    (n,) each [°C]. With σ on the grid q, in the middle of a grid step: erf(q / (2√2 σ)).
    """
    turned, steps = sum(map(_turns, own)), sum(max(part.size - 1, 0) for part in own)
    seen = [peer_noise_c(peer) for peer in peers]
    if turned < OWN_TURNS_MIN or not seen or min(noise for noise, _ in seen) <= 0:
        return 0.0
    noise_c, grid_c = max(seen)
    own_c = grid_c * turned / steps / _CHANGES_PER_STEP
    return log(erf(grid_c / (2 * sqrt(2) * min(noise_c, OWN_TIMES * own_c))))


def _turns(value_c: FloatArray) -> int:
    """How often the readings (n,) change against the way of the change before."""
    change = np.diff(value_c)
    way = np.sign(change[np.abs(change) > _SAME_C])
    return int(np.count_nonzero(way[1:] != way[:-1]))
