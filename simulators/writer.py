"""A fleet as files: telemetry.ndjson, manifests.ndjson, office.ndjson, truth.ndjson."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from coldwitness.domain.errors import BadInput
from coldwitness.simulators.fleet import Fleet
from coldwitness.simulators.office import registrations


def write_fleet(fleet: Fleet, folder: Path) -> None:
    """Write the four files into `folder`, each whole or not at all.

    Telemetry are the readings and events in the order in which they were published, one a
    line, arrays spread out, each with its box and courier. Raises BadInput if the folder
    cannot be written.
    """
    encode = msgspec.json.Encoder().encode
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "telemetry.ndjson", _telemetry(fleet))
        _write(
            folder / "manifests.ndjson",
            (encode(one) for s in fleet.shipments for one in (s.manifest, *s.others)),
        )
        _write(
            folder / "office.ndjson",
            (encode({"put": to, "body": its}) for to, its in registrations(fleet)),
        )
        _write(folder / "truth.ndjson", (encode(s.truth) for s in fleet.shipments))
    except OSError as error:
        place = error.filename or folder
        raise BadInput(f"{place}: cannot be written: {error.strerror}") from error


def _telemetry(fleet: Fleet) -> Iterator[bytes]:
    encode, decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode
    for _, topic, payload in fleet.messages():
        courier, box = topic.split("/")[2:4]
        said = decode(payload)
        for entry in said if isinstance(said, list) else [said]:
            yield encode({"courier": courier, "box": box, **entry})


def _write(path: Path, lines: Iterator[bytes]) -> None:
    """Lines to a new file beside `path`, which then takes its place."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            for line in lines:
                file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
