"""The HTTP server inside our own process: a thread that can be started and stopped."""

import errno
import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from coldwitness.api.http.connections import BoundedConnection
from coldwitness.config.settings import HttpSettings
from coldwitness.domain.errors import ConfigError, Unavailable

START_WITHIN_S = 20.0
STOP_WITHIN_S = 5
_PLAIN = HttpSettings()
LISTEN_BACKLOG = 2048


def listen(host: str, port: int, *, or_any_free: bool = False) -> socket.socket:
    """Take a port before anything is built on its number; 0 takes any free one.

    A busy port is replaced by a free one with `or_any_free`; else ConfigError says so.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            taken.bind((host, port))
        except OSError as error:
            if not (or_any_free and error.errno in (errno.EADDRINUSE, errno.EACCES)):
                raise
            taken.bind((host, 0))
        taken.listen(LISTEN_BACKLOG)
    except OSError as error:
        taken.close()
        raise ConfigError(
            f"http: cannot listen on {host} port {port}: {error.strerror or error}"
        ) from error
    return taken


def address_of(listener: socket.socket, *, tls: bool = False) -> str:
    """The URL a listener is reached at, without a slash at its end."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - recognised here, not bound
        host = "127.0.0.1"
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class _Server(uvicorn.Server):
    """Says when it answers, so that nobody has to look again and again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


class ApiServer:
    """Serves one application on a listener that `listen` took.

    `stop` ends open live streams first, so that browsers that listen do not hold it up.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        settings: HttpSettings = _PLAIN,
        *,
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        """settings : for its certificate and the proxies that are believed; others' word of who
        calls is not. closing : ends what would never end by itself."""
        self._closing = closing
        self._listener = listener
        self.url = address_of(listener, tls=settings.certificate_file is not None)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_WITHIN_S,
            lifespan="off",
            http=BoundedConnection,
            proxy_headers=bool(settings.proxies),
            forwarded_allow_ips=[*settings.proxies],
            ssl_certfile=settings.certificate_file,
            ssl_keyfile=settings.key_file,
        )
        self._server = _Server(config)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Return once requests are answered. Raises Unavailable if that does not happen."""
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)
        self._thread.start()
        if not self._server.ready.wait(START_WITHIN_S):
            self.stop()
            raise Unavailable(f"http: the server on {self.url} did not start")

    def stop(self) -> None:
        """End the server and close its listener; requests under way get a few seconds."""
        self._closing()
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_WITHIN_S + 10)
            self._thread = None
        self._listener.close()

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])
