"""Logs on stderr: one line of JSON each, no payloads, no secrets."""

import logging
import sys
from typing import TextIO

import structlog

from coldwitness.domain.shown_address import shown_address


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is now, not to what it was when logging began."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _without_secrets(_logger: object, _method: str, line: object) -> str:
    """Whatever library wrote it: addresses with passwords and tokens stand in many errors."""
    return shown_address(str(line))


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send every library's log and ours to stderr; called once by a long-running command."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = _Stderr(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
                _without_secrets,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # It writes a line with the whole question at each try; who asked says once what failed.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
