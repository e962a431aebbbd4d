"""Which drug items each probe of the drug speaks for, and what limits that makes.

Usually every probe speaks for all items, and their strictest common limits hold. Where probes name
compartments, each speaks for the items of its own. Where the limits of a shipment's items exclude
each other and a probe names no compartment of theirs, it is not sure whose temperature it tells:
what lies outside the limits of one item is possible, and certain only outside those of every item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.terms import Terms
from coldwitness.domain.reading import compartment_of
from coldwitness.domain.tracks import FloatArray, IntArray

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class DrugLimits:
    """Limits of the series of the drug, (m,), and of their items, p pairs by series.

    low_c, high_c : strictest common limits of the items it speaks for, inclusive; low above high
        where two of them exclude each other.
    outer_low_c, outer_high_c : the widest limits of any item it may speak for; the same as those
        above where it is `sure`.
    sure : whose temperature it tells is sure. freeze_sensitive : one of its items may freeze;
        surely_freezes : it is sure to be with such an item.
    first, item, item_sure : rows first[j]:first[j+1] are the items of series j (rows of
        Terms.items), and whether it is surely with each.
    between : series -> the gaps (low, high) [°C] between the limits of a shipment's items, for
        series that are not sure.
    unheard : (k,) items whose stated compartment no probe names, where any names one or the
        classes exclude each other.
    """

    low_c: FloatArray
    high_c: FloatArray
    outer_low_c: FloatArray
    outer_high_c: FloatArray
    sure: Flags
    freeze_sensitive: Flags
    surely_freezes: Flags
    first: IntArray
    item: IntArray
    item_sure: Flags
    between: dict[int, tuple[tuple[float, float], ...]]
    unheard: Flags

    def of(self, start: int, stop: int) -> "DrugLimits":
        """Those of the series start:stop."""
        pairs = slice(int(self.first[start]), int(self.first[stop]))
        rows = slice(start, stop)
        return DrugLimits(
            low_c=self.low_c[rows],
            high_c=self.high_c[rows],
            outer_low_c=self.outer_low_c[rows],
            outer_high_c=self.outer_high_c[rows],
            sure=self.sure[rows],
            freeze_sensitive=self.freeze_sensitive[rows],
            surely_freezes=self.surely_freezes[rows],
            first=self.first[start : stop + 1] - self.first[start],
            item=self.item[pairs],
            item_sure=self.item_sure[pairs],
            between={j - start: gaps for j, gaps in self.between.items() if start <= j < stop},
            unheard=self.unheard,
        )

    @property
    def pairs(self) -> tuple[IntArray, IntArray]:
        """(p,) series and item of each pair."""
        return expanded(first=self.first[:-1], end=self.first[1:])[0], self.item

    def speaks_for(self, *, series: IntArray, item: IntArray) -> tuple[Flags, Flags]:
        """(q,) whether each series speaks for the item beside it, and whether surely."""
        width = self.unheard.size + 1
        owner, its = self.pairs
        order = np.argsort(owner * width + its, kind="stable")
        keys = (owner * width + its)[order]
        asked = series * width + item
        place = np.searchsorted(keys, asked)
        found = np.zeros(asked.size, dtype=np.bool_)
        inside = place < keys.size
        found[inside] = keys[place[inside]] == asked[inside]
        surely = np.zeros(asked.size, dtype=np.bool_)
        surely[found] = self.item_sure[order[place[found]]]
        return found, surely


def drug_limits(series: Series, terms: Terms) -> DrugLimits:
    """Of the drug's series of all shipments."""
    items, shipment = terms.items, series.shipment
    first, end = items.first[shipment], items.first[shipment + 1]
    owner, item = expanded(first=first, end=end)
    named = _compartments(series, terms)
    apart = np.zeros(len(terms), dtype=np.bool_)
    apart[shipment[named != ""]] = True
    apart |= terms.excluding
    freezes = terms.freeze_sensitive[shipment]
    plain = DrugLimits(
        low_c=terms.low_c[shipment],
        high_c=terms.high_c[shipment],
        outer_low_c=terms.low_c[shipment],
        outer_high_c=terms.high_c[shipment],
        sure=np.ones(len(series), dtype=np.bool_),
        freeze_sensitive=freezes,
        surely_freezes=freezes,
        first=np.concatenate(([0], np.cumsum(end - first))),
        item=item,
        item_sure=np.ones(item.size, dtype=np.bool_),
        between={},
        unheard=np.zeros(items.low_c.size, dtype=np.bool_),
    )
    if not apart.any():
        return plain
    usual = ~apart[shipment[owner]]
    return _with_compartments(plain, series, terms, named, apart, owner[usual], item[usual])


def heard_by(
    limits: DrugLimits, series: Series, terms: Terms
) -> dict[tuple[int, str], frozenset[int]]:
    """The items that a probe of a shipment speaks for, where it does not for all of them."""
    count = np.diff(terms.items.first)[series.shipment]
    return {
        (int(series.shipment[j]), series.probes[int(series.probe[j])]): frozenset(
            limits.item[limits.first[j] : limits.first[j + 1]].tolist()
        )
        for j in np.flatnonzero(np.diff(limits.first) != count).tolist()
    }


@dataclass(frozen=True)
class ProbeLimits:
    """(s,) what one drug probe of each shipment is judged by, as in DrugLimits; the shipment's
    common limits where it has no series of that probe."""

    low_c: FloatArray
    high_c: FloatArray
    outer_low_c: FloatArray
    outer_high_c: FloatArray
    freeze_sensitive: Flags


def probe_limits(limits: DrugLimits, series: Series, terms: Terms, name: str) -> ProbeLimits:
    """Of the probe `name` of every shipment."""
    plain = ProbeLimits(
        terms.low_c, terms.high_c, terms.low_c, terms.high_c, terms.freeze_sensitive
    )
    if name not in series.probes:
        return plain
    j = np.flatnonzero(series.probe == series.probes.index(name))
    at = series.shipment[j]
    columns = {}
    for field in ("low_c", "high_c", "outer_low_c", "outer_high_c", "freeze_sensitive"):
        column = getattr(plain, field).copy()
        column[at] = getattr(limits, field)[j]
        columns[field] = column
    return ProbeLimits(**columns)


def _compartments(series: Series, terms: Terms) -> NDArray[np.str_]:
    """(m,) the compartment that each series' probe names, in its own name or else in the manifest's
    map; "" where it names none."""
    by_name = np.array([*(compartment_of(name) or "" for name in series.probes), ""])
    named = by_name[series.probe].astype(object)
    for row, mapped in terms.probe_compartments.items():
        low, high = np.searchsorted(series.shipment, [row, row + 1])
        for j in range(int(low), int(high)):
            named[j] = named[j] or mapped.get(series.probes[int(series.probe[j])], "")
    return named.astype(np.str_)


def _with_compartments(
    plain: DrugLimits,
    series: Series,
    terms: Terms,
    named: NDArray[np.str_],
    apart: Flags,
    owner: IntArray,
    item: IntArray,
) -> DrugLimits:
    """apart : (s,) shipments to be parted, which are few; owner, item : the pairs of all others."""
    items = terms.items
    stated = np.array(items.compartment, dtype=np.str_)
    low_c, high_c = plain.low_c.copy(), plain.high_c.copy()
    outer_low_c, outer_high_c = low_c.copy(), high_c.copy()
    sure = plain.sure.copy()
    freezes, surely_freezes = plain.freeze_sensitive.copy(), plain.surely_freezes.copy()
    unheard = plain.unheard.copy()
    between: dict[int, tuple[tuple[float, float], ...]] = {}
    owners, pairs, sures = [owner], [item], [np.ones(item.size, dtype=np.bool_)]
    for row in np.flatnonzero(apart).tolist():
        every = np.arange(items.first[row], items.first[row + 1])
        mine = np.arange(*np.searchsorted(series.shipment, [row, row + 1]))
        heard = np.isin(stated[every], named[mine]) & (stated[every] != "")
        unheard[every] = (stated[every] != "") & ~heard
        excluding = bool(terms.excluding[row])
        gaps = _gaps(items.low_c[every], items.high_c[every])
        for j in mine.tolist():
            own = every[(stated[every] == named[j]) & (named[j] != "")]
            loose = every[stated[every] == ""]
            known = own.size > 0
            if not known:
                own = every[~heard]
                own = own if own.size else every
                loose = loose[:0]
            if not excluding:
                own, loose = np.union1d(own, loose), loose[:0]
            low_c[j], high_c[j] = _common(items.low_c[own], items.high_c[own])
            outer_low_c[j], outer_high_c[j] = low_c[j], high_c[j]
            its = np.concatenate([own, loose])
            freezes[j] = items.freeze_sensitive[its].any()
            surely_freezes[j] = items.freeze_sensitive[own].any()
            if excluding and not known:
                sure[j] = False
                outer_low_c[j] = items.low_c[every].min(initial=np.inf)
                outer_high_c[j] = items.high_c[every].max(initial=-np.inf)
                surely_freezes[j] = items.freeze_sensitive[every].all()
                between[j] = gaps
            owners.append(np.full(its.size, j))
            pairs.append(its)
            sures.append(np.isin(its, own) & sure[j])
    owner, item = np.concatenate(owners), np.concatenate(pairs)
    order = np.argsort(owner, kind="stable")
    return DrugLimits(
        low_c=low_c,
        high_c=high_c,
        outer_low_c=outer_low_c,
        outer_high_c=outer_high_c,
        sure=sure,
        freeze_sensitive=freezes,
        surely_freezes=surely_freezes,
        first=np.searchsorted(owner[order], np.arange(len(series) + 1)),
        item=item[order],
        item_sure=np.concatenate(sures)[order],
        between=between,
        unheard=unheard,
    )


def _common(low_c: FloatArray, high_c: FloatArray) -> tuple[float, float]:
    return float(low_c.max(initial=-np.inf)), float(high_c.min(initial=np.inf))


def _gaps(low_c: FloatArray, high_c: FloatArray) -> tuple[tuple[float, float], ...]:
    """The temperatures between limits that no item allows."""
    order = np.argsort(low_c, kind="stable")
    reached: Sequence[float] = np.maximum.accumulate(high_c[order]).tolist()
    begins: Sequence[float] = low_c[order].tolist()
    return tuple(
        (upto, begin)
        for (upto, _), (_, begin) in pairwise(zip(reached, begins, strict=True))
        if begin > upto
    )
