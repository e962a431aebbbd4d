"""The recorded fleet with what binds shipments together, for tests of runs in parts."""

from dataclasses import replace

import msgspec

from coldwitness.cli.judge_files import GatheredFiles, gather_files
from coldwitness.domain.manifest import ManifestVersion
from coldwitness.judging.rulebook import Rulebook
from tests.unchanged.recorded import MANIFESTS, TELEMETRY


def gathered_with_a_stranger_and_versions(rulebook: Rulebook) -> GatheredFiles:
    """With copies in it, one shipment in whose name a stranger sends too, and two manifests of
    which there are two versions."""
    found = gather_files(
        [TELEMETRY],
        manifest_paths=[MANIFESTS],
        rulebook=rulebook,
        storage=None,
        timezone=None,
        reader=None,
    )
    evidence = found.evidence
    first, *_, last = evidence.shipments
    versions = {}
    for name in (first, last):
        base = evidence.manifests[name]
        item, *others = base.items
        heavier = msgspec.structs.replace(item, mass_kg=9.5)
        later = msgspec.structs.replace(base, items=(heavier, *others))
        versions[name] = [
            ManifestVersion(manifest=one, version=number)
            for number, one in enumerate((base, later), start=1)
        ]
    stranger, *others = evidence.events[evidence.shipments[5]]
    events = dict(evidence.events)
    events[evidence.shipments[5]] = [
        *(stranger, *others),
        msgspec.structs.replace(others[-1], courier="CR-STRANGER", box="BX-STRANGER"),
    ]
    return replace(found, evidence=replace(evidence, versions=versions, events=events))
