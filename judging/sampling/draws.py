"""Who is drawn: simple, by strata, or weighted, each with its known probability of being drawn.

The same frame, seed and method give the same sample on any machine: lots are SHA-256, and every
other choice is made in whole numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm

from coldwitness.domain.errors import BadInput
from coldwitness.domain.spot_checks import Draw, Drawn, Method
from coldwitness.judging.sampling.frames import Frame, Unit
from coldwitness.judging.sampling.tickets import sha256_hex, ticket, uniform


@dataclass(frozen=True)
class _Lot:
    unit: Unit
    ticket: str


def draw(frame: Frame, *, seed: str, size: int, method: Method) -> Draw:
    """Draw `size` units. Raises BadInput where there are not so many, or the seed is empty."""
    if not seed.strip():
        raise BadInput("seed: expected a text")
    if not 1 <= size <= len(frame.units):
        raise BadInput(f"size: expected 1 to {len(frame.units)}, got {size}")
    digest = sha256_hex(seed)
    lots = sorted(
        (_Lot(unit, ticket(unit.id, seed_sha256=digest)) for unit in frame.units),
        key=lambda lot: (lot.ticket, lot.unit.id),
    )
    probability = inclusion_probabilities(frame, size=size, method=method)
    if method == "stratified":
        chosen = _of_strata(lots, allocation(frame, size))
    elif method == "weighted":
        chosen = _pivotal(lots, probability, digest)
    else:
        chosen = lots[:size]
    return Draw(
        frame_sha256=frame.sha256,
        seed=seed,
        method=method,
        drawn=tuple(
            Drawn(
                id=lot.unit.id,
                order=order,
                ticket=lot.ticket,
                inclusion_probability=float(probability[lot.unit.id]),
            )
            for order, lot in enumerate(chosen, start=1)
        ),
    )


@lru_cache(maxsize=4)
def inclusion_probabilities(frame: Frame, *, size: int, method: Method) -> Mapping[str, Fraction]:
    """How probable it is that each unit is drawn, exactly."""
    units = frame.units
    if method == "simple":
        return dict.fromkeys((unit.id for unit in units), Fraction(size, len(units)))
    if method == "weighted":
        return _by_weight(units, size)
    count = _counts(units)
    share = {name: Fraction(n, count[name]) for name, n in allocation(frame, size).items()}
    return {unit.id: share[unit.stratum] for unit in units}


def allocation(frame: Frame, size: int) -> dict[str, int]:
    """How many of each stratum: one of each first, the others by its share, largest remainders
    first, then by name. Raises BadInput where there are more strata than draws."""
    count = _counts(frame.units)
    if size < len(count):
        raise BadInput(f"size: expected at least one for each of {len(count)} strata")
    left, total = size - len(count), len(frame.units) - len(count)
    exact = {
        name: Fraction(left * (n - 1), total) if total else Fraction(0) for name, n in count.items()
    }
    whole = {name: 1 + int(share) for name, share in exact.items()}
    missing = size - sum(whole.values())
    by_remainder = sorted(exact, key=lambda name: (int(exact[name]) - exact[name], name))
    for name in by_remainder[:missing]:
        whole[name] += 1
    return dict(sorted(whole.items()))


def _counts(units: Sequence[Unit]) -> dict[str, int]:
    count: dict[str, int] = {}
    for unit in units:
        count[unit.stratum] = count.get(unit.stratum, 0) + 1
    return count


def _of_strata(lots: Sequence[_Lot], wanted: dict[str, int]) -> list[_Lot]:
    left, chosen = dict(wanted), []
    for lot in lots:
        if left[lot.unit.stratum]:
            left[lot.unit.stratum] -= 1
            chosen.append(lot)
    return chosen


def _by_weight(units: Sequence[Unit], size: int) -> dict[str, Fraction]:
    """In proportion to the weights; whoever would have more than 1 is drawn surely, and the others
    share what is left."""
    sure: set[str] = set()
    while True:
        free = [unit for unit in units if unit.id not in sure]
        total = sum((unit.weight for unit in free), Fraction(0))
        left = size - len(sure)
        more = {unit.id for unit in free if unit.weight * left >= total}
        if not more or left == 0:
            found = {unit.id: unit.weight * left / total for unit in free}
            return found | dict.fromkeys(sure, Fraction(1))
        sure |= more


def _pivotal(lots: Sequence[_Lot], probability: Mapping[str, Fraction], digest: str) -> list[_Lot]:
    """The pivotal method in the order of tickets: each unit has exactly its probability, so many as
    wanted are drawn, and they are negatively associated, by which the bounds of `estimates` hold.

    Source: Deville and Tillé, Biometrika 85 (1998) 89; on the association: Dubhashi, Jonasson and
    Ranjan, Combinatorics, Probability and Computing 16 (2007) 693.
    """
    unit = lcm(*(share.denominator for share in probability.values()))
    one = unit  # probabilities as whole numbers of 1 / unit
    share = [int(probability[lot.unit.id] * unit) for lot in lots]
    chosen = [n for n, part in enumerate(share) if part == one]
    step, held = 0, None
    for n, part in enumerate(share):
        if part in (0, one):
            continue
        if held is None:
            held = n
            continue
        a, b = share[held], part
        chance = uniform(step, seed_sha256=digest)
        step += 1
        if a + b < one:
            keeps = n if chance < Fraction(b, a + b) else held
            share[held], share[n] = 0, 0
            share[keeps] = a + b
            held = keeps
        else:
            taken = held if chance < Fraction(one - b, 2 * one - a - b) else n
            other = n if taken == held else held
            chosen.append(taken)
            share[taken], share[other] = one, a + b - one
            held = other if share[other] else None
    return [lots[n] for n in sorted(chosen)]
