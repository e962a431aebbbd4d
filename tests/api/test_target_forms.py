"""Forty ways to write an address that only this machine or its network reaches: none is called."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coldwitness.api.clues.targets import allowed_networks, resolve
from coldwitness.api.http.openid import OpenIdSignIn
from coldwitness.config.settings import OpenIdSettings
from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.ingest.mqtt.certificates import authority

FORMS = (
    # numbers that the system's resolver reads as IPv4
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1"),
    *("017700000001", "0", "0.0.0.0", "10.1", "0xa9fea9fe", "2852039166"),
    # private, link-local, shared, metadata, multicast, reserved
    *("10.0.0.8", "172.31.255.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "168.63.129.16"),
    *("192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    # IPv6, and IPv4 within it
    *("[::1]", "[::]", "[fe80::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]"),
    *("[64:ff9b::10.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]"),
    *("[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[2001:db8::5efe:10.0.0.1]"),
)
OPEN = "93.184.216.34"


def test_there_are_forty() -> None:
    assert len(FORMS) == len(set(FORMS)) == 40


@pytest.mark.parametrize("host", FORMS)
def test_no_form_of_an_address_of_ones_own_is_called(host: str) -> None:
    with pytest.raises((BadInput, Unavailable)):
        resolve(f"http://{host}/hook", allowed=())


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One authority is read sooner than all that everybody knows."""
    path = tmp_path_factory.mktemp("ca") / "ca.crt"
    path.write_bytes(authority(datetime.now(tz=UTC)).certificate_pem)
    return path


@pytest.mark.parametrize("host", FORMS)
def test_no_form_of_an_address_of_ones_own_is_asked_who_somebody_is(
    host: str, ca_file: Path
) -> None:
    ours = OpenIdSettings(issuer=f"https://{host}/id", client_id="coldwitness", ca_file=ca_file)
    with pytest.raises((BadInput, Unavailable), match=r"openid\.networks|does not resolve"):
        OpenIdSignIn(ours, lambda: 0, return_to="http://127.0.0.1/back").begin("/")


def answering(*answers: str) -> Any:
    """A resolver that changes its answer: each question is given the next."""
    left = list(answers)

    def look_up(_host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (left.pop(0), port))]

    return look_up


def test_a_name_that_changes_its_answer_is_called_where_it_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering(OPEN, "127.0.0.1"))
    assert resolve("http://rebinding.example/", allowed=()).url == f"http://{OPEN}:80/"
    with pytest.raises(BadInput, match="loopback"):
        resolve("http://rebinding.example/", allowed=())


def test_a_name_with_one_closed_address_among_its_own_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80)) for one in (OPEN, "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(BadInput, match=r"10\.0\.0\.1"):
        resolve("http://two.example/", allowed=())


def test_only_what_the_operator_names_is_opened() -> None:
    named = allowed_networks(("10.0.0.0/24",))
    assert resolve("http://10.0.0.8/", allowed=named).url == "http://10.0.0.8:80/"
    with pytest.raises(BadInput):
        resolve("http://10.0.1.8/", allowed=named)
