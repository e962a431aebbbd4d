"""Which addresses this server calls at others' word: the open network, or what the operator allows.

Without this, whoever may register a webhook, or writes a sign-in provider's configuration, could
have the server call services that only the server can reach. The address is resolved once and then
connected to as a number, so a name cannot point elsewhere between the check and the call.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit, urlunsplit

from coldwitness.domain.errors import BadInput, ConfigError, Unavailable
from coldwitness.domain.shown_address import is_ambiguous

Network = IPv4Network | IPv6Network
URL_LENGTH_MAX = 2048
WEBHOOK_NETWORKS = "clues.webhook_networks"
"""The setting that opens closed addresses to webhooks."""
_LAST_32_BITS = tuple(
    IPv6Network(text)
    for text in (
        "64:ff9b::/96",  # NAT64, RFC 6052
        "64:ff9b:1::/48",  # NAT64 of one's own network, RFC 8215
        "::ffff:0:0:0/96",  # IPv4-translated, RFC 2765
        "::/96",  # IPv4-compatible, RFC 4291, 2.5.5.1; :: and ::1 are closed as 0.0.0.0 and 0.0.0.1
    )
)
_ISATAP = 0x00005EFE
"""RFC 5214, 6.1: the upper half of the interface identifier, its universal bit either way."""
_CLOSED = (
    IPv6Network("fec0::/10"),  # site-local, RFC 3879
    IPv4Network("192.0.0.0/24"),  # of protocols, RFC 6890; a cloud's metadata among them
    IPv4Network("168.63.129.16/32"),  # what a virtual machine in Azure asks of its host
)


@dataclass(frozen=True)
class Target:
    """A URL resolved: connect to `url`, say `host` as Host and TLS server name."""

    url: str
    host: str
    server_name: str


def allowed_networks(
    texts: Sequence[str], *, setting: str = WEBHOOK_NETWORKS
) -> tuple[Network, ...]:
    """Networks of a setting; raises ConfigError naming the one that is none."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise ConfigError(f"settings: {setting}: {error}") from error


def require_webhook_url(url: str) -> str:
    """Return `url` if it can be a webhook's address at all; raises BadInput otherwise."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        # What is said of it may be a password that was taken for a port: it is not repeated.
        raise BadInput("url: not a URL; expected https://host:port/path") from error
    if len(url) > URL_LENGTH_MAX or not url.isascii() or any(c <= " " for c in url):
        raise BadInput(f"url: expected at most {URL_LENGTH_MAX} ASCII characters without spaces")
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise BadInput("url: expected http:// or https:// with a host")
    if parts.username is not None or parts.password is not None or is_ambiguous(url):
        raise BadInput("url: expected no user name or password in it; the body is signed instead")
    if parts.fragment:
        raise BadInput("url: expected no fragment")
    return url


def resolve(url: str, *, allowed: Sequence[Network], setting: str = WEBHOOK_NETWORKS) -> Target:
    """Resolve a URL. setting : where an operator allows more. Raises Unavailable if the
    name does not resolve now, BadInput if an address it resolves to is neither open nor allowed."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a part of it is longer than names have
        raise BadInput(f"url: {host[:80]} is no name of a host: {error}") from error
    except OSError as error:
        raise Unavailable(f"url: {host} does not resolve: {error}") from error
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        if not _may_be_called(address, allowed):
            raise BadInput(
                f"url: {address} is a loopback, private or reserved address; "
                f"an operator can allow it in {setting}"
            )
    number = f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])
    pinned = urlunsplit((parts.scheme, f"{number}:{port}", parts.path or "/", parts.query, ""))
    return Target(url=pinned, host=parts.netloc, server_name=host)


def _may_be_called(address: IPv4Address | IPv6Address, allowed: Sequence[Network]) -> bool:
    if _lies_in(address, allowed):
        return True
    if isinstance(address, IPv6Address):
        address = _carried(address) or address
    if _lies_in(address, allowed):
        return True
    return address.is_global and not address.is_multicast and not _lies_in(address, _CLOSED)


def _lies_in(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address.version == one.version and address in one for one in networks)


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a gateway, a tunnel or the system's own stack makes of it."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    low = IPv4Address(int(address) & 0xFFFFFFFF)
    isatap = int(address) >> 32 & 0xFCFFFFFF == _ISATAP
    return low if isatap or any(address in one for one in _LAST_32_BITS) else None
