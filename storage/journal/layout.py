"""Where a journal's files lie, and which segments there are."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WORKER = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True)
class Segment:
    """Paths of one worker's day. `state`: open (SQLite), sealed (rows + seal), retired (the
    rows were deleted by retention; the seal stays)."""

    worker: str
    day: str
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / f"{self.day}.sqlite"

    @property
    def heads(self) -> Path:
        return self.folder / f"{self.day}.heads"

    @property
    def rows(self) -> Path:
        return self.folder / f"{self.day}.rows.gz"

    @property
    def seal(self) -> Path:
        return self.folder / f"{self.day}.seal.json"

    @property
    def tally(self) -> Path:
        return self.folder / f"{self.day}.tally"

    @property
    def removed(self) -> Path:
        """What is kept in the place of messages that were removed."""
        return self.folder / f"{self.day}.removed"

    def row_files(self) -> list[Path]:
        """Files of a sealed day's rows: one, and a second one while messages are being removed;
        the seal names which counts."""
        return sorted(self.folder.glob(f"{self.day}.rows*gz"))

    @property
    def state(self) -> Literal["open", "sealed", "retired"]:
        if self.seal.exists():
            return "sealed" if self.rows.exists() or self.row_files() else "retired"
        return "open"


def unfinished_mark(folder: Path) -> Path:
    """Stands in a folder while a backup or a restore fills it."""
    return folder / ".unfinished"


def signing_key(directory: Path) -> Path:
    return directory / "keys" / "signing.key"


def public_key(directory: Path) -> Path:
    return directory / "keys" / "signing.pub"


def key_history(directory: Path) -> Path:
    """Which keys have signed for this journal; nothing in it is secret."""
    return directory / "keys" / "history.ndjson"


def worker_folder(directory: Path, worker: str) -> Path:
    return directory / "segments" / worker


def closing(folder: Path) -> Path:
    """Whose lock he holds who seals a day of a worker or takes messages out of one; `folder` is
    the worker's."""
    return folder.parents[1] / "derived" / f"closing-{folder.name}"


def head_tree(folder: Path) -> Path:
    """The tree over a worker's heads, worked out from them; `folder` is the worker's."""
    return folder / "heads.tree"


def checkpoint(folder: Path) -> Path:
    """The newest checkpoint of a worker's heads, a signed note."""
    return folder / "checkpoint"


def origin(folder: Path) -> Path:
    """The name under which witnesses know a worker's heads."""
    return folder / "origin"


def cosigned(folder: Path, day: str) -> Path:
    """Checkpoints of a day that witnesses signed, one JSON line each."""
    return folder / f"{day}.cosigned"


def stamps(folder: Path, day: str) -> Path:
    """Time stamps of a worker's checkpoints that were asked for on a day, one JSON line each."""
    return folder / f"{day}.stamps"


def workers(directory: Path) -> list[str]:
    """Workers that ever wrote here."""
    root = directory / "segments"
    if not root.is_dir():
        return []
    return sorted(p.name for p in root.iterdir() if p.is_dir() and _WORKER.fullmatch(p.name))


def has_days(directory: Path) -> bool:
    """Whether any worker ever wrote a day here."""
    return any(segments(directory, worker) for worker in workers(directory))


def segments(directory: Path, worker: str) -> list[Segment]:
    """A worker's segments, oldest first."""
    folder = worker_folder(directory, worker)
    if not folder.is_dir():
        return []
    days = set()
    for path in folder.iterdir():
        day, _, kind = path.name.partition(".")
        if _DAY.fullmatch(day) and kind in ("sqlite", "rows.gz", "seal.json", "heads"):
            days.add(day)
    return [Segment(worker, day, folder) for day in sorted(days)]
