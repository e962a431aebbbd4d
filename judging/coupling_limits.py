"""Which exchange a qualification allows a box: one number, or one for each load it was tried with.

A rate is conductance over heat capacity, so the same box is slower the more it holds.
"""

from collections.abc import Sequence

import numpy as np

from coldwitness.domain.manifest import CouplingAtPayload, Manifest

LOAD_J_PER_KG_K = 2500.0
"""Specific heat of packed medicines where only their mass is stated: about half water (4,180), the
rest glass (about 800) and carton (about 1,400 J/(kg K)). Values: Incropera et al., Fundamentals of
Heat and Mass Transfer, appendix A; the mixture is our own."""


def coupling_limit_per_h(
    stated: float | Sequence[CouplingAtPayload] | None, payload_j_per_k: float | None
) -> float | None:
    """The limit [1/h] at a payload [J/K]. Between two tried loads it runs straight in one over the
    load; beyond them that of the nearest counts, and for an unknown load the largest."""
    if stated is None or isinstance(stated, int | float):
        return stated
    if not stated:
        return None
    if payload_j_per_k is None:
        return max(its.max for its in stated)
    tried = sorted((1.0 / its.payload_j_per_k, its.max) for its in stated)
    return float(
        np.interp(1.0 / payload_j_per_k, [load for load, _ in tried], [most for _, most in tried])
    )


def payload_j_per_k(manifest: Manifest) -> float | None:
    """Heat capacity of the drugs aboard [J/K]: as stated, else of their masses where each drug has
    one; None where it is not known."""
    if manifest.box.payload_j_per_k is not None:
        return manifest.box.payload_j_per_k
    masses = [item.mass_kg for item in manifest.items if item.category == "drug"]
    known = [mass for mass in masses if mass is not None]
    if not known or len(known) < len(masses):
        return None
    return sum(known) * LOAD_J_PER_KG_K
