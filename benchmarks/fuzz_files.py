"""Hurt files of every kind that is read: one line of error, or readings, and nothing else.

    python -m benchmarks.fuzz_files [--each 100000] [--seed 1] [--reader NAME …]

Honest files of each kind, cut, flipped, repeated and spliced as `tests/ingest/formats/hostile.py`
hurts messages; archives (workbooks, packages) also inside, packed again. Prints a line a reader;
ends with 1, and the file's bytes, at the first error that is none of ours or that took longer than
two seconds. A hundred thousand of each take some 80 minutes of a core, packages half of them.
"""

import argparse
import io
import random
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import duckdb

from benchmarks.made_once import made_once
from benchmarks.workbook_forks import forked_workbooks
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.config.settings import JudgingSettings
from coldwitness.config.storage_classes import load_storage_classes
from coldwitness.domain.errors import ColdWitnessError
from coldwitness.domain.office import RegisteredDevice
from coldwitness.ingest.captures import captured_messages
from coldwitness.ingest.decoded_file import decode_file
from coldwitness.ingest.files import parquet, read_files
from coldwitness.ingest.files.office_tables import read_office_table
from coldwitness.ingest.manifests import read_manifest_files
from coldwitness.judging.rulebook import load_rulebook
from tests.ingest.files.test_berlinger import DAILY, FRIDGE_TAG_2, ULTRA_LOW
from tests.ingest.files.test_elitech_rc4 import header, information, page
from tests.ingest.files.test_office_titles import ELITECH, HOBO, LASCAR, LOGTAG, SWITCHBOT, TESTO
from tests.ingest.files.test_spreadsheets import workbook
from tests.ingest.files.test_usb_exports import IBUTTON, RUUVI_2020, RUUVI_HEADERS
from tests.ingest.formats.hostile import hurt
from tests.reports.packages import honest

SLOW_S = 2.0
ARCHIVES = ("spreadsheet", "package")
Read = Callable[[Path], object]

NDJSON = (
    b'{"shipment":"S-1","logger":"LG-1","seq":1,"time":"2026-11-21T01:00:00Z",'
    b'"temperature":{"drug":5.0},"position":{"lat":36.8,"lon":118.3,"accuracy_m":8}}\n'
    b'{"shipment":"S-1","event":"packed","time":"2026-11-21T01:00:00Z","box":"BX-1"}\n'
    b'[{"shipment":"S-1","logger":"LG-1","time":1795230245000,"temperature":{"drug":5.0}}]\n'
)
CSV = (
    b"time,shipment,logger,drug,coolant,lat,lon,lid_open\n"
    b"2026-11-21T01:00:00Z,S-1,LG-1,5.0,-3.2,36.8,118.3,false\n"
    b"2026-11-21T01:01:00Z,S-1,LG-1,5.1,,36.8,118.3,true\n"
)
MANIFEST = (
    '{"id":"S-1","courier":{"id":"ql","division":"370303"},"box":{"id":"BX-1","model":"M",'
    '"isolation":{"coolant":true}},"items":[{"name":"胰岛素","category":"drug",'
    '"storage":"refrigerated","expires":"2027-01-01","limits":{"low_c":2,"high_c":8}}],'
    '"dispatched_at":"2026-11-20T01:00:00Z","logger":{"id":"LG-1","interval_s":60},'
    '"sites":[{"id":"a","lat":36.8,"lon":118.3}]}\n'
).encode()
OFFICE = b"id,model,calibrated_until\nLG-1,X,2027-01-01\nLG-2,Y,2027-02-01\n"


@dataclass(frozen=True)
class Kind:
    """samples : honest files. ending : of their names."""

    samples: Sequence[bytes]
    ending: str
    read: Read


def kinds(folder: Path) -> Mapping[str, Kind]:
    """Every reader, with what it reads."""

    def telemetry(reader: str, ending: str, *samples: bytes) -> Kind:
        return Kind(samples, ending, partial(_telemetry, reader=reader))

    classes, rulebook = load_storage_classes(), load_rulebook(JudgingSettings())
    book = workbook(folder / "a.xlsx", a=[["time", "drug"], ["2026-11-21T01:00:00Z", 5.0]])
    exports = (HOBO, TESTO, LASCAR, ELITECH, LOGTAG, SWITCHBOT)
    rc4 = information() + header(103) + page(*range(100)) + page(-5, 0x7FFF, 45)
    capture = (
        b'[{"topic":"t","payload":"{}"},{"topic":"u","hex":"00ff"},{"topic":"v","base64":"AA=="}]'
    )
    return {
        "ndjson": telemetry("ndjson", "ndjson", NDJSON, b"[\n" + NDJSON[:170] + b"\n]"),
        "csv": telemetry("csv", "csv", CSV, *(text.encode() for text in exports)),
        "parquet": telemetry("parquet", "parquet", _parquet(folder / "a.parquet")),
        "spreadsheet": telemetry("spreadsheet", "xlsx", book.read_bytes()),
        "berlinger": telemetry(
            "berlinger", "txt", *(text.encode() for text in (FRIDGE_TAG_2, ULTRA_LOW, DAILY))
        ),
        "ibutton": telemetry("ibutton", "csv", IBUTTON.format(zone="CDT").encode()),
        "ruuvi_station": telemetry(
            "ruuvi_station", "csv", RUUVI_2020.encode(), *(one[0].encode() for one in RUUVI_HEADERS)
        ),
        "elitech_rc4": telemetry("elitech_rc4", "bin", rc4, rc4.hex(" ").encode()),
        "found by content": Kind(
            (NDJSON, CSV, FRIDGE_TAG_2.encode(), RUUVI_2020.encode(), MANIFEST),
            "dat",
            lambda path: read_files([path], timezone="UTC"),
        ),
        "manifests": Kind(
            (MANIFEST, b"[\n" + MANIFEST + b"]"),
            "json",
            lambda path: read_manifest_files([path], classes=classes),
        ),
        "office table": Kind(
            (OFFICE,), "csv", lambda path: read_office_table(path, RegisteredDevice)
        ),
        "capture": Kind((capture,), "json", lambda path: captured_messages(path.read_bytes())),
        "decode": Kind((NDJSON, CSV, capture), "dat", decode_file),
        "package": Kind(
            (honest(),), "zip", lambda path: verify_any(path.read_bytes(), rulebook=rulebook)
        ),
    }


def _telemetry(path: Path, *, reader: str) -> object:
    return read_files([path], timezone="UTC", reader=reader)


def _parquet(path: Path) -> bytes:
    with duckdb.connect() as connection:
        connection.sql(
            "select timestamptz '2026-11-21 03:04:00+00' as time, 5.0 as drug, 'S-1' as shipment,"
            " 'LG-' || range as logger, true as lid_open from range(9)"
        ).write_parquet(str(path))
    return path.read_bytes()


def hurt_file(sample: bytes, rng: random.Random, *, archive: bool) -> bytes:
    """The file with some of it otherwise; of an archive mostly the inside of a member."""
    if archive and rng.random() < 0.8:
        with zipfile.ZipFile(io.BytesIO(sample)) as read:
            members = {name: read.read(name) for name in read.namelist()}
        name = rng.choice(list(members))
        if rng.random() < 0.05:
            del members[name]
        else:
            members[name] = hurt_file(members[name], rng, archive=False)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as write:
            for member, content in members.items():
                write.writestr(member, content)
        return packed.getvalue()
    body = bytearray(sample)
    for _ in range(rng.randint(1, 4)):
        hurt(body, rng)
    return bytes(body)


@contextmanager
def one_database() -> Iterator[None]:
    """A Parquet file is read by one database and not by one each, which takes most of the time."""
    with duckdb.connect(config=parquet._SETTINGS) as database:
        same = SimpleNamespace(connect=lambda config: database.cursor(), Error=duckdb.Error)
        with patch.object(parquet, "duckdb", same):
            yield


SPARED = {"spreadsheet": forked_workbooks, "parquet": one_database, "package": made_once}
"""What takes long to begin or to make, done once."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reader", action="append")
    asked = parser.parse_args()
    print(f"{'reader':<18}{'files':>9}{'read':>9}{'refused':>9}{'µs each':>9}{'MB':>7}")
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        for called, kind in kinds(folder).items():
            if asked.reader and called not in asked.reader:
                continue
            path = folder / f"f.{kind.ending}"
            with SPARED.get(called, nullcontext)():
                wrong = _fuzz(called, kind, asked.each, seed=asked.seed, path=path)
            if wrong:
                print(wrong)
                return 1
    return 0


def _fuzz(called: str, kind: Kind, count: int, *, seed: int, path: Path) -> str:
    """What went wrong, or nothing."""
    rng = random.Random(f"{called}/{seed}")
    read = refused = 0
    begun = time.process_time()
    for _ in range(count):
        body = hurt_file(rng.choice(kind.samples), rng, archive=called in ARCHIVES)
        path.write_bytes(body)
        started = time.process_time()
        try:
            kind.read(path)
            read += 1
        except ColdWitnessError:
            refused += 1
        except Exception as error:
            return f"{called}: {error!r} of {body.hex()}"
        if time.process_time() - started > SLOW_S:
            return f"{called}: more than {SLOW_S} s for {body.hex()}"
    each_us = (time.process_time() - begun) / max(count, 1) * 1e6
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{called:<18}{count:>9}{read:>9}{refused:>9}{each_us:>9.0f}{megabytes:>7}", flush=True)
    return ""


if __name__ == "__main__":
    sys.exit(main())
