"""A message is taken away from an open and from a sealed day; its row still proves itself."""

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Thread

import pytest

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal import (
    Journal,
    JournalReader,
    Message,
    Signer,
    sealing,
    verify_journal,
)
from coldwitness.storage.journal.layout import Segment, segments
from coldwitness.storage.journal.removing import remove
from coldwitness.storage.journal.rows import Removal
from coldwitness.storage.journal.sealed import SealedRow, WrittenFile
from coldwitness.storage.journal.segment import SegmentWriter
from coldwitness.storage.journal.segment_meta import FIRST_FORMAT, SegmentMeta
from coldwitness.storage.journal.tally import row_names
from tests.journal.conftest import DAY_MS, NOON_MS, messages

Open = Callable[..., Journal]
SECRET = b'{"logger":"LG-1","receiver":"Wang Xiaoming 13812345678"}'
TOPIC = "coldchain/v1/ql-express/BX-1/readings"
KEPT = Removal(row=5, order=("api", 3), names=("box:ql-express/BX-1", "logger:LG-1"))


def written(open_journal: Open, *, sealed: bool) -> None:
    with open_journal() as journal:
        journal.append([*messages(0, 4), Message(TOPIC, SECRET, NOON_MS + 4), *messages(5, 20)])
        if sealed:
            journal.append(messages(25, 3, received_ms=NOON_MS + DAY_MS))


def problems(folder: Path, signer: Signer) -> list[str]:
    reports = verify_journal(folder, public=signer.public)
    return [problem.text for report in reports for problem in report.problems]


def day(folder: Path) -> Segment:
    return segments(folder, "w1")[0]


@pytest.mark.parametrize("sealed", [False, True])
def test_the_bytes_are_gone_and_every_proof_holds(
    tmp_path: Path, open_journal: Open, signer: Signer, sealed: bool
) -> None:
    written(open_journal, sealed=sealed)
    reader = JournalReader(tmp_path)
    before = {proof.row: proof for proof in reader.proofs("w1", range(1, 26))}
    for _ in range(2):  # the second time changes nothing
        remove(day(tmp_path), [KEPT], signer)
    files = [path for path in day(tmp_path).folder.iterdir() if path.is_file()]
    assert not any(b"Wang" in path.read_bytes() for path in files)
    assert len(day(tmp_path).row_files()) == int(sealed)
    assert problems(tmp_path, signer) == []
    assert verify_journal(tmp_path, public=signer.public)[0].removed == [5]
    gone = reader.row("w1", 5)
    assert (gone.removed, gone.payload, gone.removal) == (True, b"", KEPT)
    assert [name.decode() for name in row_names(gone)] == list(KEPT.names)
    for proof in reader.proofs("w1", range(1, 26)):
        assert (proof.root, proof.entry) == (before[proof.row].root, before[proof.row].entry)
    assert [row.payload for row in reader.read("w1")][5:25] == [
        message.payload for message in messages(5, 20)
    ]


def test_a_worker_goes_on_over_a_removed_message_and_seals_its_day(
    tmp_path: Path, open_journal: Open, signer: Signer
) -> None:
    written(open_journal, sealed=False)
    remove(day(tmp_path), [KEPT], signer)
    with open_journal() as journal:
        journal.append(messages(30, 3))
        journal.append(messages(40, 3, received_ms=NOON_MS + DAY_MS))
    assert day(tmp_path).state == "sealed"
    assert problems(tmp_path, signer) == []
    assert JournalReader(tmp_path).row("w1", 5).removal == KEPT


def test_a_message_removed_while_its_day_is_sealed_is_in_no_file_afterwards(
    tmp_path: Path, open_journal: Open, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(open_journal, sealed=False)
    removing = Thread(target=remove, args=(day(tmp_path), [KEPT], signer))
    write = sealing.write_rows

    def written_meanwhile(path: Path, first_row: int, rows: Iterable[SealedRow]) -> WrittenFile:
        done = write(path, first_row, rows)
        removing.start()  # what is sealed has been read with the message in it
        removing.join(timeout=0.3)
        return done

    monkeypatch.setattr(sealing, "write_rows", written_meanwhile)
    assert list(sealing.seal_finished(tmp_path, signer))
    removing.join(timeout=60.0)
    files = [path for path in day(tmp_path).folder.iterdir() if path.is_file()]
    assert day(tmp_path).state == "sealed"
    assert not any(
        SECRET in gzip.decompress(path.read_bytes()) for path in day(tmp_path).row_files()
    )
    assert not any(b"Wang" in path.read_bytes() for path in files)
    assert problems(tmp_path, signer) == []
    assert JournalReader(tmp_path).row("w1", 5).removal == KEPT


def test_other_names_than_the_row_had_are_told_by_the_tally(
    tmp_path: Path, open_journal: Open, signer: Signer
) -> None:
    written(open_journal, sealed=True)
    remove(day(tmp_path), [Removal(row=5, order=("api", 3), names=("logger:LG-2",))], signer)
    assert any("tally" in text for text in problems(tmp_path, signer))


def test_what_holds_its_message_itself_or_is_not_there_is_not_removed(
    tmp_path: Path, signer: Signer
) -> None:
    folder = tmp_path / "segments" / "w1"
    folder.mkdir(parents=True)
    SegmentWriter(
        folder / "2024-06-01.sqlite", SegmentMeta("w1", "2024-06-01", 1, format=FIRST_FORMAT)
    ).append(messages(0, 9))
    for row, reason in ((5, "holds its message itself"), (99, "no row 99")):
        with pytest.raises(BadInput, match=reason):
            remove(day(tmp_path), [Removal(row=row, order=("api", 3), names=())], signer)
