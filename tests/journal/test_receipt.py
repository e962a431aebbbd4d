"""A receipt is read by a library of others; none that was changed, or of another row, is."""

import random
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from scitt_cose import verify_receipt

from coldwitness.cli.main import main
from coldwitness.config.settings import JournalSettings
from coldwitness.storage.journal import Journal, JournalReader, Signer, row_bytes
from coldwitness.storage.journal.receipt import row_receipt
from coldwitness.storage.journal.rows import parse_row
from tests.journal.conftest import DAY_MS, NOON_MS, messages


def pem(signer: Signer) -> bytes:
    return signer.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_100_of_100_receipts_are_read_by_scitt_cose_and_no_other_row_passes(
    tmp_path: Path, signer: Signer
) -> None:
    with Journal(tmp_path, worker="w1", signer=signer) as journal:
        journal.append(messages(0, 77))
        journal.append(messages(77, 123, received_ms=NOON_MS + DAY_MS))
    reader, draw = JournalReader(tmp_path), random.Random(9942)
    rows = draw.sample(range(1, 201), 100)
    proofs = {proof.row: proof for proof in reader.proofs("w1", rows)}
    for row in rows:
        receipt = row_receipt(proofs[row], signer, issuer="bureau.example/w1", time_s=1_795_000_000)
        entry = row_bytes(reader.row("w1", row))
        found = verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=pem(signer))
        assert found.ok, (row, found.errors)
        other = row_bytes(reader.row("w1", row % 200 + 1))
        assert not verify_receipt(
            receipt, leaf_entry_hex=other.hex(), log_public_key_pem=pem(signer)
        ).ok


def test_a_receipt_with_a_bit_changed_proves_nothing_else(tmp_path: Path, signer: Signer) -> None:
    """The number of rows is not signed, only the root: beside the row it may be another."""
    with Journal(tmp_path, worker="w1", signer=signer) as journal:
        journal.append(messages(0, 13))
    (proof,) = JournalReader(tmp_path).proofs("w1", [5])
    receipt = row_receipt(proof, signer, issuer="bureau.example/w1", time_s=1_795_000_000)
    for at in range(0, len(receipt), 3):
        hurt = bytearray(receipt)
        hurt[at] ^= 0x01
        found = verify_receipt(
            bytes(hurt), leaf_entry_hex=proof.entry.hex(), log_public_key_pem=pem(signer)
        )
        assert not found.ok or (found.root, found.tree_size) == (proof.root.hex(), 12), at


def test_the_receipt_has_the_labels_of_rfc_9942(tmp_path: Path, signer: Signer) -> None:
    with Journal(tmp_path, worker="w1", signer=signer) as journal:
        journal.append(messages(0, 3))
    (proof,) = JournalReader(tmp_path).proofs("w1", [2])
    said = cbor2.loads(row_receipt(proof, signer, issuer="bureau.example/w1", time_s=7))
    protected, unprotected, payload, _ = said.value
    assert (said.tag, payload) == (18, None)
    assert cbor2.loads(protected) == {
        1: -8,
        4: signer.key_id.encode(),
        15: {1: "bureau.example/w1", 2: "w1 2024-06-01 row 2", 6: 7},
        395: 1,
    }
    (inclusion,) = unprotected[396][-1]
    assert cbor2.loads(inclusion) == [3, 1, list(proof.path)]


def test_the_command_writes_row_and_receipt(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    with Journal.open(JournalSettings(directory=folder)) as journal:
        journal.append(messages(0, 5))
    out = tmp_path / "out"
    arguments = ["journal", "prove", "w1", "2", "4", "-o", str(out), "--directory", str(folder)]
    assert main(arguments) == 0
    public = (folder / "keys" / "signing.pub").read_bytes()
    for row in (2, 4):
        entry = (out / f"w1-{row}.row").read_bytes()
        receipt = (out / f"w1-{row}.cbor").read_bytes()
        assert verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=public).ok
        message = (out / f"w1-{row}.message").read_bytes()
        assert message == messages(row - 1, 1)[0].payload
        opened = parse_row((out / f"w1-{row}.kept").read_bytes())
        assert (opened.payload, row_bytes(opened)) == (message, entry)
    assert main([*arguments[:3], "9", *arguments[5:]]) == 2
