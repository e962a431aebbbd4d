"""A name for the readings that were judged: the same readings give the same digest."""

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import Tracks

FORMAT = "coldwitness.readings/1"


def readings_digests(tracks: Tracks, rows: NDArray[np.bool_]) -> list[str]:
    """SHA-256 (hex) of the distinct readings among `rows` (n,) of each shipment.

    Hashed are, in this order: one line of JSON {"format", "loggers", "probes", "readings"} with
    the loggers' serials and the probes that gave a value, both sorted, and the number of
    readings; then the columns of the readings as little-endian 64-bit numbers, one column after
    the other: time [ms] (int), logger (int, its place in that list, -1 none), seq (int, -1
    none), each probe [°C] (float), lat, lon, accuracy [m] (float), light [lx] (float), lid_open,
    moving (int, -1 not said). Readings stand by time, then logger, seq and values. What is
    absent is the same NaN everywhere. When the reading was received is no part of it.
    """
    digests = []
    probes = sorted(tracks.temperature_c)
    everything = bool(rows.all())
    for start, stop in zip(tracks.first[:-1].tolist(), tracks.first[1:].tolist(), strict=True):
        part: slice | NDArray[np.int64] = slice(start, stop)
        if not everything:
            part = start + np.flatnonzero(rows[start:stop])
        logger = tracks.logger[part]
        used = logger[:1] if (logger == logger[:1]).all() else np.unique(logger)
        used = used[used >= 0]
        place = np.searchsorted(used, logger)
        place[logger < 0] = -1
        given = [
            (name, column)
            for name in probes
            if (column := tracks.temperature_c[name][part]).size and not np.isnan(column).all()
        ]
        head = {
            "format": FORMAT,
            "loggers": [tracks.loggers[number] for number in used.tolist()],
            "probes": [name for name, _ in given],
            "readings": int(logger.size),
        }
        digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode() + b"\n")
        for whole in (np.rint(tracks.time_s[part] * 1000.0), place, tracks.seq[part]):
            digest.update(whole.astype("<i8").tobytes())
        for real in (
            *(column for _, column in given),
            tracks.lat_deg[part],
            tracks.lon_deg[part],
            tracks.accuracy_m[part],
            tracks.light_lux[part],
        ):
            digest.update(np.where(np.isnan(real), np.nan, real + 0.0).astype("<f8").tobytes())
        for flag in (tracks.lid_open[part], tracks.moving[part]):
            digest.update(flag.astype("<i8").tobytes())
        digests.append(digest.hexdigest())
    return digests
