"""Signing in at an OpenID provider: the authorization code flow with PKCE, and what its ID token
proves (OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3.7; RFC 7636)."""

import base64
import hashlib
import secrets
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import certifi
import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from coldwitness.api.clues.targets import allowed_networks, resolve
from coldwitness.config.secrets import secret_of
from coldwitness.config.settings import OpenIdSettings
from coldwitness.domain.errors import BadInput, ConfigError, Unavailable
from coldwitness.domain.loopback import is_loopback
from coldwitness.judging.clock import Clock

_T = TypeVar("_T")
TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 1_000_000
"""Expanded, of any answer of a provider; key sets of large ones have some ten thousand."""
NETWORKS = "openid.networks"
LEEWAY_S = 120
"""So far the provider's clock may be off."""
SCOPES = "openid profile"
_SIGNED_WITH = ("RS256", "PS256", "ES256", "EdDSA")
_CONFIGURATION = "/.well-known/openid-configuration"


class _Provider(Struct, frozen=True):
    """What the provider says of itself (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)

    def addresses(self) -> tuple[str, ...]:
        named = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri)
        return named if self.userinfo_endpoint is None else (*named, self.userinfo_endpoint)


class _Tokens(Struct, frozen=True):
    id_token: str
    access_token: str | None = None


class Pending(Struct, frozen=True):
    """What the browser that was sent to the provider brings back in a cookie. verifier : of PKCE.
    next : where it wanted to go."""

    state: str
    nonce: str
    verifier: str
    next: str

    def told(self) -> str:
        """As a cookie holds it."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode("ascii").rstrip("=")


def pending_of(text: str) -> Pending | None:
    """What `told` told; None for anything else."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=Pending)
    except (ValueError, msgspec.MsgspecError):
        return None


@dataclass(frozen=True)
class Proved:
    """subject : issuer and its own id of the person. name : as the configured claim gives it."""

    subject: str
    name: str


class OpenIdSignIn:
    """One provider. Its configuration and keys are fetched when first needed."""

    def __init__(self, settings: OpenIdSettings, clock: Clock, *, return_to: str) -> None:
        """return_to : our address to which it sends browsers back. Raises ConfigError."""
        if not _is_private(settings.issuer):
            raise ConfigError("openid.issuer: expected an https address")
        self._allowed = allowed_networks(settings.networks, setting=NETWORKS)
        self._settings = settings
        self._clock = clock
        self._return_to = return_to
        self._secret = _secret_of(settings)
        self._client = httpx.Client(
            verify=_trusting(settings.ca_file), timeout=TIMEOUT_S, trust_env=False
        )
        self._lock = threading.Lock()
        self._provider: _Provider | None = None
        self._keys: KeySet | None = None

    def begin(self, wanted: str) -> tuple[str, Pending]:
        """Where to send the browser, and what it has to bring back. Raises Unavailable."""
        pending = Pending(
            secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), wanted
        )
        digest = hashlib.sha256(pending.verifier.encode("ascii")).digest()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._return_to,
            "scope": SCOPES,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode("ascii").rstrip("="),
            "code_challenge_method": "S256",
        }
        endpoint = self._configuration().authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}", pending

    def finish(self, code: str, pending: Pending) -> Proved:
        """Who signed in there. Raises BadInput where the provider's answer does not prove it,
        Unavailable where it gives none."""
        provider = self._configuration()
        tokens = _told(self._redeemed(provider, code, pending), _Tokens)
        claims = self._verified(provider, tokens.id_token, pending.nonce)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise BadInput("openid: the ID token names nobody")
        name = claims.get(self._settings.name_claim)
        if name is None and provider.userinfo_endpoint and tokens.access_token:
            told = self._userinfo(provider.userinfo_endpoint, tokens.access_token)
            if told.get("sub") == subject:  # else it speaks of somebody else (section 5.3.2)
                name = told.get(self._settings.name_claim)
        if not isinstance(name, str):
            raise BadInput(f"openid: no claim {self._settings.name_claim}")
        return Proved(f"{provider.issuer} {subject}", name)

    def _configuration(self) -> _Provider:
        with self._lock:
            if self._provider is None:
                issuer = self._settings.issuer.rstrip("/")
                found = _told(self._asked("GET", issuer + _CONFIGURATION), _Provider)
                if found.issuer.rstrip("/") != issuer:
                    raise BadInput(f"openid: {issuer} calls itself {found.issuer[:200]}")
                for address in found.addresses():
                    if not _is_private(address):
                        raise BadInput(f"openid: {address[:200]}: expected an https address")
                self._provider = found
            return self._provider

    def _redeemed(self, provider: _Provider, code: str, pending: Pending) -> bytes:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._return_to,
            "code_verifier": pending.verifier,
        }
        client = self._settings.client_id
        basic = "client_secret_basic" in provider.token_endpoint_auth_methods_supported
        auth = None
        if self._secret is None or not basic:
            form["client_id"] = client
            form |= {} if self._secret is None else {"client_secret": self._secret}
        else:
            auth = httpx.BasicAuth(client, self._secret)
        return self._asked("POST", provider.token_endpoint, data=form, auth=auth)

    def _userinfo(self, endpoint: str, token: str) -> dict[str, object]:
        answer = self._asked("GET", endpoint, headers={"Authorization": f"Bearer {token}"})
        return _told(answer, dict[str, object])

    def _verified(self, provider: _Provider, token: str, nonce: str) -> dict[str, object]:
        """The claims of an ID token that this provider signed for us, now, and for this browser."""
        try:
            claims = self._signed(provider, token)
            registry = jwt.JWTClaimsRegistry(
                now=self._clock() // 1000,
                leeway=LEEWAY_S,
                iss={"essential": True, "value": provider.issuer},
                aud={"essential": True, "value": self._settings.client_id},
                exp={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise BadInput(f"openid: the ID token does not hold: {error}") from error
        audience = claims.get("aud")
        others = isinstance(audience, list) and len(audience) > 1
        if others and claims.get("azp") != self._settings.client_id:
            raise BadInput("openid: the ID token was made for another client")
        return claims

    def _signed(self, provider: _Provider, token: str) -> dict[str, object]:
        """By a key of the provider, which may have changed since they were fetched."""
        with self._lock:
            if self._keys is not None:
                try:
                    return dict(jwt.decode(token, self._keys, algorithms=_SIGNED_WITH).claims)
                except (JoseError, ValueError):
                    self._keys = None
            told = _told(self._asked("GET", provider.jwks_uri), dict[str, object])
            self._keys = KeySet.import_key_set(told)  # type: ignore[arg-type]
            return dict(jwt.decode(token, self._keys, algorithms=_SIGNED_WITH).claims)

    def _asked(
        self,
        method: str,
        address: str,
        *,
        data: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        auth: httpx.BasicAuth | None = None,
    ) -> bytes:
        """What the provider answers, asked where its address was looked at. Raises Unavailable;
        BadInput where it refuses, says too much, or its address is a closed one."""
        target = resolve(address, allowed=self._allowed, setting=NETWORKS)
        try:
            with self._client.stream(
                method,
                target.url,
                data=data,
                headers={"Host": target.host, **(headers or {})},
                auth=auth,
                extensions={"sni_hostname": target.server_name},
            ) as answer:
                if answer.is_server_error:
                    raise Unavailable(f"openid: {address}: HTTP {answer.status_code}")
                if not answer.is_success:
                    path = urlsplit(address).path
                    raise BadInput(f"openid: {path}: refused, HTTP {answer.status_code}")
                return _bounded(answer, address)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"openid: {address}: {error}") from error


def _is_private(address: str) -> bool:
    """Whether nobody on the way reads what is sent there."""
    where = urlsplit(address)
    return where.scheme == "https" or is_loopback(where.hostname or "")


def _bounded(answer: httpx.Response, address: str) -> bytes:
    found = bytearray()
    for chunk in answer.iter_bytes(65_536):
        found += chunk
        if len(found) > ANSWER_BYTES_MAX:
            raise BadInput(
                f"openid: {address}: expected at most {ANSWER_BYTES_MAX} bytes of answer"
            )
    return bytes(found)


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    """The public authorities and those of this system, or one of one's own alone."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"openid.ca_file {ca_file}: {error}") from error
    if ca_file is None:
        context.load_verify_locations(certifi.where())
    return context


def _secret_of(settings: OpenIdSettings) -> str | None:
    try:
        return secret_of(settings.client_secret, settings.client_secret_file)
    except OSError as error:
        raise ConfigError(
            f"openid.client_secret_file: {error.filename}: {error.strerror}"
        ) from error


def _told(answer: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.MsgspecError as error:
        raise BadInput(f"openid: the provider's answer: {error}") from error
