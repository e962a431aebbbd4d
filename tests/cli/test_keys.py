"""`coldwitness keys`: made, shown once, rotated, revoked, and each of it in the audit trail."""

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest

from coldwitness.api.http.keys import digest_of
from coldwitness.cli.main import main
from coldwitness.domain.errors import BadInput
from coldwitness.domain.grants import Grant, require_grant
from coldwitness.storage.register import open_register


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLDWITNESS_JOURNAL__DIRECTORY", str(tmp_path / "journal"))
    monkeypatch.setenv(
        "COLDWITNESS_STORE__REGISTER_URL", f"sqlite:///{tmp_path / 'register.sqlite'}"
    )
    return tmp_path


def keys(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["keys", *arguments]) == 0
    return capsys.readouterr().out.strip()


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in keys(capsys, "list", "--json").splitlines()]


def test_a_key_is_shown_once_and_kept_as_its_digest_alone(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = keys(capsys, "add", "ql gateway", "--role", "courier", "--courier", "ql-express")
    assert secret.startswith("cw_")
    (made,) = listed(capsys)
    assert (made["name"], made["opens"]) == ("ql gateway", True)
    assert made["grant"] == {
        "role": "courier", "courier": "ql-express", "platform": None, "divisions": []
    }  # fmt: skip
    kept = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert secret.encode() not in kept
    assert hashlib.sha256(secret.encode()).hexdigest().encode() in kept


def test_a_key_is_rotated_and_revoked_and_the_trail_says_so(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = keys(capsys, "add", "案件系统", "--role", "case_system", "--division", "370300")
    (made,) = listed(capsys)
    second = keys(capsys, "rotate", str(made["id"]))
    assert second != first
    old, new = listed(capsys)
    assert (old["opens"], new["opens"]) == (False, True)
    assert (old["name"], old["grant"]) == (new["name"], new["grant"])
    keys(capsys, "revoke", str(new["id"]))
    assert [one["opens"] for one in listed(capsys)] == [False, False]
    register = open_register(f"sqlite:///{place / 'register.sqlite'}")
    try:
        trail = [(entry.actor, entry.action) for entry in register.audit.entries()]
        of_it = register.client_keys.of_digest(digest_of(first) or "")
    finally:
        register.close()
    assert trail == [("local", word) for word in ("add_key", "add_key", "end_key", "end_key")]
    assert of_it is not None
    assert of_it.id == made["id"]
    assert main(["audit", "verify"]) == 0


def test_what_a_role_needs_and_nothing_else_is_asked(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (
        ("--role", "courier"),
        ("--role", "courier", "--courier", "a b"),
        ("--role", "admin", "--division", "370300"),
        ("--role", "inspector", "--division", "999999"),
        ("--role", "king"),
    ):
        assert main(["keys", "add", "x", *arguments]) == 2, arguments
        assert "Traceback" not in capsys.readouterr().err
    assert main(["keys", "add", "local", "--role", "admin"]) == 2
    assert main(["keys", "revoke", "k_none"]) == 2
    assert not (place / "register.sqlite").exists() or not listed(capsys)


def test_two_keys_of_one_name_are_not_made(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys(capsys, "add", "one", "--role", "admin")
    assert main(["keys", "add", "one", "--role", "admin"]) == 2
    assert "rotate" in capsys.readouterr().err
    with sqlite3.connect(place / "register.sqlite") as connection:
        (count,) = connection.execute("SELECT count(*) FROM client_keys").fetchone()
    assert count == 1


@pytest.mark.parametrize("code", ["37", "3703", "370300", "370305"])
def test_a_division_is_a_code_of_any_level(code: str) -> None:
    assert require_grant(Grant("inspector", divisions=(code,))).reach.divisions == {code}
    with pytest.raises(BadInput, match="division"):
        require_grant(Grant("inspector", divisions=(code + "x",)))
