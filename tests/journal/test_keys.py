"""A key a role, each named by the one before it; a missing or exchanged one stops the start."""

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coldwitness.api.reports.packed import standalone_verify
from coldwitness.cli.main import main
from coldwitness.config.settings import JournalSettings
from coldwitness.domain.errors import BadInput, ConfigError, Unavailable
from coldwitness.storage.journal import (
    Journal,
    Signer,
    layout,
    role_keys,
    signer_of,
    verify_journal,
)
from coldwitness.storage.journal.heads import add_head, read_heads, sign_head
from coldwitness.storage.journal.key_history import (
    KeyStatement,
    key_id,
    stated,
    vouched_keys,
)
from coldwitness.storage.journal.role_keys import history_of, key_file, rotate
from coldwitness.storage.journal.segment import read_head
from coldwitness.storage.journal.signing import create_key, load_public_key, load_signer
from coldwitness.storage.journal.tally import TallyHead
from tests.journal.conftest import messages

FORGER = Signer(Ed25519PrivateKey.from_private_bytes(b"\x09" * 32))


@pytest.fixture
def journal(tmp_path: Path) -> JournalSettings:
    return JournalSettings(directory=tmp_path / "journal")


def written(settings: JournalSettings, first: int) -> None:
    with Journal.open(settings) as one:
        one.append(messages(first, 10))


def texts(settings: JournalSettings, public: object) -> list[str]:
    reports = verify_journal(settings.directory, public=public)  # type: ignore[arg-type]
    return [problem.text for report in reports for problem in report.problems]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_where_no_key_can_be_kept_the_logs_key_signs(
    journal: JournalSettings, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    log = signer_of(journal, "log")
    monkeypatch.setattr(role_keys, "create_key", _failing(number))
    assert signer_of(journal, "package").key_id == log.key_id


def test_a_disk_that_fails_once_makes_no_other_key_sign(
    journal: JournalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = signer_of(journal, "log")
    with monkeypatch.context() as failing:
        failing.setattr(role_keys, "create_key", _failing(errno.EIO))
        with pytest.raises(Unavailable, match=r"package\.key: cannot be made"):
            signer_of(journal, "package")
    assert signer_of(journal, "package").key_id != log.key_id


def _failing(number: int) -> Callable[[Path], None]:
    def fail(path: Path) -> None:
        raise OSError(number, os.strerror(number), str(path))

    return fail


def test_each_role_has_its_key_and_the_logs_key_vouches_for_it(journal: JournalSettings) -> None:
    log, package, backup = (signer_of(journal, role) for role in ("log", "package", "backup"))
    assert len({log.key_id, package.key_id, backup.key_id}) == 3
    assert signer_of(journal, "package").key_id == package.key_id
    for role in ("log", "package", "backup"):
        assert key_file(journal, role).stat().st_mode & 0o777 == 0o600
    assert [(one.role, one.signed_by) for one in history_of(journal)] == [
        ("log", log.key_id),
        ("package", log.key_id),
        ("backup", log.key_id),
    ]
    for trusted in (log, package):
        joined = vouched_keys([trusted.public], package.history)
        assert {key_id(key) for key in joined} >= {log.key_id, package.key_id}


def test_a_key_that_is_missing_exchanged_or_unnamed_stops_the_start(
    journal: JournalSettings,
) -> None:
    signer_of(journal, "package")
    path = key_file(journal, "package")
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(ConfigError, match="missing; the history of keys names"):
        signer_of(journal, "package")
    create_key(path)
    with pytest.raises(ConfigError, match="put back the one that was here"):
        signer_of(journal, "package")
    path.write_bytes(kept)
    signer_of(journal, "package")
    layout.key_history(journal.directory).unlink()
    with pytest.raises(ConfigError, match="no statement of the log's key names it"):
        signer_of(journal, "package")


def test_a_lost_package_key_is_followed_by_one_that_the_log_vouches_for(
    journal: JournalSettings,
) -> None:
    before = signer_of(journal, "package")
    key_file(journal, "package").unlink()
    assert rotate(journal, "package", lost=True)[0] == signer_of(journal, "log").key_id
    after = signer_of(journal, "package")
    joined = {key_id(key) for key in vouched_keys([after.public], after.history)}
    assert before.key_id in joined
    with pytest.raises(ConfigError, match="nothing can vouch"):
        rotate(journal, "log", lost=True)


def test_heads_of_before_and_after_a_rotation_verify_by_either_key(
    journal: JournalSettings,
) -> None:
    written(journal, 0)
    before = signer_of(journal, "log")
    with Journal.open(journal), pytest.raises(ConfigError, match="in use"):
        rotate(journal, "log")
    old = key_file(journal, "log").read_bytes()
    rotate(journal, "log")
    rotate(journal, "log")
    written(journal, 10)
    after = signer_of(journal, "log")
    assert after.key_id != before.key_id
    assert load_public_key(layout.public_key(journal.directory)) == after.public
    assert texts(journal, before.public) == texts(journal, after.public) == []
    assert any("signature" in text for text in texts(journal, FORGER.public))
    key_file(journal, "log").write_bytes(old)
    with pytest.raises(ConfigError, match="put back"):
        Journal.open(journal)


def test_what_a_followed_key_signs_later_is_found(journal: JournalSettings) -> None:
    written(journal, 0)
    before = load_signer(key_file(journal, "log"))
    rotate(journal, "log")
    written(journal, 10)
    (segment,) = layout.segments(journal.directory, "w1")
    last = read_heads(segment.heads)[0][-1]
    tally = TallyHead(int(str(last.tally_size)), bytes.fromhex(str(last.tally_root)))
    meta, head = read_head(segment.database)
    forged = sign_head(meta, head, tally=tally, time_ms=last.time_ms, signer=before, after=last)
    add_head(segment.heads, forged)
    public = signer_of(journal, "log").public
    assert any("had followed" in text for text in texts(journal, public))


def test_a_rotation_that_was_killed_is_finished_by_the_next_start(
    journal: JournalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signer_of(journal, "log")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for place, name in ((role_keys, "create_key"), (role_keys, "add_statement"), (os, "replace")):
        with monkeypatch.context() as patched:
            patched.setattr(place, name, killed)
            with pytest.raises(KeyboardInterrupt):
                rotate(journal, "log")
        written(journal, 0)
    assert signer_of(journal, "log").key_id != before.key_id
    assert texts(journal, before.public) == []


def test_a_statement_that_was_forged_or_changed_joins_nothing(journal: JournalSettings) -> None:
    signer_of(journal, "package")
    history = history_of(journal)
    log = signer_of(journal, "log")
    forged = stated(
        "package",
        FORGER.public,
        from_ms=1,
        after=history,
        signed_by=log.key_id,
        sign=FORGER.sign,
        sign_own=FORGER.sign,
    )
    changed = msgspec.structs.replace(history[1], public_key=FORGER.public.public_bytes_raw().hex())
    for statement in (forged, changed):
        for joined in (_joined, _joined_alone):
            assert FORGER.key_id not in joined(log, [history[0], statement])
            assert joined(log, history) == {log.key_id, history[1].key_id()}


def _joined(log: Signer, history: list[KeyStatement]) -> set[str]:
    return {key_id(key) for key in vouched_keys([log.public], history)}


def _joined_alone(log: Signer, history: list[KeyStatement]) -> set[str]:
    plain = [json.loads(msgspec.json.encode(one)) for one in history]
    return {key_id(key) for key in standalone_verify.vouched_keys([log.public], plain)}


def test_a_key_behind_a_command_signs_and_what_it_answers_is_checked(
    journal: JournalSettings, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "token.key"
    create_key(elsewhere)
    command = tmp_path / "sign.py"
    command.write_text(
        "import sys, base64\n"
        "from cryptography.hazmat.primitives.serialization import load_pem_private_key\n"
        f"key = load_pem_private_key(open({str(elsewhere)!r}, 'rb').read(), None)\n"
        "sys.stdout.write(base64.b64encode(key.sign(sys.stdin.buffer.read())).decode())\n"
    )
    (journal.directory / "keys").mkdir(parents=True)
    public = layout.public_key(journal.directory)
    public.write_bytes(elsewhere.with_suffix(".pub").read_bytes())
    settings = journal.model_copy(update={"signing_command": (sys.executable, str(command))})
    written(settings, 0)
    assert not key_file(settings, "log").exists()
    assert texts(settings, load_public_key(public)) == []
    package = signer_of(settings, "package")
    assert package.history[1].signed_by == signer_of(settings, "log").key_id
    other = Signer(Ed25519PrivateKey.generate())
    for answer, reason in (
        (other.sign(b"x"), "not of the key beside it"),
        ("nonsense!", "no signature"),
    ):
        command.write_text(f"import sys\nsys.stdout.write({answer!r})\n")
        with pytest.raises(Unavailable, match=reason):
            signer_of(settings, "log").sign(b"x")
    command.write_text("raise SystemExit('token is not there')\n")
    with pytest.raises(Unavailable, match="token is not there"):
        signer_of(settings, "log").sign(b"x")


def test_the_commands_rotate_and_tell_the_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLDWITNESS_JOURNAL__DIRECTORY", str(tmp_path / "journal"))
    written(JournalSettings(directory=tmp_path / "journal"), 0)
    assert main(["journal", "key"]) == 0
    vkey = capsys.readouterr().out.strip()
    assert main(["journal", "key", "rotate", "package"]) == 0
    assert main(["journal", "key", "rotate", "log"]) == 0
    assert main(["journal", "key", "rotate", "other"]) == 2
    capsys.readouterr()
    assert main(["journal", "key", "history"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == ["log", "package", "package", "log"]
    assert main(["journal", "key"]) == 0
    assert capsys.readouterr().out.strip() != vkey


def test_a_history_without_one_of_its_statements_is_none(journal: JournalSettings) -> None:
    signer_of(journal, "package")
    signer_of(journal, "backup")
    path = layout.key_history(journal.directory)
    first, _, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + third)
    with pytest.raises(BadInput, match="line 2 does not follow"):
        signer_of(journal, "log")
