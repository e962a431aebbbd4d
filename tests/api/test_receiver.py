"""The stand-in case system: a program of its own that believes only genuine clues."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from coldwitness.api.clues.signature import new_secret, signed_headers
from coldwitness.simulators.case_system_receiver import Refused, key_of, verify

SECRET = new_secret()
EVENT = {
    "subject": "ZB-1",
    "data": {
        "change": {"kind": "opened", "version": 1},
        "clue": {
            "kind": "cold_chain_break",
            "subtype": "above_range",
            "certainty": "certain",
            "act": {"start": "2026-11-20T01:09:26Z", "end": "2026-11-20T01:20:34Z"},
            "requirements": ["ANNEX6-10"],
            "report": "http://127.0.0.1:8000/v1/shipments/ZB-1/report.html",
        },
    },
}
BODY = json.dumps(EVENT).encode()


def headers_now(message_id: str = "msg_1", body: bytes = BODY, age_s: int = 0) -> dict[str, str]:
    now_ms = (int(time.time()) - age_s) * 1000
    return dict(signed_headers(body, secrets=[SECRET], message_id=message_id, now_ms=now_ms))


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    command = [sys.executable, "-m", "coldwitness.simulators.case_system_receiver", "--port=0"]
    with subprocess.Popen(
        [*command, f"--secret-file={secret}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        if process.poll() is None:
            process.kill()


def test_it_prints_each_genuine_clue_once_and_refuses_the_rest(
    program: tuple[subprocess.Popen[str], str],
) -> None:
    process, address = program
    assert process.stdin is not None
    assert process.stdout is not None
    with httpx.Client(trust_env=False) as client:
        for _ in range(2):
            assert client.post(address, content=BODY, headers=headers_now()).status_code == 204
        changed = BODY.replace(b"ZB-1", b"ZB-2")
        assert client.post(address, content=changed, headers=headers_now()).status_code == 401
        assert client.post(address, content=BODY).status_code == 401
        no_clue = b'{"subject": 1}'
        signed = headers_now("msg_2", no_clue)
        assert client.post(address, content=no_clue, headers=signed).status_code == 400
    process.stdin.close()
    assert process.wait(10) == 0, "it ends when its standard input closes"
    lines = process.stdout.read().splitlines()
    assert lines[0] == (
        "ZB-1  opened v1  cold_chain_break/above_range (certain)"
        "  2026-11-20T01:09:26Z … 2026-11-20T01:20:34Z"
        "  [ANNEX6-10]  http://127.0.0.1:8000/v1/shipments/ZB-1/report.html"
    )
    assert [line.partition(":")[0] for line in lines[1:]] == [
        "refused",
        "refused",
        "not understood",
    ]


@pytest.mark.parametrize(("age_s", "genuine"), [(299, True), (302, False), (-299, True)])
def test_a_message_older_than_five_minutes_is_not_believed(age_s: int, genuine: bool) -> None:
    headers = headers_now(age_s=age_s)
    if genuine:
        assert verify(BODY, headers, key=key_of(SECRET), now_s=time.time()) == "msg_1"
    else:
        with pytest.raises(Refused, match="timestamp"):
            verify(BODY, headers, key=key_of(SECRET), now_s=time.time())


def test_one_matching_signature_of_several_is_enough() -> None:
    headers = headers_now()
    headers["webhook-signature"] = "v1,AAAA " + headers["webhook-signature"]
    assert verify(BODY, headers, key=key_of(SECRET), now_s=time.time()) == "msg_1"


def test_a_secret_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("whsec_!!!")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "coldwitness.simulators.case_system_receiver",
            f"--secret-file={secret}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("case_system_receiver: ")
    assert "Traceback" not in done.stderr
