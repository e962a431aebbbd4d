"""Signed notes as C2SP publishes them, and texts that are none."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.checkpoint import read_checkpoint
from coldwitness.storage.journal.signed_note import (
    COSIGNATURE,
    ED25519,
    Note,
    NoteKey,
    cosignature,
    note_key,
    read_note,
    signed_note,
)

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONn"
    "cAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
"""The example of c2sp.org/signed-note, key and note."""
LOG_LINE = (
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2"
    "q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
WITNESS_LINE = (
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2"
    "oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    + LOG_LINE
    + WITNESS_LINE
)
"""The example of c2sp.org/tlog-cosignature; its keys are not published."""


def test_the_published_example_holds_and_not_a_letter_of_it_may_change() -> None:
    key = note_key(VKEY)
    assert (key.vkey(), key.kind, key.key_id.hex()) == (VKEY, ED25519, "530d903a")
    assert read_note(NOTE.encode(), where="example").signed_by(key) is True
    assert read_note(NOTE.encode(), where="example").written() == NOTE
    changed = read_note(NOTE.replace("an example", "no example").encode(), where="example")
    assert changed.signed_by(key) is False
    other = NoteKey("example.com/bar", ED25519, key.public)
    assert read_note(NOTE.encode(), where="example").signed_by(other) is None


def test_the_published_checkpoint_is_read_and_written_again_to_the_letter() -> None:
    signed = read_checkpoint(CHECKPOINT.encode(), where="example")
    checkpoint = signed.checkpoint
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.text() == signed.note.text
    assert signed.note.written() == CHECKPOINT
    assert int.from_bytes(signed.note.signatures[1].value[:8], "big") == 1_679_315_147


def test_a_cosignature_is_over_time_and_text() -> None:
    """The message is spelt out here from c2sp.org/tlog-cosignature."""
    private = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
    key = NoteKey.of("witness.example/w1", COSIGNATURE, private.public_key())
    text = "log.example/a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    line = cosignature(text, key, private.sign, time_s=1_679_315_147)
    message = b"cosignature/v1\ntime 1679315147\n" + text.encode()
    private.public_key().verify(line.value[8:], message)
    assert Note(text, (line,)).cosigned_s(key) == 1_679_315_147
    later = line.value[:7] + bytes([line.value[7] ^ 1]) + line.value[8:]
    forged = type(line)(line.name, line.key_id, later)
    assert Note(text, (forged,)).cosigned_s(key) is None


def test_a_text_may_have_empty_lines_and_other_scripts() -> None:
    private = Ed25519PrivateKey.from_private_bytes(b"\x06" * 32)
    key = NoteKey.of("冷证.example", ED25519, private.public_key())
    note = signed_note("一\n\n二\n", key, private.sign)
    assert read_note(note.written().encode(), where="note") == note
    assert note.signed_by(key) is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\nno dash\n",
        "text\n\n— name\n",
        "text\n\n— name ====\n",
        "text\n\n— name AAAA\n",
        "text\n\n— name " + base64.b64encode(b"12345678").decode(),
        "te\txt\n\n— name " + base64.b64encode(b"12345678").decode() + "\n",
    ],
)
def test_what_is_no_signed_note_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no signed note"):
        read_note(text.encode(), where="note")


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+530d903a",
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("foo", "fo o"),
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "name+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
        "name+00000000+" + base64.b64encode(b"\x01" + bytes(31)).decode(),
    ],
)
def test_what_is_no_key_is_refused(vkey: str) -> None:
    with pytest.raises(BadInput):
        note_key(vkey)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20852163", "020852163"),
        ("20852163", "-1"),
        ("20852163\n", ""),
        ("CsUY", "CsU"),
        ("q2I=\n", "q2I=\n\nextension\n"),
    ],
)
def test_what_is_no_checkpoint_is_refused(old: str, new: str) -> None:
    with pytest.raises(BadInput):
        read_checkpoint(CHECKPOINT.replace(old, new).encode(), where="checkpoint")


def test_extension_lines_are_passed_over_and_stay_signed() -> None:
    text = CHECKPOINT.replace("q2I=\n", "q2I=\nmore\n")
    signed = read_checkpoint(text.encode(), where="checkpoint")
    assert signed.checkpoint.size == 20_852_163
    assert signed.note.text.endswith("\nmore\n")
