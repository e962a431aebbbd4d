"""A time stamp in the package: asked for, kept, checked offline against named authorities."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509 import Certificate

from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed.package import HEAD, SIGNATURE, STAMP, zipped
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.cli.main import main
from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.witness.timestamp import (
    ask_for_stamp,
    read_authorities,
    read_token,
    require_authority,
    stamp_of,
)
from tests.reports.packages import BUREAU, files_of, honest, report_in, rulebook
from tests.reports.time_authority import Authority, make_authority, time_authority
from tests.servers import free_port, program


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with time_authority(tmp_path_factory.mktemp("authority") / "tsa") as running:
        yield running


@pytest.fixture(scope="module")
def stamped(authority: Authority) -> bytes:
    """The honest package with a time stamp."""
    return with_token(honest(), ask_for_stamp(authority.url, files_of(honest())[SIGNATURE]))


def with_token(package: bytes, token: bytes | None) -> bytes:
    files = {name: data for name, data in files_of(package).items() if name != STAMP}
    files |= {} if token is None else {STAMP: token}
    return zipped({**{name: files[name] for name in HEAD if name in files}, **files})


def found(
    data: bytes, authorities: list[Certificate] | None = None
) -> tuple[set[str], bool | None]:
    verified = verify_any(
        data, rulebook=rulebook(), trusted=[BUREAU.public], authorities=authorities or []
    )
    return {problem.code for problem in verified.problems}, verified.stamp_trusted


def test_a_stamped_package_holds_and_says_when_it_was_there(
    stamped: bytes, authority: Authority
) -> None:
    roots = read_authorities(authority.root)
    verified = verify_any(stamped, rulebook=rulebook(), authorities=roots)
    assert verified.problems == ()
    assert verified.stamp_trusted is True
    assert verified.stamp is not None
    assert verified.stamp.at.endswith("Z")


def test_without_named_authorities_a_token_is_told_and_not_believed(stamped: bytes) -> None:
    assert found(stamped) == (set(), None)


def test_a_package_without_a_token_holds_as_before(authority: Authority) -> None:
    assert found(honest()) == (set(), None)
    assert found(honest(), read_authorities(authority.root)) == ({"timestamp_missing"}, None)
    twin = render_json(report_in(honest()))
    assert found(twin, read_authorities(authority.root))[0] == {"timestamp_missing"}


def test_a_token_of_an_authority_nobody_named_does_not_hold(stamped: bytes, tmp_path: Path) -> None:
    stranger = read_authorities(make_authority(tmp_path))
    assert found(stamped, stranger) == ({"timestamp_invalid"}, False)


def test_forged_tokens_are_found(stamped: bytes, authority: Authority) -> None:
    roots = read_authorities(authority.root)
    token = files_of(stamped)[STAMP]
    other = ask_for_stamp(authority.url, b"other bytes")
    assert found(with_token(stamped, other))[0] == {"timestamp_invalid"}
    assert found(with_token(stamped, b"no token"))[0] == {"timestamp_invalid"}
    assert found(with_token(stamped, token[:-40]))[0] == {"timestamp_invalid"}
    assert found(with_token(stamped, None), roots)[0] == {"timestamp_missing"}


def test_no_flipped_bit_changes_what_a_token_that_holds_says(
    stamped: bytes, authority: Authority
) -> None:
    """A few bytes of the form (an algorithm's name told twice) are not signed; they say nothing."""
    roots = read_authorities(authority.root)
    files = files_of(stamped)
    token, signed = files[STAMP], files[SIGNATURE]
    require_authority(token, signed, roots)
    still_hold = 0
    for place in range(3, len(token), 7):
        flipped = bytearray(token)
        flipped[place] ^= 1 << place % 8
        try:
            require_authority(bytes(flipped), signed, roots)
        except BadInput:
            continue
        still_hold += 1
        assert stamp_of(bytes(flipped), signed) == stamp_of(token, signed), place
    assert still_hold < 10


def test_openssl_verifies_the_same_token(stamped: bytes, authority: Authority) -> None:
    files = files_of(stamped)
    for name in (STAMP, SIGNATURE):
        (authority.folder / name).write_bytes(files[name])
    openssl = program("openssl", install="openssl")
    said = subprocess.run(
        [openssl, "ts", "-verify", "-in", STAMP, "-data", SIGNATURE, "-CAfile", "ca.pem"],
        cwd=authority.folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Verification: OK" in said.stdout + said.stderr


def test_a_token_of_other_bytes_is_not_taken_from_a_file(
    tmp_path: Path, authority: Authority
) -> None:
    token = ask_for_stamp(authority.url, b"these")
    (tmp_path / "token.tsr").write_bytes(token)
    assert read_token(tmp_path / "token.tsr", b"these") == token
    with pytest.raises(BadInput, match=r"token\.tsr: time stamp: made of other bytes"):
        read_token(tmp_path / "token.tsr", b"those")
    with pytest.raises(BadInput, match="made of other bytes"):
        stamp_of(token, b"those")


def test_an_authority_that_does_not_answer_is_unavailable() -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(Unavailable, match="time-stamp authority http"):
        ask_for_stamp(url, b"x")


def test_report_asks_for_a_stamp_and_verify_reads_it(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    authority: Authority,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trip.ndjson").write_text(
        '{"shipment":"S-1","logger":"LG-1","seq":1,"time":"2026-11-21T01:30:00Z","temperature":{"drug":5}}'
    )
    report = ("report", "--from", "trip.ndjson", "--storage", "refrigerated")

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    assert run(*report, "--package", "plain.zip")[0] == 0
    assert run(*report, "--package", "x.zip", "--timestamp", authority.url)[0] == 0
    code, out, _ = run("verify", "plain.zip", "--lang", "en")
    assert (code, "no timestamp token" in out) == (0, True)
    code, out, _ = run("verify", "x.zip", "--tsa-ca", str(authority.root), "--json")
    assert (code, json.loads(out)["timestamp"]["authority_trusted"]) == (0, True)
    code, out, _ = run("verify", "x.zip", "--lang", "en")
    assert (code, "its authority was not checked" in out) == (0, True)
    (tmp_path / "kept.tsr").write_bytes(files_of((tmp_path / "x.zip").read_bytes())[STAMP])
    assert run(*report, "--package", "again.zip", "--timestamp", "kept.tsr")[0] == 0
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "x.zip").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "r.json", "--timestamp", "kept.tsr"), "expected with --package"),
        (("--package", "x.zip", "--timestamp", "none.tsr"), "none.tsr: cannot be read"),
        (("--package", "x.zip", "--timestamp", "trip.ndjson"), "time stamp: not readable"),
    ],
)
def test_a_wrong_time_stamp_is_one_clear_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trip.ndjson").write_text(
        '{"shipment":"S-1","logger":"LG-1","seq":1,"time":"2026-11-21T01:30:00Z","temperature":{"drug":5}}'
    )
    code = main(["report", "--from", "trip.ndjson", "--storage", "refrigerated", *arguments])
    error = capsys.readouterr().err
    assert (code, words in error, "Traceback" in error) == (2, True, False), error
    assert not (tmp_path / "x.zip").exists()
