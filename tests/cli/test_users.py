"""`coldwitness users`: made, listed, disabled, another password; nothing of it readable later."""

import json
from pathlib import Path

import pytest

from coldwitness.api.http.passwords import fits
from coldwitness.cli.main import main
from coldwitness.storage.register import open_register

BADGE = "鲁C-0101"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLDWITNESS_JOURNAL__DIRECTORY", str(tmp_path / "journal"))
    monkeypatch.setenv(
        "COLDWITNESS_STORE__REGISTER_URL", f"sqlite:///{tmp_path / 'register.sqlite'}"
    )
    return tmp_path


def users(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["users", *arguments]) == 0
    return capsys.readouterr().out.strip()


def test_a_password_is_made_and_shown_once(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    password = users(capsys, "add", BADGE, "--role", "inspector", "--division", "370300")
    (told,) = (json.loads(line) for line in users(capsys, "list", "--json").splitlines())
    assert (told["name"], told["disabled"]) == (BADGE, False)
    file = place / "password"
    file.write_text("a new and better one\n", encoding="utf-8")
    kept = b"".join(path.read_bytes() for path in place.rglob("*.sqlite*"))
    assert password.encode() not in kept
    users(capsys, "password", BADGE, "--password-file", str(file))
    users(capsys, "disable", BADGE)
    register = open_register(f"sqlite:///{place / 'register.sqlite'}")
    try:
        person = register.people.one(BADGE)
        trail = [entry.action for entry in register.audit.entries()]
    finally:
        register.close()
    assert person is not None
    assert person.password is not None
    assert person.password.startswith("$argon2id$")
    assert fits("a new and better one", person.password)
    assert not fits(password, person.password)
    assert person.disabled_ms is not None
    assert trail == ["add_person", "set_password", "disable_person"]


def test_who_signs_in_at_a_provider_has_no_password_here(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("add", BADGE, "--role", "admin", "--openid")
    assert main(["users", *arguments]) == 2, "there is no provider"
    monkeypatch.setenv("COLDWITNESS_OPENID__ISSUER", "https://id.example.cn")
    monkeypatch.setenv("COLDWITNESS_OPENID__CLIENT_ID", "coldwitness")
    capsys.readouterr()
    assert users(capsys, *arguments) == f"{BADGE}: signs in at OpenID"
    register = open_register(f"sqlite:///{place / 'register.sqlite'}")
    try:
        person = register.people.one(BADGE)
        assert person is not None
        assert person.password is None
        assert register.people.bind(BADGE, "issuer 1")
        assert not register.people.bind(BADGE, "issuer 2")
        assert register.people.add("two", person.grant, password=None, by="t", now_ms=1)
        assert not register.people.bind("two", "issuer 1"), "one of the provider's is one of ours"
    finally:
        register.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "13800138000", "--role", "admin"),
        ("add", "local", "--role", "admin"),
        ("add", BADGE, "--role", "inspector"),
        ("disable", "nobody"),
        ("password", "nobody"),
        ("add", BADGE, "--role", "admin", "--password-file", "/nowhere"),
    ],
)
def test_a_mistake_is_one_line(
    place: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["users", *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("coldwitness: ")
    assert "Traceback" not in said.err
    assert place.exists()
