"""The wall clock of another process, which a test sets: libfaketime under that process."""

from pathlib import Path

NAME = "faketime/libfaketimeMT.so.1"


def library() -> Path:
    found = sorted(Path("/usr/lib").glob(f"*/{NAME}"))
    assert found, f"this test needs {NAME}: apt-get install libfaketime"
    return found[0]


class Wall:
    """The wall clock of one process: an offset to ours, read anew at every look."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "offset"
        self.set("+0")

    def set(self, offset: str) -> None:
        aside = self._file.with_suffix(".new")
        aside.write_text(offset, encoding="ascii")
        aside.replace(self._file)

    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
