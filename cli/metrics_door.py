"""The door at which Prometheus asks a process, where the settings open one."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from coldwitness.config.settings import MetricsSettings
from coldwitness.domain.errors import ConfigError

log = logging.getLogger(__name__)


@contextmanager
def metrics_door(settings: MetricsSettings, registry: CollectorRegistry) -> Iterator[int | None]:
    """Answer http://<host>:<port>/metrics with what is in `registry`; the port, None where there
    is no door. Raises ConfigError where it is taken."""
    if settings.port is None:
        yield None
        return
    try:
        server, thread = start_http_server(settings.port, settings.host, registry)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise ConfigError(f"settings: metrics: {where}: {error.strerror}") from error
    try:
        log.info("metrics are told at %s:%d", settings.host, server.server_port)
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
