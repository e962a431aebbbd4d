"""A fleet as arrays for benchmarks: plausible curves, a share of them with breaks and holes."""

from collections.abc import Mapping, Sequence

import numpy as np

from coldwitness.analysis.terms import Terms
from coldwitness.config.rules import load_packs
from coldwitness.config.storage_classes import load_box_models, load_storage_classes
from coldwitness.domain.columns import empty
from coldwitness.domain.manifest import Item, Manifest, ManifestLogger, Place
from coldwitness.domain.reading import Event
from coldwitness.domain.tracks import Tracks
from coldwitness.judging.manifest_terms import terms_for

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
    return empty(
        Tracks,
        kept.size,
        shipments=tuple(f"S{i:07d}" for i in range(shipments)),
        loggers=tuple(f"L{i:07d}" for i in range(shipments)),
        first=np.searchsorted(owner, np.arange(shipments + 1)),
        time_s=START_S + 60.0 * minute[kept] + owner * 7.0,
        logger=owner.astype(np.int64),
        seq=minute[kept],
        temperature_c={"drug": drug[kept]},
    )


def furnished_shipment(readings: int, *, seed: int) -> tuple[Tracks, Terms]:
    """One shipment with everything that can be judged: probes at drug, coolant, goods and outside,
    a position with every reading, a lid and a motion sensor, custody events, and a manifest that
    names places, box, qualification and logger. The drug follows the zones as in a box in order."""
    rng = np.random.default_rng(seed)
    minute = np.arange(readings)
    hours = minute / 60.0
    time_s = (START_S + 60.0 * minute).astype(np.float64)
    ambient = 22.0 + 6.0 * np.sin(hours)
    coolant = 1.0 + 0.4 * hours + 0.5 * np.sin(2.3 * hours)
    goods = 12.0 + 5.0 * np.sin(1.3 * hours + 1.0)
    drug = np.full(readings, 5.0)
    for i in range(1, readings):
        flow = 0.25 * (coolant[i] - drug[i - 1]) + 0.1 * (goods[i] - drug[i - 1])
        drug[i] = drug[i - 1] + (flow + 0.05 * (ambient[i] - drug[i - 1])) / 60.0
    probes = {"ambient": ambient, "coolant": coolant, "drug": drug, "goods": goods}
    halted = (minute > readings // 3) & (minute < readings // 3 + 8)
    way = np.cumsum(~halted) * 250.0 / 111_000.0
    end_ms = round(START_S * 1000) + (readings - 1) * 60_000
    tracks = Tracks(
        shipments=("S1",),
        loggers=("L1",),
        first=np.array([0, readings]),
        time_s=time_s,
        received_s=time_s + 1.0,
        logger=np.zeros(readings, dtype=np.int64),
        seq=minute,
        conflict=np.zeros(readings, dtype=np.bool_),
        temperature_c={
            name: np.round(curve + rng.normal(0.0, 0.05, readings), 2)
            for name, curve in probes.items()
        },
        lat_deg=36.8 + way + rng.normal(0.0, 5e-5, readings),
        lon_deg=118.0 + rng.normal(0.0, 5e-5, readings),
        accuracy_m=np.full(readings, 10.0),
        lid_open=np.zeros(readings, dtype=np.int8),
        moving=(~halted).astype(np.int8),
        light_lux=np.zeros(readings),
    )
    manifest = Manifest(
        id="S1",
        items=(Item(storage="refrigerated", freeze_sensitive=True), Item(category="non_drug")),
        origin=Place(lat=36.8, lon=118.0),
        destination=Place(lat=36.8 + float(way[-1]), lon=118.0),
        dispatched_ms=round(START_S * 1000),
        delivered_ms=end_ms,
        logger=ManifestLogger(interval_s=60.0),
    )
    events = [
        Event(shipment="S1", event=name, time_ms=time_ms)
        for name, time_ms in (
            ("packed", round(START_S * 1000)),
            ("picked_up", round(START_S * 1000) + 300_000),
            ("delivered", end_ms),
        )
    ]
    return tracks, _terms(("S1",), {"S1": manifest}, {"S1": events})


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
    return _terms(tracks.shipments, manifests, {})


def _terms(
    shipments: tuple[str, ...],
    manifests: Mapping[str, Manifest],
    events: Mapping[str, Sequence[Event]],
) -> Terms:
    return terms_for(
        shipments,
        manifests=manifests,
        events=events,
        classes=load_storage_classes(),
        models=load_box_models(),
        numbers=load_packs()[0].numbers,
    )
