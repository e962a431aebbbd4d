"""Secrets of others are kept sealed in the register, and opened for whoever has the key."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.errors import ConfigError
from coldwitness.storage.people_ports import Reply
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.register.secret_seal import SecretSeal, secret_seal, secrets_key
from tests.storage.readings import T0

TOKEN = "tok-7Qx-geheim"
ADDRESS = f"https://case.example/in?token={TOKEN}"
SECRET = "whsec_Z2VoZWltLWdlaGVpbS1nZWhlaW0tZ2VoZWlt"
KEY = SecretSeal(bytes(range(32)))


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("register.sqlite*")))


@pytest.fixture
def in_file(tmp_path: Path) -> Iterator[SqlRegister]:
    register = open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")
    yield register
    register.close()


def test_a_webhooks_secrets_and_address_are_sealed_at_rest(
    in_file: SqlRegister, tmp_path: Path
) -> None:
    in_file.seal_secrets(KEY)
    hook = in_file.outbox.add_webhook(ADDRESS, SECRET, now_ms=T0)
    in_file.outbox.change_secret(hook.id, SECRET[::-1], earlier_until_ms=T0 + 5)
    (kept,) = in_file.outbox.webhooks()
    assert (kept.url, kept.secret, kept.earlier_secret) == (ADDRESS, SECRET[::-1], SECRET)
    for secret in (TOKEN, SECRET, SECRET[::-1]):
        assert secret.encode() not in bytes_of(tmp_path)


def test_what_was_kept_in_clear_is_sealed_and_nothing_of_it_is_left(
    in_file: SqlRegister, tmp_path: Path
) -> None:
    in_file.outbox.add_webhook(ADDRESS, SECRET, now_ms=T0)
    assert SECRET.encode() in bytes_of(tmp_path)
    in_file.seal_secrets(KEY)
    assert SECRET.encode() not in bytes_of(tmp_path)
    assert TOKEN.encode() not in bytes_of(tmp_path)
    assert [hook.secret for hook in in_file.outbox.webhooks()] == [SECRET]


def test_by_another_key_or_for_another_webhook_nothing_opens(in_file: SqlRegister) -> None:
    in_file.seal_secrets(KEY)
    hook = in_file.outbox.add_webhook(ADDRESS, SECRET, now_ms=T0)
    in_file.seal_secrets(SecretSeal(bytes(32)))
    assert [one.secret for one in in_file.outbox.webhooks()] == [""]
    sealed = KEY.sealed(b"x", of="one")
    assert (KEY.opened(sealed, of="one"), KEY.opened(sealed, of="two")) == (b"x", None)
    in_file.outbox.change_secret(hook.id, SECRET, earlier_until_ms=T0)
    assert [one.secret for one in in_file.outbox.webhooks()] == [SECRET]


def test_an_answer_that_is_kept_for_a_repeated_post_is_sealed(
    in_file: SqlRegister, tmp_path: Path
) -> None:
    in_file.seal_secrets(KEY)

    def begun() -> Reply | None:
        return in_file.replies.begin("p", fingerprint="f", now_ms=T0, kept_ms=1000, runs_ms=1000)

    assert begun() is None
    in_file.replies.answered("p", status=201, headers={}, body=SECRET.encode())
    first = begun()
    assert first is not None
    assert first.body == SECRET.encode()
    assert SECRET.encode() not in bytes_of(tmp_path)


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(journal=JournalSettings(directory=tmp_path / "journal"))
    sealed = secret_seal(settings).sealed(b"x", of="one")
    assert secret_seal(settings).opened(sealed, of="one") == b"x"
    key = secrets_key(settings)
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        secret_seal(settings)
