"""Registers of tests: a new one is a copy of an empty one.

Hundreds of tests start one, and going through all migrations takes longer than most of them.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from coldwitness.storage.register import SqlRegister, open_register


@cache
def _empty_register() -> bytes:
    """A SQLite register of this program's version with its tables and nothing in them."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "register.sqlite"
        open_register(f"sqlite:///{file}").close()
        return file.read_bytes()


def new_register(file: Path) -> SqlRegister:
    """The register in `file`, an empty one where there is no such file."""
    if not file.exists():
        file.write_bytes(_empty_register())
    return open_register(f"sqlite:///{file}")
