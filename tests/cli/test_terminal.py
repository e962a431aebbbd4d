"""Names of others never command the terminal of whoever reads them."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from coldwitness.domain.visible import cell_text, visible
from tests.e2e.demo_process import COLDWITNESS

ESCAPE = "\x1b[2J\x1b]0;taken\x07"


def on_a_terminal(*arguments: str | Path) -> str:
    """What a command writes where both its outputs are a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([COLDWITNESS, *arguments], stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so where the other end is closed
            break
        if not part:
            break
        said += part
    os.close(ours)
    process.wait(60)
    return said.decode()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(f"time,{ESCAPE}drug\u202e\n2026-11-21T01:30:00Z,5\n")
    return path


def test_a_header_with_escape_sequences_is_shown_and_not_obeyed(table: Path) -> None:
    said = on_a_terminal("check", table, "--storage", "refrigerated")
    assert "[U+001B]" in said
    assert not {"\x1b", "\x07", "\u202e"} & set(said)


def test_bytes_that_are_no_text_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"PK\x03\x04\x1b[31m\x9b31m\x00\n\x1b,2\n")
    assert not {"\x1b", "\x9b", "\x00"} & set(on_a_terminal("check", path, "--storage", "room"))


def test_a_shipment_of_any_name_in_a_table_of_results(tmp_path: Path) -> None:
    path = tmp_path / f"x{ESCAPE.replace('/', '')}.csv"
    path.write_text("time,drug\n2026-11-21T01:30:00Z,5\n2026-11-21T01:31:00Z,5\n")
    said = on_a_terminal("check", path, "--storage", "refrigerated")
    assert not {"\x1b", "\x07"} & set(said)


def test_what_goes_into_a_file_is_data_and_stays() -> None:
    code = (
        "import sys; from coldwitness.cli.terminal import show_and_never_obey as show; show();"
        r"print('\u202e'); print('\u202e', file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (found.stdout.decode(), found.stderr.decode()) == ("\u202e\n", "[U+202E]\n")


@pytest.mark.parametrize("begins", ["=1+1", "+1", "-1", "@A", "\t=1"])
def test_a_cell_is_no_formula(begins: str) -> None:
    assert cell_text(begins).startswith("'")


def test_seen_texts_stay_as_they_are() -> None:
    for text in ("胰岛素 1 ml", "a\nb\tc", "é😀"):
        assert visible(text) == text
