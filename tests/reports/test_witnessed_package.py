"""A package shows that witnesses saw its heads; who rewrote the journal later cannot."""

import base64
import json
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed import standalone_verify
from coldwitness.api.reports.packed.completeness import DayTally
from coldwitness.api.reports.packed.journal_part import JournalPart, doubts_about, journal_part
from coldwitness.storage.journal import Journal, layout
from coldwitness.storage.journal.checkpoint import read_checkpoint
from coldwitness.storage.journal.signed_note import COSIGNATURE, Note, NoteKey, cosignature
from tests.reports.packages import BUREAU, FORGER, zipped
from tests.reports.test_completeness import END_MS, Kept, kept, others

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
WITNESS = NoteKey.of("witness.example/w1", COSIGNATURE, PRIVATE.public_key())
NOW_S = 1_781_900_000


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, JournalPart]:
    """Of a day whose last head but one nobody saw, and whose last a witness signed."""
    tmp_path = tmp_path_factory.mktemp("witnessed")
    one = kept(tmp_path, days=1)
    with Journal(tmp_path, worker="w1", signer=BUREAU) as journal:
        journal.append(others(5, at_ms=END_MS + 90_000_000))
    folder = layout.worker_folder(tmp_path, "w1")
    signed = read_checkpoint(layout.checkpoint(folder).read_bytes(), where="checkpoint")
    line = cosignature(signed.note.text, WITNESS, PRIVATE.sign, time_s=NOW_S)
    both = Note(signed.note.text, (*signed.note.signatures, line)).written()
    day = layout.segments(tmp_path, "w1")[-1].day
    layout.cosigned(folder, day).write_bytes(msgspec.json.encode({"note": both}) + b"\n")
    part = journal_part(one.report, tmp_path, ())
    assert part is not None
    return one, part


def codes(part: JournalPart, one: Kept) -> set[str]:
    found: list[tuple[str, str]] = []
    data = standalone_verify.canonical(json.loads(msgspec.json.encode(part))) + b"\n"
    report = json.loads(render_json(one.report))
    standalone_verify.check_journal(data, [BUREAU.public], found, report)
    alone = {code for code, _ in found}
    ours = {code for code, _ in doubts_about(part, one.report, [BUREAU.public])}
    assert alone & {"head_invalid"} == ours & {"head_invalid"}
    return ours


def test_a_package_says_when_a_witness_saw_its_heads(packed: tuple[Kept, JournalPart]) -> None:
    one, part = packed
    assert codes(part, one) == set()
    assert part.completeness is not None
    (seen,) = part.completeness.seen_by([WITNESS])
    assert (seen.witness, seen.worker, seen.at_s) == ("witness.example/w1", "w1", NOW_S)
    stranger = NoteKey.of("witness.example/w1", COSIGNATURE, FORGER.public)
    assert part.completeness.seen_by([stranger]) == []
    plain = standalone_verify.canonical(json.loads(msgspec.json.encode(part)))
    package = zipped({"journal.json": plain})
    (line,) = standalone_verify.witness_lines(package, [WITNESS.vkey()])
    assert "seen 2026-06-19T" in line
    with pytest.raises(ValueError, match="signed none"):
        standalone_verify.witness_lines(package, [stranger.vkey()])


@pytest.mark.parametrize("what", ["path", "root", "number", "log"])
def test_a_head_that_is_not_in_the_checkpoint_is_found(
    packed: tuple[Kept, JournalPart], what: str
) -> None:
    one, part = packed
    said = part.completeness
    assert said is not None

    def forged(day: DayTally) -> DayTally:
        if not day.witnesses():
            return day
        (was,) = day.witnesses()
        note, path, head = was.note, was.path, day.head
        lines: list[Any] = note.split("\n")
        if what == "path":
            path = (*path[:-1], "00" * 32)
        elif what == "root":
            lines[2] = base64.b64encode(bytes(32)).decode()
        elif what == "number":
            head = msgspec.structs.replace(head, number=head.count() - 1)
        else:
            del lines[4]
        again = msgspec.structs.replace(was, note="\n".join(lines), path=path)
        return msgspec.structs.replace(day, witnessed=(again,), head=head)

    tallies = tuple(map(forged, said.tallies))
    other = msgspec.structs.replace(said, tallies=tallies)
    assert "head_invalid" in codes(msgspec.structs.replace(part, completeness=other), one)
