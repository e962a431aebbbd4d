"""A fleet as arrays for benchmarks: plausible curves, a share of them with breaks and holes."""

import numpy as np

from config.manifest_terms import terms_for
from config.rules import load_packs
from config.storage_classes import load_box_models, load_storage_classes
from config.terms import Terms
from domain.manifest import Item, Manifest, ManifestLogger
from domain.tracks import Tracks

BREAK_SHARE = 0.1
HOLE_SHARE = 0.1
START_S = 1_763_690_400.0


def fleet_tracks(shipments: int, *, readings: int, seed: int) -> Tracks:
    """One reading a minute with ±0.3 °C noise around 5 °C on a 0.1 °C grid; a tenth of the
    shipments warms to 12 °C for a while, another tenth loses twenty readings in a row."""
    rng = np.random.default_rng(seed)
    n = shipments * readings
    minute = np.tile(np.arange(readings, dtype=np.int64), shipments)
    drug = 5.0 + rng.normal(0.0, 0.15, n).reshape(shipments, readings)
    warm = rng.random(shipments) < BREAK_SHARE
    bump = 7.0 * np.exp(-(((np.arange(readings) - readings / 2) / (readings / 12)) ** 2))
    drug[warm] += bump
    drug = np.round(drug, 1).ravel()
    lost = np.zeros((shipments, readings), dtype=np.bool_)
    at = readings // 3
    lost[rng.random(shipments) < HOLE_SHARE, at : at + 20] = True
    kept = np.flatnonzero(~lost.ravel())
    owner = kept // readings
    absent = np.full(kept.size, np.nan)
    unsaid = np.full(kept.size, -1, dtype=np.int8)
    return Tracks(
        shipments=tuple(f"S{i:07d}" for i in range(shipments)),
        loggers=tuple(f"L{i:07d}" for i in range(shipments)),
        first=np.searchsorted(owner, np.arange(shipments + 1)),
        time_s=START_S + 60.0 * minute[kept] + owner * 7.0,
        received_s=absent,
        logger=owner.astype(np.int64),
        seq=minute[kept],
        conflict=np.zeros(kept.size, dtype=np.bool_),
        temperature_c={"drug": drug[kept]},
        lat_deg=absent,
        lon_deg=absent,
        accuracy_m=absent,
        lid_open=unsaid,
        moving=unsaid,
        light_lux=absent,
    )


def fleet_terms(tracks: Tracks) -> Terms:
    """A manifest each: refrigerated, one-minute logger, custody from first to last reading."""
    manifests = {
        shipment: Manifest(
            id=shipment,
            items=(Item(storage="refrigerated"),),
            dispatched_ms=round(tracks.time_s[first] * 1000) - 20_000,
            delivered_ms=round(tracks.time_s[end - 1] * 1000) + 20_000,
            logger=ManifestLogger(interval_s=60.0),
        )
        for shipment, first, end in zip(
            tracks.shipments, tracks.first[:-1].tolist(), tracks.first[1:].tolist(), strict=True
        )
    }
    return terms_for(
        tracks.shipments,
        manifests=manifests,
        events={},
        classes=load_storage_classes(),
        models=load_box_models(),
        numbers=load_packs()[0].numbers,
    )
