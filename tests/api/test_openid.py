"""Signing in at an OpenID provider: a real provider's library, and what must not be believed."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from coldwitness.api.http.openid import OpenIdSignIn, pending_of
from coldwitness.config.settings import OpenIdSettings, Settings
from coldwitness.domain.errors import BadInput, ConfigError, Unavailable
from coldwitness.domain.grants import Grant
from coldwitness.judging.clock import system_clock
from tests.api.openid_provider import CLIENT, SECRET, OpenIdProvider, openid_provider
from tests.api.world import NO_TLS, T0, World, running_world
from tests.ingest.conftest import free_port

BADGE = "鲁C-0101"
OWN = ("127.0.0.0/8", "::1/128")
"""This machine's: a provider there is only called where the settings open it."""
PEOPLE = {
    "u1": {"preferred_username": BADGE},
    "u2": {"preferred_username": "nobody here"},
    "u3": {"preferred_username": BADGE},
}


@dataclass
class Both:
    """Our server and the provider at which its people sign in."""

    world: World
    provider: OpenIdProvider

    def browser(self) -> httpx.Client:
        """One that trusts the provider's authority."""
        trusted = ssl.create_default_context(cafile=self.provider.ca_file)
        return httpx.Client(trust_env=False, verify=trusted)

    def through(self, who: str) -> httpx.Response:
        """A browser of its own: to the provider, which knows who it is, and back."""
        self.provider.who = who
        with self.browser() as browser:
            url = self.world.server.url
            away = browser.get(f"{url}/sign-in/openid?next=/devices")
            assert away.status_code == 303
            back = browser.get(away.headers["location"])
            answer = browser.get(back.headers["location"])
            if answer.status_code == 303:
                assert answer.headers["location"] == "/devices"
                answer = browser.get(f"{url}/devices")
            return answer


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder, back = tmp_path_factory.mktemp("openid"), f"http://127.0.0.1:{free_port()}"
    with openid_provider(folder, f"{back}/sign-in/openid/back", PEOPLE) as provider:
        openid = OpenIdSettings(
            issuer=provider.issuer,
            client_id=CLIENT,
            client_secret=SECRET,
            ca_file=provider.ca_file,
            called="统一身份",
            networks=OWN,
        )
        settings = Settings(openid=openid)
        with running_world(
            folder, settings=settings, clock=system_clock, port=int(back.rpartition(":")[2])
        ) as world:
            grant = Grant("inspector", divisions=("3703",))
            world.register.people.add(BADGE, grant, password=None, by="t", now_ms=T0)
            yield Both(world, provider)


def test_who_signed_in_there_is_signed_in_here_and_the_name_is_bound_to_who_came_first(
    both: Both,
) -> None:
    assert "统一身份登录：" in both.world.get("/sign-in").text
    page = both.through("u1")
    assert page.status_code == 200
    assert BADGE in page.text
    assert both.through("u3").status_code == 403, "another who calls himself so there"
    assert both.through("u1").status_code == 200
    both.provider.new_keys()
    assert both.through("u1").status_code == 200, "keys of a provider change"


def test_who_is_not_on_our_list_or_disabled_stays_outside(both: Both) -> None:
    assert both.through("u2").status_code == 403
    both.world.register.people.disable(BADGE, at_ms=T0)
    assert both.through("u1").status_code == 403
    both.world.register.people.disable(BADGE, at_ms=None)


def test_an_answer_that_another_browser_asked_for_is_not_taken(both: Both) -> None:
    both.provider.who = "u1"
    url = both.world.server.url
    with both.browser() as browser:
        away = browser.get(f"{url}/sign-in/openid").headers["location"]
        back = browser.get(away).headers["location"]
    assert httpx.get(back, trust_env=False, verify=NO_TLS).status_code == 403, "no cookie"
    with both.browser() as other:
        other.get(f"{url}/sign-in/openid")
        assert other.get(back).status_code == 403, "another state"


def test_a_code_without_its_verifier_and_a_token_for_another_are_refused(both: Both) -> None:
    openid = both.world.services.openid
    assert openid is not None
    both.provider.who = "u1"

    def code() -> tuple[str, str]:
        address, pending = openid.begin("/")
        with both.browser() as browser:
            back = browser.get(address).headers["location"]
        return parse_qs(urlsplit(back).query)["code"][0], pending.told()

    given, told = code()
    pending = pending_of(told)
    assert pending is not None
    others = openid.begin("/")[1]
    with pytest.raises(BadInput, match="/token: refused"):
        openid.finish(given, others)
    given, told = code()
    pending = pending_of(told)
    assert pending is not None
    wrong = type(pending)(pending.state, "another nonce", pending.verifier, "/")
    with pytest.raises(BadInput, match="nonce"):
        openid.finish(given, wrong)
    given, told = code()
    pending = pending_of(told)
    assert pending is not None
    settings = both.world.services.settings.openid
    assert settings is not None
    late = OpenIdSignIn(settings, lambda: system_clock() + 86_400_000, return_to=openid._return_to)
    with pytest.raises(BadInput, match="exp"):
        late.finish(given, pending)


def test_a_provider_that_is_away_or_calls_itself_another_is_said(both: Both) -> None:
    def at(issuer: str) -> OpenIdSignIn:
        settings = OpenIdSettings(
            issuer=issuer, client_id=CLIENT, ca_file=both.provider.ca_file, networks=OWN
        )
        return OpenIdSignIn(settings, system_clock, return_to="http://127.0.0.1/back")

    with pytest.raises(Unavailable, match="openid"):
        at("https://127.0.0.1:1").begin("/")
    port = both.provider.issuer.rpartition(":")[2]
    with pytest.raises(BadInput, match="calls itself"):
        at(f"https://localhost:{port}").begin("/")
    with pytest.raises(ConfigError, match="https"):
        at("http://id.example.cn")


@pytest.mark.parametrize("endpoint", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_no_address_that_a_provider_names_is_called_within_a_closed_network(
    both: Both, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = both.world.services.settings.openid
    assert settings is not None
    said = both.provider.provider.configuration_information
    monkeypatch.setitem(said, endpoint, "https://169.254.169.254/latest")
    asked = settings.model_copy(update={"name_claim": "not in the ID token"})
    openid = OpenIdSignIn(asked, system_clock, return_to=both.world.services.openid._return_to)
    both.provider.who = "u1"
    address, pending = openid.begin("/")
    with both.browser() as browser:
        back = browser.get(address).headers["location"]
    with pytest.raises(BadInput, match=r"169\.254\.169\.254 is .* openid\.networks"):
        openid.finish(parse_qs(urlsplit(back).query)["code"][0], pending)


def test_a_secret_goes_to_no_address_in_clear(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = both.world.services.settings.openid
    assert settings is not None
    said = both.provider.provider.configuration_information
    monkeypatch.setitem(said, "token_endpoint", "http://id.example.cn/token")
    with pytest.raises(BadInput, match="expected an https address"):
        OpenIdSignIn(settings, system_clock, return_to="http://127.0.0.1/back").begin("/")


@pytest.mark.parametrize("text", ["", "x", "e30", "=", "鲁", "a" * 5000])
def test_what_is_no_cookie_of_ours_is_none(text: str) -> None:
    assert pending_of(text) is None
