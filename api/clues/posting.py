"""One POST to somebody else's server: pinned to the address that was looked at, bounded in time and
in what is read of the answer.
"""

import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import certifi
import httpx

from coldwitness.api.clues.targets import Network, allowed_networks, resolve
from coldwitness.domain.errors import BadInput, Unavailable

TIMEOUT_S = 10.0
ANSWER_BYTES_READ = 65_536
UNREACHABLE = (Unavailable, BadInput, httpx.HTTPError, httpx.InvalidURL)
EVERYWHERE = allowed_networks(("0.0.0.0/0", "::/0"))


@dataclass(frozen=True)
class PostAnswer:
    """retry_after_s : 0 where the answer asks for none. begin : its first bytes."""

    status: int
    retry_after_s: float
    begin: bytes


def posting_client(*, connections: int = 8) -> httpx.Client:
    """A client that follows nobody elsewhere and takes no proxy from the environment."""
    return httpx.Client(
        verify=_trusted_authorities(),
        timeout=TIMEOUT_S,
        limits=httpx.Limits(max_keepalive_connections=connections),
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": f"ColdWitness/{version('coldwitness')}"},
    )


def post_once(
    client: httpx.Client,
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    allowed: Sequence[Network],
) -> PostAnswer:
    """Post these exact bytes. Raises one of UNREACHABLE where nobody answered or nobody may be
    asked there."""
    target = resolve(url, allowed=allowed)
    until = time.monotonic() + TIMEOUT_S
    with client.stream(
        "POST",
        target.url,
        content=body,
        headers={"Host": target.host, **headers},
        extensions={"sni_hostname": target.server_name},
    ) as answer:
        begin = b""
        for chunk in answer.iter_raw():  # read, so that the connection can be used again
            begin += chunk
            if len(begin) > ANSWER_BYTES_READ or time.monotonic() > until:
                break
        wait = answer.headers.get("retry-after", "")
        return PostAnswer(answer.status_code, float(wait) if wait.isdecimal() else 0.0, begin)


@cache
def _trusted_authorities() -> ssl.SSLContext:
    """Certificate authorities of the system, a bureau's own among them, and the public ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
