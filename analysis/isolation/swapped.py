"""Probes that cannot be where they are said to be.

A swapped pair makes a confident wrong answer: what the box does is right, only the names are
wrong. Three things no box does give it away. Nothing is decided then, and the result says why.
"""

from dataclasses import replace

import numpy as np

from coldwitness.analysis.isolation.cells import Cells
from coldwitness.analysis.isolation.curves import AMBIENT, COOLANT, BoolArray, ExchangeCurves
from coldwitness.analysis.isolation.output_fit import OutputFit, fit_output
from coldwitness.analysis.terms import Terms
from coldwitness.domain.tracks import FloatArray

APART_C = 1.0
"""Difference that two honest probes of ±0.5 °C cannot make up."""

SHARE = 0.9
"""Share of the trip over which an impossible order has to hold."""

AMBIENT_MAX_PER_H = 1.0
"""A drug that follows the outside faster than this is in no insulated box."""

MISFIT_C = 0.1
"""What an equation leaves over at most where its probes are in their places, a cell. Below it
nothing is left that exchanged names could explain better."""

BETTER = 0.8
"""Exchanged names explain it better if they leave at most this part of what is left over."""


def probes_swapped(
    curves: ExchangeCurves, fit: OutputFit, terms: Terms, *, limit_per_h: FloatArray
) -> BoolArray:
    """(s,) True where

    - the drug is colder than everything around it, or the coolant warmer than the drug may be,
      than the drug is and than the outside, nearly all the way; or
    - the drug follows the outside as no insulated drug does; or
    - the drug's course does not follow from its surroundings, and with the names of drug and
      coolant exchanged it does, the coolant following the drug faster than the limit: a pack of ice
      does not follow a few vials, but vials do follow a pack of ice.

    limit_per_h : (s, 2) of coolant and goods.
    """
    outside = fit.rate_per_h[:, AMBIENT] > AMBIENT_MAX_PER_H
    follows = np.zeros(len(terms), dtype=np.bool_)
    odd = curves.known[:, COOLANT] & (fit.misfit_c > MISFIT_C)
    odd &= ~(fit.low_per_h[:, COOLANT] > limit_per_h[:, COOLANT])
    if odd.any():
        back = fit_output(_exchanged(curves), limit_per_h=limit_per_h, of=odd, above_only=True)
        follows = odd & (back.low_per_h[:, COOLANT] > limit_per_h[:, COOLANT])
        follows &= back.misfit_c < BETTER * fit.misfit_c
    return np.asarray(_order(fit.course, curves.known, terms) | outside | follows)


def _order(cells: Cells, known: BoolArray, terms: Terms) -> BoolArray:
    there = cells.run >= 0
    drive = cells.zone_c - cells.drug_c[..., None]
    coldest = np.where(known[:, None], drive, np.inf).min(axis=2)
    alone = (np.isfinite(coldest) & (coldest > APART_C) & there).sum(axis=1)
    coolant_c = cells.zone_c[..., COOLANT]
    hot = (coolant_c > terms.high_c[:, None]) & (drive[..., COOLANT] > APART_C) & there
    hot &= coolant_c - cells.zone_c[..., AMBIENT] > APART_C
    warm = np.where(known[:, COOLANT] & known[:, AMBIENT], hot.sum(axis=1), 0)
    least = SHARE * np.maximum(there.sum(axis=1), 1)
    return np.asarray(known[:, COOLANT] & (np.maximum(alone, warm) >= least))


def _exchanged(curves: ExchangeCurves) -> ExchangeCurves:
    """The curves as they would be with the names of drug and coolant exchanged."""
    value_c = curves.value_c.copy()
    value_c[[0, 1 + COOLANT]] = value_c[[1 + COOLANT, 0]]
    return replace(curves, value_c=value_c)
