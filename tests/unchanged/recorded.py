"""What must not change while the house is put in order: results, report twins and exports of a
recorded fleet, and twins of the shipments written by hand.

`python -m tests.unchanged.recorded` says what differs from the record; with `--write` it makes the
record anew (only together with a word in the change log on what was wrong before).
"""

import gzip
import hashlib
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin
from coldwitness.api.reports.made.twin import render_json
from coldwitness.cli.importing import import_all
from coldwitness.cli.judge_files import JudgedFiles, judge_files
from coldwitness.config.settings import JournalSettings, JudgingSettings, Settings, StoreSettings
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario, scenario_names
from coldwitness.simulators.writer import write_fleet
from coldwitness.storage.archive.canonical import canonical_lines
from coldwitness.storage.opening import stores
from tests.reports.shipments import warm_and_stopped, without_readings

HERE = Path(__file__).parent
TELEMETRY = HERE / "telemetry.ndjson.gz"
MANIFESTS = HERE / "manifests.ndjson.gz"
RESULTS = HERE / "results.ndjson.gz"
DIGESTS = HERE / "digests.json"
ORIGIN = Origin(software="coldwitness recorded", readings_from=("telemetry.ndjson.gz",))
_END_MS = 1_781_753_400_000


@lru_cache
def judged() -> JudgedFiles:
    """The recorded fleet, judged as `check` judges files."""
    return judge_files(
        [TELEMETRY],
        manifest_paths=[MANIFESTS],
        rulebook=load_rulebook(JudgingSettings()),
        storage=None,
        timezone=None,
        reader=None,
    )


def results() -> dict[str, dict[str, Any]]:
    """Each shipment's result as JSON objects."""
    found = [result for group in judged().groups for result in group.results]
    return {one.shipment: msgspec.json.decode(msgspec.json.encode(one)) for one in found}


def recorded_results() -> dict[str, dict[str, Any]]:
    """Each shipment's result as it was recorded."""
    lines = gzip.decompress(RESULTS.read_bytes()).splitlines()
    return {one["shipment"]: one for one in map(msgspec.json.decode, lines)}


def digests() -> dict[str, Any]:
    """SHA-256 of every result, of every report's JSON twin, and of the canonical export."""
    return {
        "results": {name: _sha(_line(result)) for name, result in sorted(results().items())},
        "twins": dict(sorted(_twins())),
        "export": _export(),
    }


def recorded_digests() -> dict[str, Any]:
    """The digests as they were recorded."""
    found: dict[str, Any] = msgspec.json.decode(DIGESTS.read_bytes())
    return found


def _twins() -> Iterator[tuple[str, str]]:
    files = judged()
    for group in files.groups:
        for name in group.case.tracks.shipments:
            report = report_of_judged(group, name, origin=ORIGIN)
            yield name, _sha(render_json(report))
    hand = warm_and_stopped()
    yield "hand-warm-and-stopped", _sha(render_json(hand.report(origin=ORIGIN)))
    yield "hand-without-readings", _sha(render_json(without_readings(hand).report(origin=ORIGIN)))


def _export() -> str:
    """Digest of what the stores hold after the recorded files were imported; receive times, which
    are those of the import, left out."""
    with TemporaryDirectory() as folder:
        data = Path(folder)
        settings = Settings(
            journal=JournalSettings(directory=data / "journal"),
            store=StoreSettings(
                embedded_file=data / "telemetry.sqlite",
                register_url=f"sqlite:///{data / 'register.sqlite'}",
            ),
        )
        import_all(settings, [MANIFESTS, TELEMETRY], timezone=None, reader=None, judge=False)
        digest = hashlib.sha256()
        with stores(settings.store) as (store, register):
            for line in canonical_lines(store, register):
                said = msgspec.json.decode(line)
                said.pop("received_at", None)
                digest.update(_line(said))
        return digest.hexdigest()


def _line(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted") + b"\n"


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write() -> None:
    if not TELEMETRY.exists():
        stories = [scenario(name) for name in scenario_names()]
        fleet = simulate_fleet(stories, boxes=len(stories), seed=1159, end_ms=_END_MS)
        with TemporaryDirectory() as folder:
            write_fleet(fleet, Path(folder))
            for path in (TELEMETRY, MANIFESTS):
                text = (Path(folder) / path.name.removesuffix(".gz")).read_bytes()
                path.write_bytes(gzip.compress(text, mtime=0))
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in results().values())
    RESULTS.write_bytes(gzip.compress(lines, mtime=0))
    DIGESTS.write_bytes(msgspec.json.format(msgspec.json.encode(digests()), indent=1) + b"\n")


def main() -> int:
    """0 where all is as recorded."""
    if "--write" in sys.argv[1:]:
        _write()
        return 0
    now, then = digests(), recorded_digests()
    differing = 0
    for part in ("results", "twins"):
        names = [name for name in then[part] if now[part].get(name) != then[part][name]]
        print(f"{part}: {len(names)} of {len(then[part])} differ {' '.join(names)}")
        differing += len(names)
    same = now["export"] == then["export"]
    print(f"export: {'as recorded' if same else 'differs'}")
    return 0 if same and not differing else 1


if __name__ == "__main__":
    sys.exit(main())
