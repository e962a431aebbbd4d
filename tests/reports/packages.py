"""An honest evidence package with a real journal behind it, and the tools to forge it."""

import io
import json
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin, Report
from coldwitness.api.reports.made.seal import canonical, sealed
from coldwitness.api.reports.made.twin import read_json, render_json
from coldwitness.api.reports.made.written import Written
from coldwitness.api.reports.packed.journal_part import journal_part
from coldwitness.api.reports.packed.package import (
    CONTENTS,
    SIGNATURE,
    entry_of,
    make_package,
    zipped,
)
from coldwitness.cli.judge_files import judge_files
from coldwitness.config.rules import PACKS_DIR
from coldwitness.config.settings import JudgingSettings
from coldwitness.judging.rulebook import Rulebook, load_rulebook
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.writer import write_fleet
from coldwitness.storage.journal import Journal, Message, ReceiveClock, Signer

BUREAU = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
FORGER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
END_MS = 1_781_753_400_000
Files = dict[str, bytes]


@lru_cache
def rulebook() -> Rulebook:
    return load_rulebook(JudgingSettings())


@lru_cache
def honest(story: str = "warm_break", *, signed_by: Signer = BUREAU) -> bytes:
    """The package of one simulated shipment whose messages went through a journal."""
    fleet = simulate_fleet([scenario(story), scenario("clean")], boxes=2, seed=4, end_ms=END_MS)
    with TemporaryDirectory() as folder:
        out = Path(folder)
        write_fleet(fleet, out)
        with Journal(out / "journal", worker="w1", signer=BUREAU) as journal:
            journal.clock = ReceiveClock(wall_ms=lambda: END_MS + 1e9, monotonic_ms=lambda: 0.0)
            journal.append(messages(out / "telemetry.ndjson"))
        judged = judge_files(
            [out / "telemetry.ndjson"],
            manifest_paths=[out / "manifests.ndjson"],
            rulebook=rulebook(),
            storage=None,
            timezone=None,
            reader=None,
        )
        shipment = "ZB-20260618-0001"
        group = next(g for g in judged.groups if shipment in g.case.tracks.shipments)
        report = report_of_judged(
            group,
            shipment,
            origin=Origin(software="coldwitness test", readings_from=("store",)),
            signer=signed_by,
        )
        package = io.BytesIO()
        make_package(
            package,
            report,
            rules=PACKS_DIR / "cn-retail-delivery.toml",
            journal=journal_part(report, out / "journal", ()),
            signer=signed_by,
            lang="zh",
        )
        return package.getvalue()


def messages(telemetry: Path) -> list[Message]:
    """Each line as the message that carried it, received a second after it was measured."""
    made = []
    for line in telemetry.read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        kind = "events" if "event" in raw else "readings"
        topic = f"coldchain/v1/{raw.get('courier', 'ql')}/{raw.get('box', 'BX-1')}/{kind}"
        made.append(Message(topic, line.encode(), END_MS + len(made)))
    return made


def files_of(package: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Files) -> bytes:
    return zipped(files)


def relisted(files: Files, *, signer: Signer | None) -> bytes:
    """A forger's package: package.json brought up to date with the files, signed by `signer`,
    or left with the old signature if None."""
    contents = json.loads(files[CONTENTS])
    names = [name for name in files if name not in {CONTENTS, SIGNATURE}]
    contents["files"] = [
        msgspec.to_builtins(entry_of(name, Written([files[name]]))) for name in names
    ]
    contents["report_sha256"] = json.loads(files["report.json"])["seal"]["sha256"]
    files = {**files, CONTENTS: canonical(contents) + b"\n"}
    if signer is not None:
        signature = {
            "algorithm": "Ed25519",
            "public_key": signer.public.public_bytes_raw().hex(),
            "signature": signer.sign(files[CONTENTS]),
        }
        files[SIGNATURE] = canonical(signature) + b"\n"
    return zipped(files)


def edited_report(
    data: bytes, edit: Callable[[dict[str, Any]], object], *, signer: Signer | None = None
) -> bytes:
    """The report after an edit of its JSON; its digests made anew, signed by `signer`."""
    values = json.loads(data)
    edit(values)
    return render_json(sealed(read_json(json.dumps(values).encode()), signer))


def unsealed_edit(data: bytes, edit: Callable[[dict[str, Any]], object]) -> bytes:
    """The report after an edit, its seal left as it was."""
    values = json.loads(data)
    edit(values)
    return canonical(values) + b"\n"


def report_in(package: bytes) -> Report:
    return read_json(files_of(package)["report.json"])
