"""Files to results: what `check` and `report --from` share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Manifest, ManifestVersion
from coldwitness.domain.reading import Event
from coldwitness.ingest.files import read_files
from coldwitness.ingest.manifests import read_manifest_files
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.fleet_limits import FleetTrips, TripsBeside, model_trips
from coldwitness.judging.in_parts import cores
from coldwitness.judging.manifest_terms import zones_without_limit
from coldwitness.judging.rulebook import Rulebook
from coldwitness.judging.run import Judged, judge_shipments


@dataclass(frozen=True)
class JudgedFiles:
    """Everything `check` and `report --from` know after judging some files. `compared` : the same
    shipments judged under another pack, where one was asked for."""

    groups: tuple[Judged, ...]
    manifests: dict[str, Manifest]
    events: dict[str, list[Event]]
    warnings: tuple[str, ...]
    compared: tuple[Judged, ...] = ()


@dataclass(frozen=True)
class GatheredFiles:
    """Everything that files and manifests say, before it is judged. manifests : all that were sent,
    several versions of one shipment's among them."""

    evidence: Evidence
    manifests: tuple[Manifest, ...]
    warnings: tuple[str, ...]

    def lacks_limits(self, rules: Rulebook) -> bool:
        """True where limits of a box model are learned from the results of the same files."""
        return any(
            manifest.box.model and zones_without_limit(manifest, rules.models)
            for manifest in self.manifests
        )


def require_readable(paths: Sequence[Path]) -> None:
    """Raises BadInput for the first that cannot be opened: what is wrong with a call is said in the
    order in which it was written."""
    for path in paths:
        try:
            path.open("rb").close()
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from error


def gather_files(
    paths: Sequence[Path],
    *,
    manifest_paths: Sequence[Path],
    rulebook: Rulebook,
    storage: str | None,
    timezone: str | None,
    reader: str | None,
    columns: Sequence[str] = (),
    as_of_ms: int | None = None,
) -> GatheredFiles:
    """Read recorded telemetry; every shipment of the readings and of the manifests is to be judged,
    as of an instant [UTC epoch ms], or else as ended.

    Raises BadInput if nothing usable was found, or neither manifest nor storage was given.
    """
    require_readable((*paths, *manifest_paths))
    if not manifest_paths and storage is None:
        raise BadInput("neither --manifest nor --storage given: by what limits to judge is unknown")
    manifests, warnings = read_manifest_files(manifest_paths, classes=rulebook.classes)
    by_id = {manifest.id: manifest for manifest in manifests}
    sent: dict[str, list[ManifestVersion]] = {}
    for manifest in manifests:
        its = sent.setdefault(manifest.id, [])
        its.append(ManifestVersion(manifest=manifest, version=len(its) + 1))
    recorded = read_files(
        paths,
        timezone=timezone,
        reader=reader,
        shipments=tuple(by_id),
        processes=cores(),
        columns=columns,
    )
    warnings += list(recorded.warnings)
    events: dict[str, list[Event]] = {}
    for event in recorded.events:
        if event.shipment is not None:
            events.setdefault(event.shipment, []).append(event)
    shipments = list(dict.fromkeys([*by_id, *recorded.table.shipments, *events]))
    for shipment in shipments:
        if shipment not in by_id and storage is None:
            warnings.append(f"shipment {shipment}: no manifest and no --storage: range not judged")

    evidence = Evidence(
        tuple(shipments),
        recorded.table,
        by_id,
        events,
        as_of_ms=as_of_ms,
        versions={name: versions for name, versions in sent.items() if len(versions) > 1},
    )
    return GatheredFiles(evidence, tuple(manifests), tuple(warnings))


def judge_files(
    paths: Sequence[Path],
    *,
    manifest_paths: Sequence[Path],
    rulebook: Rulebook,
    storage: str | None,
    timezone: str | None,
    reader: str | None,
    compare_with: Rulebook | None = None,
    as_of_ms: int | None = None,
) -> JudgedFiles:
    """Read and judge recorded telemetry. Raises BadInput as `gather_files`."""
    gathered = gather_files(
        paths,
        manifest_paths=manifest_paths,
        rulebook=rulebook,
        storage=storage,
        timezone=timezone,
        reader=reader,
        as_of_ms=as_of_ms,
    )
    return judge_gathered(gathered, rulebook=rulebook, storage=storage, compare_with=compare_with)


def as_of_instant_ms(text: str) -> int:
    """What `--as-of` names, UTC epoch ms. Raises BadInput."""
    try:
        return instant_ms(text)
    except ValueError as error:
        raise BadInput(f"--as-of: {error}") from error


def judge_gathered(
    gathered: GatheredFiles,
    *,
    rulebook: Rulebook,
    storage: str | None,
    compare_with: Rulebook | None = None,
) -> JudgedFiles:
    """Judge all that was read in one run."""
    evidence = gathered.evidence
    by_id = dict(evidence.manifests)

    def judged_by(rules: Rulebook, fleet: FleetTrips | None = None) -> tuple[Judged, ...]:
        groups = judge_shipments(
            evidence,
            rulebook=rules,
            assumed_storage=storage,
            fleet=fleet,
        )
        if fleet is None and gathered.lacks_limits(rules):
            results = [result for group in groups for result in group.results]
            beside = TripsBeside(model_trips(results, by_id))
            if beside.teach(least=min(group.pack.numbers.fleet_least_trips for group in groups)):
                return judged_by(rules, beside)
        return tuple(groups)

    return JudgedFiles(
        groups=judged_by(rulebook),
        manifests=by_id,
        events={name: list(events) for name, events in evidence.events.items()},
        warnings=gathered.warnings,
        compared=() if compare_with is None else judged_by(compare_with),
    )
