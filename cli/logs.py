"""Logs on stderr: one line each, JSON as shipped, with the ids of what it is about; no payloads, no
secrets."""

import logging
import sys
from collections.abc import MutableMapping
from typing import TextIO

import structlog

from coldwitness.config.settings import LogSettings
from coldwitness.domain.log_ids import FIGURES, IDS, REQUEST, trail
from coldwitness.domain.shown_address import shown_address
from coldwitness.domain.visible import visible

_Line = MutableMapping[str, object]


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is now, not to what it was when logging began."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _without_secrets(_logger: object, _method: str, line: object) -> str:
    """Whatever library wrote it: addresses with passwords and tokens stand in many errors."""
    return shown_address(str(line))


def _with_request(_logger: object, _method: str, line: _Line) -> _Line:
    """Whatever is logged while a request is answered says which."""
    request = REQUEST.get()
    if request:
        line.setdefault("request_id", request)
    return line


def _as_text(_logger: object, _method: str, line: _Line) -> str:
    """For a person's eye. What others sent as a name cannot make a line of its own."""
    failure = line.pop("exception", None)
    first = [str(line.pop(name, "")) for name in ("timestamp", "level", "logger", "event")]
    more = [f"{name}={value}" for name, value in line.items()]
    text = visible(" ".join([*first, *more])).replace("\n", "[U+000A]")
    return text if failure is None else f"{text}\n{failure}"


def log_to_stderr(settings: LogSettings | None = None) -> None:
    """Send every library's log and ours to stderr; called by a long-running command, before it
    knows its settings and then by them."""
    settings = settings if settings is not None else LogSettings()
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        # Nothing else that a library hands along: it could be a payload.
        structlog.stdlib.ExtraAdder(allow=[*IDS, *FIGURES]),
        _with_request,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    drawn: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.form == "json"
        else _as_text
    )
    handler = _Stderr(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                drawn,
                _without_secrets,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    trail.setLevel(logging.INFO if settings.messages else logging.WARNING)
    requests = logging.getLogger("coldwitness.requests")
    requests.setLevel(logging.INFO if settings.requests else logging.WARNING)
    logging.getLogger("httpx").setLevel(max(logging.WARNING, root.level))
    # It writes a line with the whole question at each try; who asked says once what failed.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
