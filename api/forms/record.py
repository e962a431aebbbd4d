"""What of a clue's shipments goes into its forms and packages: the result, what `verify` says of
it, and the evidence as files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from coldwitness.api.reports.made.model import Evidenced, Report
from coldwitness.api.reports.made.seal import canonical, sha256_hex
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed.package import readings_parts
from coldwitness.api.reports.packed.verification import verify_bytes
from coldwitness.domain.digests import sm3
from coldwitness.domain.forms import FormFile
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.probe_challenges import KeptChallenge
from coldwitness.judging.rulebook import Rulebook
from coldwitness.storage.ports import Manifests, Register

READINGS = "readings.ndjson"
EVENTS = "events.ndjson"
CHECK = "check.json"
SHIPMENTS_MOST = 20
"""Of one clue in its forms and its package."""


@dataclass(frozen=True)
class ShipmentRecord:
    """One shipment of a clue. problems : of `verify`; none: it holds."""

    report: Report
    manifests: tuple[Manifest, ...]
    files: Mapping[str, bytes]
    problems: tuple[str, ...]
    challenges: tuple[KeptChallenge, ...] = ()


def record_of(report: Report, register: Register, *, rulebook: Rulebook) -> ShipmentRecord:
    """With all versions of the manifest and all challenges of its probes. The report is verified as
    anybody else would."""
    manifests = versions_of(register.manifests, report.shipment)
    found = verify_bytes(render_json(report), rulebook=rulebook)
    return ShipmentRecord(
        report=report,
        manifests=tuple(manifests),
        files=evidence_files(report, manifests),
        problems=tuple(problem.text("zh") for problem in found.problems),
        challenges=tuple(register.challenges.of([report.shipment]).get(report.shipment, ())),
    )


def evidence_files(report: Evidenced, manifests: Sequence[Manifest]) -> dict[str, bytes]:
    """Readings, events, every version of the manifest and the result, as files by name."""
    versions = {
        f"manifest-v{number}.json": canonical(one.source) + b"\n"
        for number, one in enumerate(manifests, start=1)
    }
    return {
        READINGS: b"".join(readings_parts(report)),
        EVENTS: b"".join(canonical(event) + b"\n" for event in report.events),
        **versions,
        CHECK: canonical(msgspec.to_builtins(report.result)) + b"\n",
    }


def listed(files: Mapping[str, bytes]) -> tuple[FormFile, ...]:
    """Files with both digests, numbered."""
    return tuple(
        FormFile(number=str(n), name=name, sha256=sha256_hex(body), sm3=sm3(body))
        for n, (name, body) in enumerate(files.items(), start=1)
    )


def versions_of(manifests: Manifests, shipment: str) -> list[Manifest]:
    """Every version, oldest first."""
    found: list[Manifest] = []
    while (one := manifests.version(shipment, len(found) + 1)) is not None:
        found.append(one)
    return found
