"""Every command of the tutorial and the how-tos does what its page says.

A block marked `sh` is run as it stands, those of a page in one shell; `sh terminal` stays open
beside it, as in a second terminal. A `text` block below one is what it prints: each line, in order,
`…` standing for anything. Ports are free ones in place of the written ones.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.servers import free_port

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITHIN_S = 400.0
"""Seconds on a busy machine; it takes a tenth of processor time."""

IN_ORDER = (
    ("how-to-operate", "."),
    ("how-to-connect", "for-courier"),
    ("how-to-inspect", "."),
    ("how-to-take-clues", "for-cases"),
)
"""The how-tos and the folders, inside the office's, in which their readers work: each goes on with
what those before it made."""

READY = {
    "coldwitness demo": "grep -q 'Serving until' {log}",
    "mosquitto": "grep -q running {log}",
    "coldwitness serve": "curl -sf http://127.0.0.1:8000/healthz",
    "python": "test -s {log}",
}
"""When a terminal is so far that its page goes on."""


@dataclass(frozen=True)
class Block:
    """A fenced block. info : what stands behind the fence."""

    info: str
    text: str


def blocks_of(page: str) -> list[Block]:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return [Block(info, body) for info, body in FENCED.findall(text)]


def script_of(blocks: Sequence[Block], page: str, *, folder: Path) -> str:
    """One shell for the page; before what a block prints stands a line with its number."""
    parts = []
    for number, block in enumerate(blocks):
        if block.info == "sh":
            parts.append(f"echo '::{page} {number}'\n{block.text}\necho")
        elif block.info == "sh terminal":
            log = folder / f"{page}-{number}.log"
            (how,) = [how for what, how in READY.items() if block.text.startswith(what)]
            ready = f"{how.format(log=log)} >{log}.ready"
            parts.append(
                f"( {block.text.strip()} ) >{log} 2>&1 &\n"
                f"for _ in $(seq 400); do {ready} && break; sleep 0.1; done\n"
                f"{ready} || {{ cat {log} >&2; exit 9; }}"
            )
    return "\n".join(parts)


def with_ports_of_our_own(script: str) -> str:
    for written in ("8000", "8090", "8883", "1883"):
        script = re.sub(rf"(?<![\d.]){written}\b", str(free_port()), script)
    return script


def run(script: str, folder: Path) -> str:
    """What it printed; everything that it started is ended."""
    script = with_ports_of_our_own(script)
    (folder / "script").write_text(f"set -euo pipefail\n{script}\n", encoding="utf-8")
    told = folder / "printed"
    with told.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            ["bash", str(folder / "script")],
            cwd=folder,
            env={
                **{name: value for name, value in os.environ.items() if "COLDWITNESS" not in name},
                "PATH": os.pathsep.join(
                    [str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"]
                ),
                "NO_COLOR": "1",
                "COLUMNS": "140",
            },
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with ended(process), contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(WITHIN_S)
    printed = told.read_text(encoding="utf-8")
    assert process.returncode == 0, f"exit {process.returncode} {printed[-5000:]}"
    return printed


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def prints_what_the_page_says(blocks: Sequence[Block], page: str, printed: str) -> None:
    outputs = dict(re.findall(rf"^::{page} (\d+)\n(.*?)(?=^::|\Z)", printed, re.M | re.S))
    for number, block in enumerate(blocks):
        if block.info != "text":
            continue
        lines = iter(outputs[str(number - 1)].splitlines())
        for said in block.text.splitlines():
            pattern = ".*".join(re.escape(part) for part in said.split("…"))
            assert any(re.fullmatch(pattern, line) for line in lines), (
                f"{page}: {said!r} is not printed:\n{outputs[str(number - 1)][:3000]}"
            )


pytestmark = pytest.mark.timeout(WITHIN_S + 20)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: a broker that gives up root's rights has to reach its files."""
    with TemporaryDirectory() as made:
        yield Path(made)


def test_the_tutorial_goes_as_it_is_written(folder: Path) -> None:
    blocks = blocks_of("tutorial")
    script = script_of(blocks, "tutorial", folder=folder)
    for written, here in (
        # `make setup` is what made this environment; make says what it would do.
        ("make setup", f"make --silent --dry-run -C {ROOT} setup >{folder}/made"),
        ("build/try", f"{folder}/try"),
        # Twenty seconds of a morning in two; on ports that are free.
        ("coldwitness demo )", "coldwitness demo --seconds 2 --port 8000 --mqtt-port 1883 )"),
    ):
        assert script.count(written) >= 1, written
        script = script.replace(written, here)
    prints_what_the_page_says(blocks, "tutorial", run(script, folder))


def test_the_how_tos_go_one_after_the_other_as_they_are_written(folder: Path) -> None:
    blocks = {page: blocks_of(page) for page, _ in IN_ORDER}
    script = "\n".join(
        f"(\ncd {place}\n{script_of(blocks[page], page, folder=folder)}\n)"
        for page, place in IN_ORDER
    )
    made = "coldwitness setup broker broker"
    assert script.count(made) == 1
    script = script.replace(made, f"{made} --listen 127.0.0.1 --port 8883")
    printed = run(script, folder)
    for page, _ in IN_ORDER:
        prints_what_the_page_says(blocks[page], page, printed)


@pytest.mark.parametrize("page", ["tutorial", *(page for page, _ in IN_ORDER)])
def test_no_block_of_a_page_escapes_these_tests(page: str) -> None:
    blocks = blocks_of(page)
    assert {block.info for block in blocks} <= {"sh", "sh terminal", "text"}
    for before, block in zip([Block("", ""), *blocks], blocks, strict=False):
        assert block.info != "text" or before.info == "sh", block.text
