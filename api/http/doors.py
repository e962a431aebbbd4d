"""Where the server may listen, and whether anybody has to be let in."""

from ipaddress import ip_network
from urllib.parse import urlsplit

from coldwitness.config.settings import HttpSettings
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.loopback import is_loopback
from coldwitness.storage.ports import Register


class Doors:
    """Closed once a key or a person was ever made; one that has ended opens nothing again."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._closed = False

    def closed(self) -> bool:
        """Raises Unavailable."""
        if not self._closed:
            self._closed = bool(self._register.client_keys.all()) or self._register.people.any()
        return self._closed


def require_safe_doors(http: HttpSettings, doors: Doors) -> None:
    """Raise ConfigError where others could reach a server that lets everybody in, or to which
    keys and passwords would come in the clear."""
    for proxy in http.proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            raise ConfigError(
                f"http.proxies: expected an address or network, got {proxy!r}"
            ) from error
    if (http.certificate_file is None) != (http.key_file is None):
        raise ConfigError("http: certificate_file and key_file belong together")
    elsewhere = not is_loopback(http.host)
    public = urlsplit(http.public_url or "").hostname
    reached = elsewhere or http.proxies or (public is not None and not is_loopback(public))
    if reached and not doors.closed():
        raise ConfigError(
            "http: others can reach this server, and there is neither a user nor a key:"
            " `coldwitness users add` or `coldwitness keys add` first, or listen on 127.0.0.1"
        )
    if elsewhere and http.certificate_file is None and not http.proxies:
        raise ConfigError(
            f"http: on {http.host} passwords and keys would come in the clear: set"
            " http.certificate_file and http.key_file, or name the proxy before it in http.proxies"
        )
