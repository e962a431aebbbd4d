"""Which version of a manifest counts: what decides a limit, as it stood when custody began.

A later version that changes such a fact is judged beside it, until officers accept it; so is one
that shortens the time judged. Filling in a time that was absent is no change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from coldwitness.domain.instants import rfc3339, rfc3339_if_any
from coldwitness.domain.manifest import Manifest, ManifestVersion
from coldwitness.domain.reading import ENDING_EVENTS, Event
from coldwitness.domain.tracks import IntArray

SHOWN_TOLERANCE_MS = 300_000
"""Readings that go on for as long after the end of custody as clocks may differ show no other."""

_ITEM = (
    "storage",
    "limits",
    "stability_budget",
    "compartment",
    "category",
    "freeze_sensitive",
    "mass_kg",
)
_BOX = ("id", "model", "isolation", "cooling", "payload_j_per_k", "qualification")
_LOGGER = ("id", "accuracy_c", "interval_s", "response_s", "calibrated_until", "probes")


@dataclass(frozen=True)
class Shown:
    """What readings and events show of a shipment's custody. first_ms, last_ms : device clock of
    its first and last reading. start_told, end_told : custody events tell that end, so that no
    manifest's time counts."""

    first_ms: int | None = None
    last_ms: int | None = None
    start_told: bool = False
    end_told: bool = False


@dataclass(frozen=True)
class Change:
    """A fact that a later version states otherwise; `old` and `new` as JSON text, None: absent."""

    field: str
    old: str | None
    new: str | None
    version: ManifestVersion


@dataclass(frozen=True)
class Counted:
    """manifest : the one that counts. beside : later versions that it is judged beside, each with
    what it leaves open filled in. changes : what they change."""

    manifest: Manifest
    beside: tuple[ManifestVersion, ...] = ()
    changes: tuple[Change, ...] = ()


def shown_by(times_ms: IntArray, events: Sequence[Event]) -> Shown:
    """Of a shipment's own readings and events. times_ms : (n,) UTC epoch ms, in any order."""
    return Shown(
        first_ms=int(times_ms.min()) if times_ms.size else None,
        last_ms=int(times_ms.max()) if times_ms.size else None,
        start_told=any(event.event == "packed" for event in events),
        end_told=any(event.event in ENDING_EVENTS for event in events),
    )


def counted(versions: Sequence[ManifestVersion], *, begun_ms: int | None, shown: Shown) -> Counted:
    """Of versions in their order. begun_ms : when the first custody event or reading of the
    shipment was received, None where that is not known."""
    first = in_force(versions, begun_ms)
    base, later = versions[first], versions[first + 1 :]
    facts = _frozen(base.manifest)
    changes: list[Change] = []
    told: set[tuple[str, str | None]] = set()
    beside: list[ManifestVersion] = []
    start_ms, end_ms = _widest(base.manifest, later, shown)
    for version in later:
        found = list(_changes(facts, _frozen(version.manifest), version))
        found += _shortened(version, base.manifest, shown, start_ms=start_ms, end_ms=end_ms)
        if not found:
            continue
        beside.append(_with_times(version, start_ms=start_ms, end_ms=end_ms))
        for change in found:
            if (change.field, change.new) not in told:
                told.add((change.field, change.new))
                changes.append(change)
    newest = versions[-1].manifest
    source = {**base.manifest.source}
    for key, time_ms in (("dispatched_at", start_ms), ("delivered_at", end_ms)):
        if time_ms is not None:
            source[key] = rfc3339(time_ms)
    manifest = msgspec.structs.replace(
        base.manifest,
        dispatched_ms=start_ms,
        delivered_ms=end_ms,
        seller=newest.seller,
        source=source,
    )
    return Counted(manifest, tuple(beside), tuple(changes))


def in_force(versions: Sequence[ManifestVersion], begun_ms: int | None) -> int:
    """Place of the accepted version, else of the one in force when custody began."""
    accepted = [place for place, one in enumerate(versions) if one.accepted]
    if accepted:
        return accepted[-1]
    before = [
        place
        for place, one in enumerate(versions)
        if begun_ms is not None and one.received_ms is not None and one.received_ms <= begun_ms
    ]
    return before[-1] if before else 0


def _frozen(manifest: Manifest) -> dict[str, Any]:
    """What decides a limit, by its place in the manifest; without what is absent."""
    told = {
        f"items[{k}].{name}": getattr(item, name)
        for k, item in enumerate(manifest.items)
        for name in _ITEM
    }
    told |= {f"box.{name}": getattr(manifest.box, name) for name in _BOX}
    told |= {f"logger.{name}": getattr(manifest.logger, name) for name in _LOGGER}
    told |= {name: getattr(manifest, name) for name in ("boxes", "loggers", "sites")}
    for name in ("origin", "destination"):
        end = getattr(manifest, name)
        told[name] = None if end is None else msgspec.structs.replace(end, division=None)
    carrier = None if manifest.delivery is None else manifest.delivery.sub_carrier
    told |= {
        "courier.id": None if manifest.courier is None else manifest.courier.id,
        "delivery.sub_carrier.id": None if carrier is None else carrier.id,
        "due_at": rfc3339_if_any(manifest.due_ms),
    }
    return {
        name: plain for name, one in told.items() if (plain := _plain(one)) not in (None, [], {})
    }


def _plain(fact: Any) -> Any:
    """JSON values without nulls."""
    built = msgspec.to_builtins(fact)
    if isinstance(built, dict):
        return {key: inner for key, one in built.items() if (inner := _plain(one)) is not None}
    return built


def _changes(
    before: dict[str, Any], after: dict[str, Any], version: ManifestVersion
) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Change(name, _text(before.get(name)), _text(after.get(name)), version)


def _text(fact: Any) -> str | None:
    if fact is None or isinstance(fact, str):
        return fact
    return msgspec.json.encode(fact, order="sorted").decode()


def _widest(
    base: Manifest, later: Sequence[ManifestVersion], shown: Shown
) -> tuple[int | None, int | None]:
    """The widest window of all versions; what readings had shown where the first leaves an end
    open and a later version would put it well inside."""
    starts = [v.manifest.dispatched_ms for v in later if v.manifest.dispatched_ms is not None]
    ends = [v.manifest.delivered_ms for v in later if v.manifest.delivered_ms is not None]
    if base.dispatched_ms is not None:
        starts.append(base.dispatched_ms)
    elif starts and shown.first_ms is not None and _well_after(max(starts), shown.first_ms):
        starts.append(shown.first_ms)
    if base.delivered_ms is not None:
        ends.append(base.delivered_ms)
    elif ends and shown.last_ms is not None and _well_after(shown.last_ms, min(ends)):
        ends.append(shown.last_ms)
    return min(starts, default=None), max(ends, default=None)


def _well_after(time_ms: int, other_ms: int) -> bool:
    return time_ms > other_ms + SHOWN_TOLERANCE_MS


def _shortened(
    version: ManifestVersion,
    base: Manifest,
    shown: Shown,
    *,
    start_ms: int | None,
    end_ms: int | None,
) -> Iterator[Change]:
    manifest = version.manifest
    ends = (
        ("dispatched_at", start_ms, manifest.dispatched_ms, base.dispatched_ms, shown.start_told),
        ("delivered_at", end_ms, manifest.delivered_ms, base.delivered_ms, shown.end_told),
    )
    for name, widest_ms, stated_ms, before_ms, told in ends:
        if told or stated_ms is None or widest_ms is None or stated_ms in (widest_ms, before_ms):
            continue
        if abs(stated_ms - widest_ms) > (0 if before_ms is not None else SHOWN_TOLERANCE_MS):
            yield Change(name, rfc3339(widest_ms), rfc3339(stated_ms), version)


def _with_times(
    version: ManifestVersion, *, start_ms: int | None, end_ms: int | None
) -> ManifestVersion:
    manifest = version.manifest
    return msgspec.structs.replace(
        version,
        manifest=msgspec.structs.replace(
            manifest,
            dispatched_ms=start_ms if manifest.dispatched_ms is None else manifest.dispatched_ms,
            delivered_ms=end_ms if manifest.delivered_ms is None else manifest.delivered_ms,
        ),
    )
