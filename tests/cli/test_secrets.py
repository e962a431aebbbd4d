"""No secret of the settings in what commands print, whatever fails."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coldwitness.cli.logs import log_to_stderr
from coldwitness.cli.main import main
from coldwitness.domain.shown_address import MASK, apart, shown_address
from tests.cli.provoked import (
    arguments_of,
    environment_of,
    provoked,
    refusing_server,
    written_files,
)
from tests.cli.provoked_served import served

SECRET = "geheim-7Qx"
TOKEN = "2f1e8a3c-1b2c-4d5e-8f90-aabbccddeeff"
ADDRESS = f"http://u:{SECRET}@127.0.0.1:1"
SETTINGS = {
    "STORE__REGISTER_URL": f"postgresql://cw:{SECRET}@127.0.0.1:1/db",
    "STORE__TELEMETRY": "influx",
    "STORE__INFLUX_URL": ADDRESS,
    "MQTT__USERNAME": "u",
    "MQTT__PASSWORD": SECRET,
    "MQTT__PORT": "1",
    "HTTP__PORT": "0",
    "JOURNAL__TIMESTAMP_URL": f"{ADDRESS}/tsa?key={SECRET}",
    "WEBHOOKS": f'[{{"url":"{ADDRESS}/x?access_token={SECRET}","secret":"whsec_{SECRET}"}}]',
}


@pytest.mark.parametrize(
    "command",
    [
        "config show", "setup influx", "doctor", "doctor --json", "export", "rebuild",
        "db upgrade", "users list", "keys list", "backup {}/b", "archive seal", "quarantine list",
    ],
)  # fmt: skip
def test_what_a_command_prints_holds_no_secret(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"COLDWITNESS_{name}", value)
    monkeypatch.setenv("COLDWITNESS_JOURNAL__DIRECTORY", str(tmp_path / "journal"))
    main(command.format(tmp_path).split())
    said = "".join(capfd.readouterr())
    assert said
    assert SECRET not in said


def test_no_failure_shows_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """In short; `benchmarks/provoked_failures.py` provokes a thousand."""
    shown = ""
    with refusing_server() as port:
        for case in provoked(24, seed=3, refusing=port):
            written_files(case, tmp_path)
            with monkeypatch.context() as patch:
                for name, value in environment_of(case, tmp_path).items():
                    patch.setenv(name, value)
                main(arguments_of(case, tmp_path))
            shown += "".join(capfd.readouterr())
            assert case.secret not in shown, (case.name, case.arguments)
    assert shown.count("coldwitness: ") > 12


def test_no_failure_of_a_server_shows_a_secret(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In short; `benchmarks/provoked_failures.py` provokes four hundred."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    tried: set[str] = set()
    try:
        with refusing_server() as port:
            for one in served(18, seed=2, folder=tmp_path, refusing=port):
                said = one.said + "".join(capfd.readouterr())
                assert one.secret not in said, one.name
                assert "Traceback" not in said, one.name
                tried.add(one.name)
    finally:
        root.handlers[:], root.level = before, level
    assert len(tried) == 6


@pytest.mark.parametrize(
    "name", ["STORE__REGISTER_URL", "STORE__INFLUX_URL", "JOURNAL__TIMESTAMP_URL"]
)
def test_an_address_whose_password_may_be_its_host_is_refused_unseen(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    scheme = "postgresql" if "REGISTER" in name else "http"
    monkeypatch.setenv(f"COLDWITNESS_{name}", f"{scheme}://cw:a@{SECRET}?b@127.0.0.1:1/db")
    assert main(["config", "show"]) == 2
    said = "".join(capfd.readouterr())
    assert "%40" in said
    assert SECRET not in said


def test_what_a_server_says_while_it_waits_for_its_stores_holds_no_secret(tmp_path: Path) -> None:
    settings = SETTINGS | {"JOURNAL__DIRECTORY": str(tmp_path / "journal")}
    command = [sys.executable, "-m", "coldwitness.cli", "serve"]
    own = {f"COLDWITNESS_{name}": value for name, value in settings.items()}
    with subprocess.Popen(
        command, env=os.environ | own, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stderr is not None
        said = []
        for line in serving.stderr:
            said.append(line)
            if "tried again" in line:
                serving.terminate()
    assert serving.returncode == 0
    assert any("register postgresql" in line for line in said)
    assert SECRET not in "".join(said)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"to {ADDRESS}/x failed", f"to http://u:{MASK}@127.0.0.1:1/x failed"),
        ("http://u:a:b@h/x", f"http://u:{MASK}@h/x"),
        ("https://h/x?access_token=a&n=1", f"https://h/x?access_token={MASK}&n=1"),
        ("https://h/x?n=1&Sign=a#f", f"https://h/x?n=1&Sign={MASK}#f"),
        ("https://h/x?n=1", "https://h/x?n=1"),
        ("postgresql://cw:a/b@h/db", f"postgresql://cw:{MASK}@h/db"),
        ('401 "Authorization": "Bearer ab.c" x', f'401 "Authorization": "Bearer {MASK} x'),
        ("Authorization: Token 'a,b'", f"Authorization: Token {MASK}"),
        ("Authorization: Token abc Accept: a", f"Authorization: Token {MASK} Accept: a"),
        (f"https://h/hook/{TOKEN} failed", f"https://h/hook/{MASK} failed"),
        ("https://h/services/T00/a1b2c3d4e5f6a7b8c9d0", f"https://h/services/T00/{MASK}"),
        ("http://h/v1/shipments/ZB-20261121-0001", "http://h/v1/shipments/ZB-20261121-0001"),
        ("a mail to a@b.example", "a mail to a@b.example"),
    ],
)
def test_addresses_are_shown_without_what_is_secret(text: str, shown: str) -> None:
    assert shown_address(text) == shown


def test_user_and_password_are_taken_out_of_an_address() -> None:
    assert apart(f"{ADDRESS}/x?n=1") == ("http://127.0.0.1:1/x?n=1", f"u:{SECRET}")
    assert apart("http://h:1") == ("http://h:1", None)


def test_no_library_writes_an_address_with_its_password_to_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log_to_stderr()
        logging.getLogger("foreign").error("cannot reach %s", ADDRESS)
    finally:
        root.handlers[:], root.level = before, level
    assert (SECRET in (said := capfd.readouterr().err), MASK in said) == (False, True)
