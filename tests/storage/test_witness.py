"""Witnesses sign only what adds to what they signed; what the operator rewrites shows with them."""

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from coldwitness.api.witness import added
from coldwitness.cli.main import main
from coldwitness.config.settings import WitnessSettings
from coldwitness.storage.journal import Journal, Signer, layout, verify_journal, vouched_by_others
from coldwitness.storage.journal.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from coldwitness.storage.journal.head_tree import HeadTree
from coldwitness.storage.journal.merkle import EMPTY_ROOT
from coldwitness.storage.journal.outside import KeptElsewhere, cosigned_checkpoints, kept_elsewhere
from coldwitness.storage.journal.signed_note import (
    COSIGNATURE,
    ED25519,
    NoteKey,
    note_key,
    read_note,
)
from coldwitness.storage.witness.asking import RolledBack, Witness
from coldwitness.storage.witness.protocol import origin_hash, read_submission, written
from coldwitness.storage.witness.seen import SeenCheckpoints
from tests.journal.conftest import messages
from tests.servers import answers, child, free_port, wait_until

ORIGIN = "bureau.example"
LOG = f"{ORIGIN}/w1"
OPERATOR = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = Signer(OPERATOR)
LOG_KEY = NoteKey.of(LOG, ED25519, SIGNER.public)
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
KEY = NoteKey.of("witness.example/w1", COSIGNATURE, PRIVATE.public_key())
NOW_S = 1_764_400_000


@pytest.fixture
def seen(tmp_path: Path) -> SeenCheckpoints:
    return SeenCheckpoints(
        tmp_path / "witness" / "seen.sqlite",
        logs=[LOG_KEY],
        key=KEY,
        sign=PRIVATE.sign,
        now_s=lambda: NOW_S,
    )


def journal(folder: Path, *, first: int, rows: int, cool: int | None = None) -> None:
    """A run of the worker: `rows` rows from number `first`, of which `cool` is not as it was."""
    with Journal(folder, worker="w1", signer=SIGNER, origin=ORIGIN) as one:
        said = messages(first, rows)
        if cool is not None:
            said[cool] = msgspec.structs.replace(said[cool], payload=b"cool")
        one.append(said)


def tree_of(folder: Path) -> HeadTree:
    return HeadTree(layout.head_tree(layout.worker_folder(folder, "w1")))


def note_at(tree: HeadTree, size: int) -> str:
    checkpoint = Checkpoint(LOG, size, tree.root(size))
    return sign_checkpoint(checkpoint, LOG_KEY, OPERATOR.sign).note.written()


def submit(seen: SeenCheckpoints, tree: HeadTree, *, old: int, size: int) -> tuple[int, bytes]:
    status, _, body = added(seen, written(old, tree.consistency(old, size), note_at(tree, size)))
    return status, body


@pytest.fixture
def tree(tmp_path: Path) -> HeadTree:
    for run in range(5):
        journal(tmp_path / "journal", first=10 * run, rows=10)
    return tree_of(tmp_path / "journal")


def test_each_head_has_a_checkpoint_that_the_log_signed(tmp_path: Path, tree: HeadTree) -> None:
    folder = layout.worker_folder(tmp_path / "journal", "w1")
    signed = read_checkpoint(layout.checkpoint(folder).read_bytes(), where="checkpoint")
    assert (signed.checkpoint.origin, signed.checkpoint.size) == (LOG, 6)
    assert signed.checkpoint.root == tree.root(6)
    assert signed.note.signed_by(LOG_KEY) is True


def test_the_tree_over_the_heads_is_made_anew_where_it_is_gone_or_another(
    tmp_path: Path, tree: HeadTree
) -> None:
    root = tree.root(6)
    tree.path.unlink()
    journal(tmp_path / "journal", first=50, rows=1)
    assert tree_of(tmp_path / "journal").root(6) == root
    tree.path.write_bytes(tree.path.read_bytes()[:-32] + bytes(32))
    journal(tmp_path / "journal", first=51, rows=1)
    assert tree_of(tmp_path / "journal").root(6) == root
    assert tree_of(tmp_path / "journal").size == 8


def test_heads_that_do_not_add_up_make_no_checkpoint_and_stop_no_row(
    tmp_path: Path, tree: HeadTree
) -> None:
    day = layout.segments(tmp_path / "journal", "w1")[0]
    lines = day.heads.read_bytes().splitlines(keepends=True)
    day.heads.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    tree.path.unlink()
    with Journal(tmp_path / "journal", worker="w1", signer=SIGNER) as one:
        assert one.checkpoint is None
        one.append(messages(50, 1))
        assert one.last_row == 51


def test_a_witness_signs_what_adds_to_what_it_signed(seen: SeenCheckpoints, tree: HeadTree) -> None:
    for old, size in ((0, 2), (2, 3), (3, 3), (3, 6)):
        status, body = submit(seen, tree, old=old, size=size)
        assert status == 200
        signed = read_note(note_at(tree, size).encode() + body, where="answer")
        assert signed.cosigned_s(KEY) == NOW_S
    latest = seen.latest(origin_hash(LOG))
    assert latest is not None
    kept = read_checkpoint(latest, where="latest")
    assert kept.checkpoint.size == 6
    assert kept.note.signed_by(LOG_KEY) is True
    assert kept.note.cosigned_s(KEY) == NOW_S


def test_each_refusal_has_the_status_that_the_protocol_names(
    seen: SeenCheckpoints, tree: HeadTree
) -> None:
    assert submit(seen, tree, old=0, size=4)[0] == 200
    note, proof = note_at(tree, 6), tree.consistency(4, 6)
    other = NoteKey("other.example/w1", ED25519, LOG_KEY.public)
    stranger = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
    checkpoint = Checkpoint(LOG, 6, tree.root(6))
    unknown = sign_checkpoint(Checkpoint(other.name, 6, tree.root(6)), other, OPERATOR.sign)
    forged = sign_checkpoint(checkpoint, LOG_KEY, stranger.sign)
    by_another = sign_checkpoint(
        checkpoint, NoteKey.of(LOG, ED25519, stranger.public_key()), stranger.sign
    )
    empty = sign_checkpoint(Checkpoint(LOG, 0, bytes(32)), LOG_KEY, OPERATOR.sign)
    cases = [
        (written(4, proof, unknown.note.written()), 404, b""),
        (written(4, proof, forged.note.written()), 403, b""),
        (written(4, proof, by_another.note.written()), 403, b""),
        (written(7, proof, note), 400, b""),
        (written(3, tree.consistency(3, 6), note), 409, b"4\n"),
        (written(0, [], note), 409, b"4\n"),
        (written(4, proof[:-1], note), 422, b""),
        (written(4, [*proof, bytes(32)], note), 422, b""),
        (written(4, [], note_at(tree, 4).replace("\n4\n", "\n5\n")), 403, b""),
        (written(0, [], empty.note.written()), 409, b"4\n"),
        (b"old 4\n" + note.encode(), 400, b""),
        (b"old 04\n\n" + note.encode(), 400, b""),
        (b"old 4\nAAAA\n\n" + note.encode(), 400, b""),
        (written(4, [bytes(32)] * 64, note), 400, b""),
        (b"", 400, b""),
    ]
    for body, expected, said in cases:
        status, _, answer = added(seen, body)
        assert (status, said in answer) == (expected, True), body
    assert submit(seen, tree, old=4, size=6)[0] == 200


def test_an_empty_log_has_the_root_of_the_empty_tree(seen: SeenCheckpoints, tree: HeadTree) -> None:
    wrong = sign_checkpoint(Checkpoint(LOG, 0, bytes(32)), LOG_KEY, OPERATOR.sign)
    assert added(seen, written(0, [], wrong.note.written()))[0] == 422
    right = sign_checkpoint(Checkpoint(LOG, 0, EMPTY_ROOT), LOG_KEY, OPERATOR.sign)
    assert added(seen, written(0, [], right.note.written()))[0] == 200
    assert submit(seen, tree, old=0, size=2)[0] == 200


def test_of_two_that_race_only_one_moves_the_witness(seen: SeenCheckpoints, tree: HeadTree) -> None:
    longer = read_submission(written(0, [], note_at(tree, 6)))
    shorter = read_submission(written(0, [], note_at(tree, 5)))
    seen.add(longer)
    assert added(seen, written(0, [], note_at(tree, 5)))[0] == 409
    assert shorter.signed.checkpoint.size == 5


def problems(folder: Path, latest: bytes) -> list[str]:
    """What `journal verify` finds given the witness's last word."""
    kept = kept_elsewhere(latest, where="witness")
    reports = verify_journal(folder, public=SIGNER.public)
    found = [problem.text for report in reports for problem in report.problems]
    _, against = vouched_by_others(folder, reports, kept, public=SIGNER.public, witnesses=[KEY])
    return found + [problem.text for problem in against]


def test_rewrites_by_the_keys_owner_are_found_and_never_signed(
    tmp_path: Path, seen: SeenCheckpoints, tree: HeadTree
) -> None:
    """He makes the whole journal anew, by the same key and name, with something older than the
    last witnessed head not as it was: a row changed, left out, or put in. Twenty cases of the
    hundred in `benchmarks.evidence`."""
    assert submit(seen, tree, old=0, size=5)[0] == 200
    latest = seen.latest(origin_hash(LOG))
    assert latest is not None
    assert problems(tmp_path / "journal", latest) == []
    draw = random.Random(14)
    for case in range(20):
        folder, runs, where = tmp_path / "anew", draw.choice([3, 5, 8]), draw.randrange(0, 4)
        for run in range(runs):
            hidden = draw.randrange(10) if run == where else None
            less = draw.choice([0, 0, 1, -1]) if run == where else 0
            journal(folder, first=10 * run, rows=10 - less, cool=None if less else hidden)
        assert problems(folder, latest), case
        anew = tree_of(folder)
        for size in range(5, anew.size + 1):
            assert submit(seen, anew, old=5, size=size)[0] == 422, case
        shutil.rmtree(folder)
    assert submit(seen, tree, old=5, size=6)[0] == 200


def test_a_witness_that_signed_nothing_here_is_missed(tmp_path: Path, tree: HeadTree) -> None:
    folder = tmp_path / "journal"
    reports = verify_journal(folder, public=SIGNER.public)
    vouched, against = vouched_by_others(
        folder, reports, KeptElsewhere(), public=SIGNER.public, witnesses=[KEY]
    )
    assert vouched == []
    assert "has signed none of its heads" in against[0].text


def test_a_checkpoint_of_another_log_or_key_proves_nothing(tmp_path: Path, tree: HeadTree) -> None:
    folder = tmp_path / "journal"
    reports = verify_journal(folder, public=SIGNER.public)
    stranger = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
    for key, said in (
        (NoteKey("elsewhere/w1", ED25519, LOG_KEY.public), "no worker here"),
        (NoteKey.of(LOG, ED25519, stranger.public_key()), "not signed by this key"),
    ):
        signed = sign_checkpoint(Checkpoint(key.name, 5, tree.root(5)), key, stranger.sign)
        vouched, against = vouched_by_others(
            folder, reports, KeptElsewhere(checkpoints=(signed,)), public=SIGNER.public
        )
        assert vouched == []
        assert said in against[0].text


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[str, NoteKey]]:
    """`coldwitness witness` on its own: where it answers, and its key."""
    port, state, log = free_port(), tmp_path / "other-office", tmp_path / "witness.log"
    command = [sys.executable, "-m", "coldwitness.cli", "witness", "--name", "witness.example/w1"]
    command += ["--state", str(state), "--port", str(port), "--log", LOG_KEY.vkey()]
    shown = subprocess.run([*command, "--show-key"], capture_output=True, text=True, check=True)
    url = f"http://127.0.0.1:{port}"
    with child(command, log=log):
        wait_until(lambda: answers(f"{url}/healthz"), what="witness", log=log)
        yield url, note_key(shown.stdout)


def test_a_journal_has_its_heads_signed_by_a_witness_and_is_held_to_them(
    tmp_path: Path, process: tuple[str, NoteKey], capsys: pytest.CaptureFixture[str]
) -> None:
    url, key = process
    folder = tmp_path / "journal"
    home = layout.worker_folder(folder, "w1")
    settings = WitnessSettings(url=url, key=key.vkey())
    for run in range(3):
        journal(folder, first=10 * run, rows=10)
        witness = Witness(settings, home)
        witness.submit(read_checkpoint(layout.checkpoint(home).read_bytes(), where="checkpoint"))
        witness.close()
    sizes = [one.checkpoint.size for one in cosigned_checkpoints(home)]
    assert sizes == [2, 3, 4]
    assert all(one.note.cosigned_s(key) for one in cosigned_checkpoints(home))

    verify = ["journal", "verify", "--directory", str(folder), "--public-key"]
    public = tmp_path / "issuer.pub"
    public.write_bytes(_pem(SIGNER))
    latest = f"{url}/{origin_hash(LOG)}/checkpoint"
    whole = [*verify, str(public), "--heads", latest, "--witness", key.vkey()]
    assert main(whole) == 0
    assert "proved up to row 30 by witness witness.example/w1" in capsys.readouterr().out

    shutil.rmtree(folder)
    for run in range(3):
        journal(folder, first=10 * run, rows=10, cool=3 if run == 1 else None)
    assert main(whole) == 1
    assert "are not those of a checkpoint kept elsewhere" in capsys.readouterr().out
    journal(folder, first=30, rows=1)
    witness = Witness(settings, home)
    with pytest.raises(RolledBack, match="do not add to those it has signed"):
        witness.submit(read_checkpoint(layout.checkpoint(home).read_bytes(), where="checkpoint"))
    shutil.rmtree(folder)
    journal(folder, first=0, rows=1)
    with pytest.raises(RolledBack, match="was put back"):
        witness.submit(read_checkpoint(layout.checkpoint(home).read_bytes(), where="checkpoint"))
    witness.close()


def _pem(signer: Signer) -> bytes:
    return signer.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
