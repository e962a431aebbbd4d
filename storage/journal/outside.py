"""What somebody outside kept of a journal, and up to which row that proves it.

Signed heads and checkpoints, alone, in a worker's health messages or as a witness hands them out;
and the cosignatures that the journal itself keeps, which only the witness's own key vouches for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.checkpoint import SignedCheckpoint, read_checkpoint
from coldwitness.storage.journal.head_log import origin_of
from coldwitness.storage.journal.heads import SignedHead
from coldwitness.storage.journal.key_history import LogKeys, keys_of_log
from coldwitness.storage.journal.merkle import Frontier
from coldwitness.storage.journal.signed_note import ED25519, NoteKey
from coldwitness.storage.journal.verification import Problem, SegmentReport


@dataclass(frozen=True)
class Stamped:
    """A checkpoint that a time-stamp authority signed at `at_s` [UTC epoch s], as `serial`."""

    signed: SignedCheckpoint
    at_s: int
    serial: str


@dataclass(frozen=True)
class KeptElsewhere:
    heads: tuple[SignedHead, ...] = ()
    checkpoints: tuple[SignedCheckpoint, ...] = ()
    stamped: tuple[Stamped, ...] = ()

    def __add__(self, other: "KeptElsewhere") -> "KeptElsewhere":
        return KeptElsewhere(
            self.heads + other.heads,
            self.checkpoints + other.checkpoints,
            self.stamped + other.stamped,
        )


@dataclass(frozen=True)
class Vouched:
    """Rows of `worker` up to `row` are those that head number `size` signed, and `by` says so: a
    witness (seen_s : when it saw them, UTC epoch s), or None for what was kept elsewhere."""

    worker: str
    row: int
    size: int
    by: str | None = None
    seen_s: int | None = None

    def text(self) -> str:
        proved = f"worker {self.worker}: proved up to row {self.row}"
        if self.by is None or self.seen_s is None:
            return f"{proved} by a head kept elsewhere"
        return f"{proved} by {self.by}, seen {rfc3339(self.seen_s * 1000)}"


class _CosignedLine(msgspec.Struct):
    note: str


class _FedHead(msgspec.Struct):
    checkpoint: str


def kept_elsewhere(data: bytes, *, where: str) -> KeptElsewhere:
    """One checkpoint (a signed note), or NDJSON: a head, a worker's health message,
    `{"note": …}` or `{"checkpoint": …}` with a checkpoint, or an answer of the feed of clues with
    its `heads` a line.

    A health message of a worker that has signed nothing yet has none. Raises BadInput.
    """
    if not data.lstrip().startswith(b"{"):
        return KeptElsewhere(checkpoints=(read_checkpoint(data, where=where),))
    heads: list[SignedHead] = []
    checkpoints: list[SignedCheckpoint] = []
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        place = f"{where}: line {number}"
        try:
            said = msgspec.json.decode(line, type=dict[str, object])
            note = said.get("note", said.get("checkpoint"))
            if isinstance(note, str):
                checkpoints.append(read_checkpoint(note.encode(), where=place))
            fed = said.get("heads")
            if isinstance(fed, list):
                told = msgspec.convert(fed, list[_FedHead])
                checkpoints += [read_checkpoint(a.checkpoint.encode(), where=place) for a in told]
                continue
            head = said.get("signed_head") if "signed_head" in said else said
            if head is not None and not (head is said and isinstance(note, str)):
                heads.append(msgspec.convert(head, SignedHead))
        except msgspec.MsgspecError as error:
            raise BadInput(f"{place} is no signed head: {error}") from error
    if not heads and not checkpoints:
        raise BadInput(f"{where}: no signed head in it")
    return KeptElsewhere(tuple(heads), tuple(checkpoints))


def cosigned_checkpoints(folder: Path, day: str = "*") -> Iterator[SignedCheckpoint]:
    """What a worker's journal keeps of its witnesses, of all days or of one (UTC), oldest first;
    unreadable lines not."""
    for path in sorted(folder.glob(f"{day}.cosigned")):
        for line in path.read_bytes().splitlines():
            try:
                note = msgspec.json.decode(line, type=_CosignedLine).note
                yield read_checkpoint(note.encode(), where=str(path))
            except (msgspec.MsgspecError, BadInput):
                continue


def vouched_by_others(
    directory: Path,
    reports: Sequence[SegmentReport],
    kept: KeptElsewhere,
    *,
    public: Ed25519PublicKey | None,
    witnesses: Sequence[NoteKey] = (),
) -> tuple[list[Vouched], list[Problem]]:
    """Up to which row what others kept proves the journal, and where it contradicts it.

    reports : of `verify_journal`, given the heads kept elsewhere. witnesses : whose cosignatures
    count; one that is asked for and signed nothing of a worker's journal is a problem.
    """
    keys = None if public is None else keys_of_log(directory, public)
    vouched: list[Vouched] = []
    problems: list[Problem] = []
    folders = {worker: layout.worker_folder(directory, worker) for worker in _workers(reports)}
    origins = {origin_of(folder): worker for worker, folder in folders.items()}
    for signed in kept.checkpoints:
        worker = origins.get(signed.checkpoint.origin)
        if worker is None:
            text = f"there is no worker here whose heads are {signed.checkpoint.origin!r}"
            problems.append(Problem("missing", str(directory), None, text))
    for worker, folder in folders.items():
        numbered = _numbered(reports, worker)
        mine = [one for one in kept.checkpoints if origins.get(one.checkpoint.origin) == worker]
        inside = list(cosigned_checkpoints(folder)) if witnesses else []
        ours = [one for one in inside if origins.get(one.checkpoint.origin) == worker]
        file = layout.head_tree(folder)
        dated = [one for one in kept.stamped if origins.get(one.signed.checkpoint.origin) == worker]
        shown = (*mine, *ours, *(one.signed for one in dated))
        roots = _roots(numbered, {one.checkpoint.size for one in shown})
        for signed in mine:
            found = _contradicted(signed, roots, keys)
            if found is None:
                vouched.append(_proved(worker, signed, numbered))
            else:
                problems.append(Problem("head", str(file), None, f"worker {worker}: {found}"))
        by_stamp, against = _by_stamps(worker, dated, roots, numbered, keys)
        vouched += by_stamp
        problems += [Problem("head", str(file), None, text) for text in against]
        for key in witnesses:
            seen = [one for one in (*mine, *ours) if one.note.cosigned_s(key) is not None]
            wrong = [said for one in seen if (said := _contradicted(one, roots, keys))]
            if wrong:
                text = f"worker {worker}: witness {key.name}: {wrong[0]}"
                problems.append(Problem("head", str(file), None, text))
            elif seen:
                last = max(seen, key=lambda one: one.checkpoint.size)
                time_s = last.note.cosigned_s(key)
                vouched.append(
                    _proved(worker, last, numbered, by=f"witness {key.name}", seen_s=time_s)
                )
            elif numbered:
                text = f"worker {worker}: witness {key.name} has signed none of its heads"
                problems.append(Problem("missing", str(file), None, text))
    return vouched, problems


def _by_stamps(
    worker: str,
    dated: Sequence[Stamped],
    roots: Mapping[int, bytes],
    numbered: Sequence[SignedHead],
    keys: LogKeys | None,
) -> tuple[list[Vouched], list[str]]:
    """What the newest time stamp proves, and what any of them says against the heads."""
    against = [
        f"worker {worker}: time stamp {one.serial}: {said}"
        for one in dated
        if (said := _contradicted(one.signed, roots, keys)) is not None
    ]
    if against or not dated:
        return [], against
    last = max(dated, key=lambda one: one.signed.checkpoint.size)
    by = f"time stamp {last.serial}"
    return [_proved(worker, last.signed, numbered, by=by, seen_s=last.at_s)], []


def _workers(reports: Sequence[SegmentReport]) -> list[str]:
    return sorted({report.segment.worker for report in reports})


def _numbered(reports: Sequence[SegmentReport], worker: str) -> list[SignedHead]:
    """Heads 1 to n of a worker as they stand in its files, without those after a missing one."""
    heads = [head for one in reports if one.segment.worker == worker for head in one.heads]
    by_number: dict[int, SignedHead] = {}
    for head in heads:
        by_number.setdefault(head.count(), head)
    whole: list[SignedHead] = []
    while len(whole) + 1 in by_number:
        whole.append(by_number[len(whole) + 1])
    return whole


def _roots(heads: Sequence[SignedHead], sizes: set[int]) -> dict[int, bytes]:
    """Tree heads of those sizes that there are."""
    tree = Frontier()
    roots = {0: tree.root()} if 0 in sizes else {}
    for head in heads:
        tree.push(head.leaf())
        if tree.size in sizes:
            roots[tree.size] = tree.root()
    return roots


def _contradicted(
    signed: SignedCheckpoint, roots: Mapping[int, bytes], keys: LogKeys | None
) -> str | None:
    """What a checkpoint says against the heads that are here."""
    checkpoint = signed.checkpoint
    if keys is not None and not any(
        signed.note.signed_by(NoteKey.of(checkpoint.origin, ED25519, key)) for key in keys.keys
    ):
        return f"a checkpoint of {checkpoint.size} heads was not signed by this key"
    if checkpoint.size not in roots:
        return f"heads are missing: a checkpoint kept elsewhere has {checkpoint.size}"
    if roots[checkpoint.size] != checkpoint.root:
        return f"the first {checkpoint.size} heads are not those of a checkpoint kept elsewhere"
    return None


def _proved(
    worker: str,
    signed: SignedCheckpoint,
    heads: Sequence[SignedHead],
    *,
    by: str | None = None,
    seen_s: int | None = None,
) -> Vouched:
    size = signed.checkpoint.size
    return Vouched(worker, heads[size - 1].row if size else 0, size, by, seen_s)
