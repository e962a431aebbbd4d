"""Probes that cannot be where they are said to be.

A swapped pair makes a confident wrong answer: what the box does is right, only the names are
wrong. Three things no box does give it away. Nothing is decided then, and the result says why.
"""

from dataclasses import replace

import numpy as np

from coldwitness.analysis.isolation.exchange_fit import ExchangeFit
from coldwitness.analysis.isolation.windows import AMBIENT, COOLANT, BoolArray, ExchangeWindows
from coldwitness.analysis.terms import Terms

APART_C = 1.0
"""Difference that two honest probes of ±0.5 °C cannot make up."""

SHARE = 0.9
"""Share of the trip over which an impossible order has to hold."""

AMBIENT_MAX_PER_H = 1.0
"""A drug that follows the outside faster than this is in no insulated box."""


def probes_swapped(
    equations: ExchangeWindows, fit: ExchangeFit, back: ExchangeFit, terms: Terms
) -> BoolArray:
    """(s,) True where, by the fit and by that of the `exchanged` equations (`back`),

    - the drug is colder than everything around it, or the coolant warmer than the drug may be,
      than the drug is and than the outside, nearly all the way; or
    - the drug follows the outside as no insulated drug does; or
    - the coolant surely follows the drug faster than the limit, and the drug not surely the
      coolant: a pack of ice does not follow a few vials, but vials do follow a pack of ice.
    """
    limit = terms.coolant_limit_per_h
    with np.errstate(invalid="ignore"):
        outside = fit.low_per_h[:, AMBIENT] > AMBIENT_MAX_PER_H
        follows = (back.low_per_h[:, COOLANT] > limit) & ~(fit.low_per_h[:, COOLANT] > limit)
    return np.asarray(_order(equations, terms) | outside | follows)


def _order(equations: ExchangeWindows, terms: Terms) -> BoolArray:
    shipments = equations.first.size - 1
    owner, drive = equations.shipment, equations.drive_c
    known = equations.known[owner]
    coldest = np.where(known, drive, np.inf).min(axis=1, initial=np.inf)
    count = np.maximum(np.bincount(owner, minlength=shipments), 1)
    alone = np.bincount(owner[np.isfinite(coldest) & (coldest > APART_C)], minlength=shipments)
    coolant_c = equations.drug_c + drive[:, COOLANT]
    hot = (coolant_c > terms.high_c[owner]) & (drive[:, COOLANT] > APART_C)
    hot &= drive[:, COOLANT] - drive[:, AMBIENT] > APART_C
    warm = np.bincount(owner[hot & known[:, COOLANT] & known[:, AMBIENT]], minlength=shipments)
    with_coolant = equations.known[:, COOLANT]
    return np.asarray(with_coolant & (np.maximum(alone, warm) >= SHARE * count))


def exchanged(equations: ExchangeWindows) -> ExchangeWindows:
    """The equations as they would be with the names of drug and coolant exchanged."""
    mine = equations.known[equations.shipment, COOLANT]
    drive, change = equations.drive_c.copy(), equations.drive_rate_c_per_h.copy()
    drive -= np.where(equations.known[equations.shipment], drive[:, [COOLANT]], 0.0)
    drive[:, COOLANT] = -equations.drive_c[:, COOLANT]
    change[:, COOLANT] = equations.rate_c_per_h
    return replace(
        equations,
        rate_c_per_h=np.where(mine, equations.drive_rate_c_per_h[:, COOLANT], 0.0),
        drive_c=drive,
        drive_rate_c_per_h=change,
    )
