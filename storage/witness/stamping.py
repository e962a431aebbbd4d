"""Each hour the newest checkpoint of every worker to a time-stamp authority, and its answer kept.

A stamp says that the heads were these at its time, by somebody who knows nothing of logs: it needs
no witness, and holds for as long as the authority's certificate is believed.
"""

import base64
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from cryptography.x509 import Certificate

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.domain.instants import instant_ms
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.checkpoint import read_checkpoint
from coldwitness.storage.journal.outside import Stamped
from coldwitness.storage.journal.rows import utc_day
from coldwitness.storage.witness.timestamp import ask_for_stamp, require_authority, stamp_of

log = logging.getLogger(__name__)

EVERY_S = 3600.0
LOOK_EVERY_S = 60.0


class _Line(msgspec.Struct):
    """note : the checkpoint as it was stamped; token : the answer (base64 of DER)."""

    size: int
    at_s: int
    note: str
    token: str


class Stamping:
    """directory : of the journal, whose workers are all stamped, whichever process writes them.
    url : the authority's; None: nothing is done."""

    def __init__(
        self, url: str | None, directory: Path, *, now_s: Callable[[], float] = time.time
    ) -> None:
        self.problem = ""
        self._url = url
        self._directory = directory
        self._now_s = now_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="stamping", daemon=True)

    def start(self) -> None:
        if self._url is not None:
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def stamp_due(self) -> int:
        """Stamp the workers' checkpoints that are due; returns how many were. What fails is
        said in `problem` and tried again at the next look."""
        stamped = 0
        problem = ""
        for worker in layout.workers(self._directory):
            folder = layout.worker_folder(self._directory, worker)
            try:
                stamped += self._stamp(folder)
            except (Unavailable, BadInput, OSError) as error:
                problem = f"{worker}: {error}"
        if problem and problem != self.problem:
            log.warning("time stamp: %s", problem)
        self.problem = problem
        return stamped

    def _stamp(self, folder: Path) -> int:
        path, now_s = layout.checkpoint(folder), int(self._now_s())
        if self._url is None or not path.exists():
            return 0
        note = path.read_bytes()
        size = read_checkpoint(note, where=str(path)).checkpoint.size
        last = max(_lines(folder), key=lambda line: line.size, default=None)
        if last is not None and (last.size >= size or now_s - last.at_s < EVERY_S):
            return 0
        token = ask_for_stamp(self._url, note)
        line = _Line(size, now_s, note.decode(), base64.b64encode(token).decode("ascii"))
        with layout.stamps(folder, utc_day(now_s * 1000)).open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return 1

    def _follow(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self.stamp_due()
            except Exception:
                log.exception("stamping failed; trying again")


def stamped_checkpoints(
    directory: Path, authorities: Sequence[Certificate]
) -> tuple[list[Stamped], list[str]]:
    """The journal's stamps that one of `authorities` signed, and what is wrong with others."""
    stamped: list[Stamped] = []
    wrong: list[str] = []
    for worker in layout.workers(directory):
        for line in _lines(layout.worker_folder(directory, worker)):
            note = line.note.encode()
            where = f"worker {worker}: stamp of head {line.size}"
            try:
                token = base64.b64decode(line.token, validate=True)
                stamp = stamp_of(token, note)
                require_authority(token, note, authorities)
                signed = read_checkpoint(note, where=where)
            except (BadInput, ValueError) as error:
                wrong.append(f"{where}: {error}")
            else:
                stamped.append(Stamped(signed, instant_ms(stamp.at) // 1000, stamp.serial))
    return stamped, wrong


def _lines(folder: Path) -> Iterator[_Line]:
    for path in sorted(folder.glob("*.stamps")):
        for line in path.read_bytes().splitlines():
            try:
                yield msgspec.json.decode(line, type=_Line)
            except msgspec.MsgspecError:
                continue
