"""Stability budgets: minutes an item may spend in a band of temperatures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.drug_limits import DrugLimits
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.record.steps import Steps
from coldwitness.analysis.temperature.beyond import times_beyond
from coldwitness.analysis.temperature.uncertainty import above
from coldwitness.analysis.terms import Terms
from coldwitness.domain.tracks import FloatArray, IntArray


@dataclass(frozen=True)
class BudgetIndex:
    """Budgets sorted by shipment: those of shipment i are order[first[i]:first[i+1]]."""

    first: IntArray
    order: IntArray


@dataclass(frozen=True)
class BudgetUse:
    """(u,) minutes of one budget as one series shows them, in above < T <= up_to.

    sure : the series surely tells the item's temperature. least_min : surely; used_min : in known
    time; could_min : by the limits themselves with what unseen time allows; most_min : possibly,
    uncertainty included.
    """

    series: IntArray
    budget: IntArray
    sure: NDArray[np.bool_]
    least_min: FloatArray
    used_min: FloatArray
    could_min: FloatArray
    most_min: FloatArray


def budget_index(terms: Terms) -> BudgetIndex:
    owner = item_shipment(terms)[terms.budgets.item]
    order = np.argsort(owner, kind="stable")
    return BudgetIndex(np.searchsorted(owner[order], np.arange(len(terms) + 1)), order)


def item_shipment(terms: Terms) -> IntArray:
    """(k,) the shipment of each item."""
    return np.repeat(np.arange(len(terms)), np.diff(terms.items.first))


def budget_use(
    case: Case, series: Series, steps: Steps, index: BudgetIndex, limits: DrugLimits
) -> BudgetUse:
    """Use of every budget by every series that speaks for its item, some of the case's series."""
    terms, numbers, shipment = case.terms, case.numbers, series.shipment
    owner, place = expanded(first=index.first[shipment], end=index.first[shipment + 1])
    budget = index.order[place]
    speaks, sure = limits.speaks_for(series=owner, item=terms.budgets.item[budget])
    owner, budget, sure = owner[speaks], budget[speaks], sure[speaks]
    if budget.size == 0:
        nothing = np.zeros(0)
        return BudgetUse(owner, budget, sure, nothing, nothing, nothing, nothing)
    accuracy = series.accuracy_c[owner]
    lag_s = np.nan_to_num(terms.response_s[shipment[owner]])
    lower = above(terms.budgets.above_c[budget], numbers, accuracy_c=accuracy).lagging(lag_s)
    upper = above(terms.budgets.up_to_c[budget], numbers, accuracy_c=accuracy).lagging(lag_s)
    over, past = (
        times_beyond(series, steps, owner, lower),
        times_beyond(series, steps, owner, upper),
    )
    return BudgetUse(
        series=owner,
        budget=budget,
        sure=sure,
        least_min=np.maximum(over.least_s - past.most_s, 0.0) / 60,
        used_min=np.maximum(over.known_s - past.known_s, 0.0) / 60,
        could_min=np.maximum(over.could_s - past.known_s, 0.0) / 60,
        most_min=np.maximum(over.most_s - past.least_s, 0.0) / 60,
    )
