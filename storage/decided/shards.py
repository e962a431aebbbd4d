"""Which workers' journals hold decisions, and by what each is known for good."""

import re
from pathlib import Path

from coldwitness.storage.journal import layout
from coldwitness.storage.journal.heads import read_heads

IMPORTS = "import"
"""`coldwitness import` journals manifests and telemetry in one."""
_MOST = 16
_SHARD = re.compile(r"api\d*")


def shard_names() -> list[str]:
    """In the order in which processes take them: each the first that is free."""
    return ["api", *(f"api{number}" for number in range(2, _MOST + 1))]


def is_shard(worker: str) -> bool:
    return _SHARD.fullmatch(worker) is not None


def deciding_workers(directory: Path) -> list[str]:
    """Workers whose journals may hold decisions, of those that are there."""
    return [name for name in layout.workers(directory) if is_shard(name) or name == IMPORTS]


def chain_of(directory: Path, worker: str) -> str:
    """What tells this worker's journal from that of a worker of the same name elsewhere: its name
    and the first head it signed; the name alone before there is one."""
    first = layout.segments(directory, worker)[:1]
    digest = _first_head(first[0]) if first else None
    return worker if digest is None else f"{worker}/{digest[:16]}"


def _first_head(segment: layout.Segment) -> str | None:
    key = str(segment.heads)
    if key not in _FIRST:
        heads, _ = read_heads(segment.heads)
        if not heads:
            return None
        _FIRST[key] = heads[0].digest()
    return _FIRST[key]


_FIRST: dict[str, str] = {}
"""First heads never change; they are asked for with every decision."""
