"""Curves that are copies of others, or of their own earlier part.

Found are copies that are equal, shifted in time, moved by a constant, and edited in up to about
5 % of their readings; of a drug that hardly moves, by its joint curve with the zones about it. A
copy to which noise was added cannot be told from an honest curve.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, finding_table
from coldwitness.analysis.integrity.information import move_bits
from coldwitness.analysis.record.curves import RUN, CurveIndex, joined
from coldwitness.analysis.record.spans import expanded
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.domain.words import Certainty, Severity

READINGS_MIN = 30
"""Shorter agreements are not told: half an hour at one reading a minute."""
MOVES_MIN, MOVES_MIN_UNTIL = 30, 60
"""Changes that have to agree; of a restless sensor each agrees by chance in a third of cases. In
a stretch shorter than MOVES_MIN_UNTIL readings more have to, by as much as it is shorter: two a
reading at READINGS_MIN, which only several probes together can give."""
DRUG_MOVES_MIN = 5
"""How many of them have to be the drug's own: boxes on one van may share the air about them."""
AGREE_MIN = 0.85
"""Each edited reading spoils two differences: 5 % edits leave nine in ten."""
MOVES_AGREE_MIN = 0.6
"""A quiet sensor's few changes drown in the edits sooner than its level does."""
TURNS_MIN = 0.2
"""Share of the changes that turn back. Smooth curves, drawn or of a slow sensor, resemble each
other without being copies; what identifies a sensor's own record is its noise."""
BITS_MIN, JOINT_BITS_MIN = 60.0, 90.0
"""Information of an equal run without a break that suffices whatever the counts above say: among
1.5e8 honest pairs of places in real series the most was 39 bits. The channels of a joint curve are
not wholly independent; half as much again is asked of them."""
RECEIPT_MARGIN_S = 1.0
"""Two processes receive with clocks of their own; within this neither was first."""
RECEIVED_SHARE = 0.95
"""Share of a stretch that has to have come first: a message sent again may come late."""
_CROWD = 30
"""Hashes that more runs share are common patterns and say nothing."""


@dataclass(frozen=True)
class Copies:
    """(c,) agreeing stretches: curve a from row at_a, curve b from row at_b, `readings` long;
    share : of the differences that agree."""

    curve_a: IntArray
    curve_b: IntArray
    at_a: IntArray
    at_b: IntArray
    readings: IntArray
    share: FloatArray


def copied_findings(index: CurveIndex, *, earlier: CurveIndex | None = None) -> FindingTable:
    """One finding for each series in `index` of which a stretch is a copy, naming the shipment
    with the longest agreement and, in `others`, the rest; one whose stretch was received earlier
    goes before all others. `earlier` : curves judged before; a shipment in both is not compared
    with itself there.

    The record that was received later is probably the copy; the other carries a note. Where
    nothing says which came first, and inside one shipment, either may be one.
    """
    both = index if earlier is None else joined([index, earlier])
    own = index.shipment.size
    copies = copies_in(both, own=own)
    if copies.readings.size == 0:
        return NO_FINDINGS
    side_a = (copies.curve_a, copies.at_a, copies.curve_b, copies.at_b)
    side_b = (copies.curve_b, copies.at_b, copies.curve_a, copies.at_a)
    mine, at, other, other_at = (np.concatenate(pair) for pair in zip(side_a, side_b, strict=True))
    readings, share = np.tile(copies.readings, 2), np.tile(copies.share, 2)
    order_a = _received_order(both, copies)
    behind = np.concatenate([order_a, -order_a])
    # A copy within one curve is told once, at its later part.
    told = (mine < own) & ~((mine == other) & (at < other_at))
    subject = _subjects(both)[mine]
    order = np.flatnonzero(told)
    # Among partners that agree equally long the first by name: by its place among the curves, the
    # order in which shipments were given would decide.
    named = np.array(both.shipments, dtype=np.str_)[both.shipment[other[order]]]
    best_first = (other[order], named, -readings[order], -behind[order], subject[order])
    order = order[np.lexsort(best_first)]
    lead = order[np.flatnonzero(np.diff(subject[order], prepend=-1))]
    details: dict[int, dict[str, object]] = {}
    for row, best in enumerate(lead):
        partners = order[subject[order] == subject[best]]
        names = [both.shipments[both.shipment[other[i]]] for i in partners]
        details[row] = {
            "other_shipment": names[0],
            "others": sorted(set(names))[:20],
            "logger": str(both.logger[mine[best]]) or None,
        }
    end = at[lead] + readings[lead] - 1
    later, first = behind[lead] == 1, behind[lead] == -1
    return finding_table(
        shipment=both.shipment[mine[lead]],
        type=code_of("data_integrity/copied"),
        start_s=both.time_s[at[lead]],
        end_s=both.time_s[end],
        certainty=np.where(later, Certainty.PROBABLE, Certainty.POSSIBLE),
        severity=np.where(first, Severity.MINOR, Severity.MAJOR).astype(np.int8),
        probe=both.probe[mine[lead]] if lead.size else "",
        measures={
            "readings": readings[lead].astype(np.float64),
            "share": share[lead],
            "shift_s": both.time_s[at[lead]] - both.time_s[other_at[lead]],
            "received_later": np.where(later, 1.0, np.nan),
            "received_first": np.where(first, 1.0, np.nan),
        },
        details=details,
    )


def _received_order(index: CurveIndex, copies: Copies) -> IntArray:
    """(c,) 1 where curve a's stretch was received after b's, -1 where before it, 0 where nothing
    says so: a time of receipt is absent, or some readings came first here and some there."""
    stretch, row = expanded(first=copies.at_a, end=copies.at_a + copies.readings)
    other = row + (copies.at_b - copies.at_a)[stretch]
    behind_s = index.received_s[row] - index.received_s[other]

    def share(which: NDArray[np.bool_]) -> FloatArray:
        counted = np.bincount(stretch, weights=which, minlength=copies.readings.size)
        return np.asarray(counted / copies.readings)

    order = np.zeros(copies.readings.size, dtype=np.int64)
    order[share(behind_s > RECEIPT_MARGIN_S) >= RECEIVED_SHARE] = 1
    order[share(behind_s < -RECEIPT_MARGIN_S) >= RECEIVED_SHARE] = -1
    order[index.shipment[copies.curve_a] == index.shipment[copies.curve_b]] = 0
    return order


def _subjects(index: CurveIndex) -> IntArray:
    """(c,) number of the series that a curve belongs to, the same for its joint curve."""
    names = zip(index.shipment.tolist(), index.probe.tolist(), index.logger.tolist(), strict=True)
    numbers: dict[tuple[int, str, str], int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def copies_in(index: CurveIndex, *, own: int) -> Copies:
    """Agreeing stretches of which at least one curve is among the first `own`."""
    first, second = _same_hash(index.key)
    if first.size == 0:
        return Copies(first, first, first, first, first, np.zeros(0))
    a, b = index.curve[first], index.curve[second]
    at_a, at_b = index.at[first], index.at[second]
    swap = (a > b) | ((a == b) & (at_a > at_b))
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    at_a, at_b = np.where(swap, at_b, at_a), np.where(swap, at_a, at_b)
    other = (a != b) | (at_b - at_a >= RUN)
    same_shipment = index.shipment[a] == index.shipment[b]
    names = np.array(index.shipments, dtype=np.str_)
    archived = (b >= own) & (names[index.shipment[a]] == names[index.shipment[b]])
    apart_s = np.abs(index.time_s[at_a] - index.time_s[at_b])
    one_logger = (index.logger[a] == index.logger[b]) & (index.logger[a] != "")
    # One logger heard in two shipments of a box at one time is one measurement and no copy. Two
    # probes of a shipment see the same air; those of two loggers take turns, so that their
    # readings lie up to a step apart.
    step_s = np.maximum(
        index.time_s[at_a + 1] - index.time_s[at_a], index.time_s[at_b + 1] - index.time_s[at_b]
    )
    honest = (apart_s == 0) & one_logger
    honest |= same_shipment & (a != b) & (apart_s <= step_s)
    alike = index.joint[a] == index.joint[b]
    kept = np.flatnonzero((a < own) & other & alike & ~archived & ~honest)
    return _verified(index, a[kept], b[kept], at_a[kept], at_b[kept])


def _same_hash(key: NDArray[np.uint64]) -> tuple[IntArray, IntArray]:
    """All pairs of entries with equal hashes, crowds left out."""
    starts = np.flatnonzero(np.diff(key, prepend=~key[:1]) != 0) if key.size else np.zeros(0, int)
    counts = np.diff(np.append(starts, key.size))
    some = (counts > 1) & (counts <= _CROWD)
    members, entry = expanded(first=starts[some], end=(starts + counts)[some])
    firsts, seconds = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for lag in range(1, _CROWD):
        near = np.flatnonzero(members[lag:] == members[:-lag])
        if near.size == 0:
            break
        firsts.append(entry[near])
        seconds.append(entry[near + lag])
    return np.concatenate(firsts), np.concatenate(seconds)


def _verified(
    index: CurveIndex, a: IntArray, b: IntArray, at_a: IntArray, at_b: IntArray
) -> Copies:
    """Stretches between the first and last common run of each pair of curves and shift that
    agree difference by difference."""
    order = np.lexsort((at_a, at_b - at_a, b, a))
    a, b, at_a, at_b = a[order], b[order], at_a[order], at_b[order]
    new = np.ones(a.size, dtype=np.bool_)
    new[1:] = (np.diff(a) != 0) | (np.diff(b) != 0) | (np.diff(at_b - at_a) != 0)
    lead = np.flatnonzero(new)
    tail = np.append(lead[1:], a.size) - 1 if lead.size else lead
    start_a, start_b = at_a[lead], at_b[lead]
    end_a = at_a[tail] + RUN
    before = _agreeing(index, a[lead], b[lead], start_a - 1, start_b - 1, step=-1)
    after = _agreeing(index, a[lead], b[lead], end_a, end_a - start_a + start_b, step=1)
    start_a, start_b, length = start_a - before, start_b - before, end_a - start_a + before + after
    long = length + 1 >= READINGS_MIN
    lead, length, start_a, start_b = lead[long], length[long], start_a[long], start_b[long]
    stretch, row = expanded(first=start_a, end=start_a + length)
    other = row + (start_b - start_a)[stretch]
    same = index.difference[row] == index.difference[other]
    moves = np.maximum(index.moves[row], index.moves[other])
    drug_moves = np.maximum(index.drug_moves[row], index.drug_moves[other])
    # In a joint curve what one probe does alone must not lend its roughness to the others.
    turns = index.turns[row] * (same | ~index.joint[a[lead]][stretch])

    def total(weights: NDArray[Any]) -> FloatArray:
        counted = np.bincount(stretch, weights=weights, minlength=lead.size)
        return np.asarray(counted, dtype=np.float64)

    moved, agreed, turned = total(moves), total(moves * same), total(turns)
    drug_moved, drug_agreed = total(drug_moves), total(drug_moves * same)
    share = total(same) / np.maximum(length, 1)
    enough = MOVES_MIN * np.maximum(MOVES_MIN_UNTIL / (length + 1.0), 1.0)
    good = (agreed >= enough) & (agreed >= MOVES_AGREE_MIN * moved)
    good &= (drug_agreed >= DRUG_MOVES_MIN) & (drug_agreed >= MOVES_AGREE_MIN * drug_moved)
    good &= (share >= AGREE_MIN) & (turned >= TURNS_MIN * moved)
    said = _longest_bits(index, a[lead], b[lead], stretch, row, other, same)
    enough = np.where(index.joint[a[lead]], JOINT_BITS_MIN, BITS_MIN)
    good |= (said > enough) & (drug_agreed >= DRUG_MOVES_MIN) & (turned >= TURNS_MIN * moved)
    # A cycling compressor repeats itself; a copied stretch of the same curve does so once.
    own = a[lead] == b[lead]
    _, curve, shifts = np.unique(a[lead][own & good], return_inverse=True, return_counts=True)
    good[np.flatnonzero(own & good)[shifts[curve] > 1]] = False
    return Copies(
        curve_a=a[lead][good],
        curve_b=b[lead][good],
        at_a=start_a[good] - 1,
        at_b=start_b[good] - 1,
        readings=length[good] + 1,
        share=share[good],
    )


def _longest_bits(
    index: CurveIndex,
    a: IntArray,
    b: IntArray,
    stretch: IntArray,
    row: IntArray,
    other: IntArray,
    same: NDArray[np.bool_],
) -> FloatArray:
    """(c,) most information in a run of equal moves without a break, of each stretch: of curves
    a, b (c,); stretch, row, other, same (k,) its rows in both and whether the moves are equal. The
    record to which the run says less decides."""
    most = np.zeros(a.size)
    if row.size == 0:
        return most
    bits = move_bits(index, np.unique(np.concatenate([a, b])))
    shared = np.where(same, np.minimum(bits[row], bits[other]), 0.0)
    parted = ~same
    parted[1:] |= stretch[1:] != stretch[:-1]
    run = np.cumsum(parted)
    total = np.bincount(run, weights=shared)
    np.maximum.at(most, stretch, total[run])
    return most


def _agreeing(
    index: CurveIndex, a: IntArray, b: IntArray, at_a: IntArray, at_b: IntArray, *, step: int
) -> IntArray:
    """How many differences from at_a and at_b on, in the direction of `step`, agree without a
    break, at most RUN: only a share of the runs is hashed, so a stretch goes on beyond them."""
    way = step * np.arange(RUN)
    rows_a, rows_b = at_a[:, None] + way, at_b[:, None] + way
    inside = np.ones(rows_a.shape, dtype=np.bool_)
    for curve, rows in ((a, rows_a), (b, rows_b)):
        inside &= (rows > index.first[curve][:, None]) & (rows < index.first[curve + 1][:, None])
    last = index.difference.size - 1
    same = index.difference[np.clip(rows_a, 0, last)] == index.difference[np.clip(rows_b, 0, last)]
    agreeing: IntArray = np.cumprod(inside & same, axis=1, dtype=np.int64).sum(axis=1)
    return agreeing
