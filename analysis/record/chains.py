"""Which series follow each other: loggers that were replaced on the way."""

import numpy as np

from coldwitness.domain.tracks import FloatArray, IntArray


def follow_each_other(*, shipment: IntArray, probe: IntArray) -> bool:
    """Whether any shipment has two series of one probe, which may be one after the other.

    Both (m,), by shipment and probe.
    """
    return bool(((shipment[1:] == shipment[:-1]) & (probe[1:] == probe[:-1])).any())


def chains(
    time_s: FloatArray, *, shipment: IntArray, probe: IntArray, starts: IntArray, handover_s: float
) -> IntArray:
    """(m,) number of the chain each series belongs to, in order of shipment and probe.

    A series continues the chain that ended last before it began, or ended no more than
    `handover_s` after that; loggers that run side by side for longer are chains of their own.
    Only shipments with several loggers are walked through.

    time_s : (k,) [s], those of series j from starts[j] on; shipment, probe, starts : (m,).
    """
    ends = np.append(starts[1:], time_s.size) - 1
    begun, ended = time_s[starts], time_s[ends]
    group = shipment * (int(probe.max()) + 1) + probe
    chain = np.zeros(starts.size, dtype=np.int64)
    count = 0
    current, open_chains = -1, list[tuple[float, int]]()
    for j in np.lexsort((begun, group)):
        if group[j] != current:
            current, open_chains = int(group[j]), []
        fitting = [
            (end, number)
            for end, number in open_chains
            if begun[j] >= end - handover_s and ended[j] > end
        ]
        if fitting:
            taken = max(fitting)
            open_chains.remove(taken)
            number = taken[1]
        else:
            number, count = count, count + 1
        open_chains.append((float(ended[j]), number))
        chain[j] = number
    return chain
