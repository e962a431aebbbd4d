"""The log's key lies in a PKCS#11 token and never leaves it: a command signs with it."""

import subprocess
from pathlib import Path

import pytest

from coldwitness.config.settings import JournalSettings
from coldwitness.storage.journal import Journal, layout, load_public_key, signer_of, verify_journal
from tests.journal.conftest import messages

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "270914"


def test_heads_are_signed_by_a_key_in_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_PIN", PIN)
    (tmp_path / "tokens").mkdir()
    config = tmp_path / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nlog.level = ERROR\n")
    configured = ("env", f"SOFTHSM2_CONF={config}")
    tool = (*configured, "pkcs11-tool", "--module", MODULE, "--token-label", "cw")
    settings = JournalSettings(
        directory=tmp_path / "journal",
        signing_command=(
            *tool,
            *("--login", "--pin", "env:TOKEN_PIN", "--sign", "--mechanism", "EDDSA", "--id", "01"),
            *("--input-file", "/dev/stdin", "--output-file", "/dev/stdout"),
        ),
    )
    public = layout.public_key(settings.directory)
    public.parent.mkdir(parents=True)
    pins = ("--pin", PIN, "--so-pin", PIN)
    for command in (
        (*configured, "softhsm2-util", *["--init-token", "--free", "--label", "cw"], *pins),
        (
            *tool,
            "--login",
            *pins[:2],
            *["--keypairgen", "--key-type", "EC:edwards25519", "--id", "01"],
        ),
        (*tool, "--read-object", "--type", "pubkey", "--id", "01", "-o", str(public)),
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    with Journal.open(settings) as journal:
        journal.append(messages(0, 5))
    (report,) = verify_journal(settings.directory, public=load_public_key(public))
    assert (report.problems, report.proved_row) == ([], 5)
    assert not layout.signing_key(settings.directory).exists()
    assert signer_of(settings, "package").history[0].public_key == (
        load_public_key(public).public_bytes_raw().hex()
    )
