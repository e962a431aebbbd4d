"""The dictionary by which the register packs results, made of simulated ones.

    python -m benchmarks.result_words FILE

What results have in common (keys, the words of the pack, legal basis) is in it, and a body names it
by its id: a file that was ever shipped in storage/register/words/ stays there as it is, and a new
one is put beside it under the next number. Also says what results of other seeds take with it.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import msgspec
import zstandard
from typer.testing import CliRunner

from coldwitness.cli.main import program
from coldwitness.cli.simulate import stories
from coldwitness.domain.result import CheckResult
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.writer import write_fleet
from coldwitness.storage.register import bodies

SIZE = 65_536
"""Twice as much gains nothing more, half as much a third less."""
END_MS = 1_795_000_000_000


def results(*, seed: int, boxes: int) -> list[bytes]:
    """Bodies as the register keeps them, of all scenarios."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_fleet(simulate_fleet(stories([]), boxes=boxes, seed=seed, end_ms=END_MS), place)
        asked = ["check", str(place / "telemetry.ndjson"), "--json"]
        asked += ["--manifest", str(place / "manifests.ndjson")]
        said = CliRunner().invoke(program(asked), asked).stdout
    made = [msgspec.json.decode(line, type=CheckResult) for line in said.splitlines()]
    return [bodies.encoded(result).body for result in made]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("file", type=Path)
    file = parser.parse_args().file
    made = zstandard.train_dictionary(SIZE, results(seed=11, boxes=600), level=bodies.WHOLE_LEVEL)
    file.write_bytes(made.as_bytes())
    packer = zstandard.ZstdCompressor(level=bodies.WHOLE_LEVEL, dict_data=made)
    plain = zstandard.ZstdCompressor(level=1)
    others = results(seed=77, boxes=200)
    for name, sizes in (
        ("JSON", [len(one) for one in others]),
        ("zstd", [len(plain.compress(one)) for one in others]),
        ("zstd with it", [len(packer.compress(one)) for one in others]),
    ):
        print(f"{name:14} {statistics.mean(sizes):8.0f} bytes a result")


if __name__ == "__main__":
    main()
