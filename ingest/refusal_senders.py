"""Whose message was refused: courier and logger, as far as topic and payload tell them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.identifiers import is_id
from coldwitness.ingest.formats.naming import logger_id, serial_in
from coldwitness.ingest.progress import Quarantined
from coldwitness.storage.journal import Row

_LARGEST = 1_000_000
"""Payloads beyond it are not looked into for a name."""
_NATIVE = "coldchain/v1/"
_NO_NAME = ("up", "uplink", "event", "events", "rpc", "sensor", "readings", "status", "state")


def with_senders(
    refused: Sequence[Quarantined], row: Row, courier: str | None
) -> list[Quarantined]:
    """One row's refusals with who sent them. courier : of the topic's rule; else the native
    topic's own, where it names one."""
    if courier is None and row.topic.startswith(_NATIVE):
        named = row.topic.split("/")[2]
        courier = named if is_id(named) else None
    said = _json(row.payload)
    return [
        replace(one, courier=courier, logger=_logger(row.topic, said, one.part)) for one in refused
    ]


def _json(payload: bytes) -> object:
    if len(payload) > _LARGEST:
        return None
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _logger(topic: str, said: object, part: int) -> str | None:
    if isinstance(said, list):
        said = said[part] if 0 <= part < len(said) else None
    if isinstance(said, dict):
        for text in (said.get("logger"), _inner(said, "end_device_ids", "device_id"),
                     _inner(said, "deviceInfo", "devEui")):  # fmt: skip
            if isinstance(text, str) and is_id(text):
                return text
    if topic.startswith(_NATIVE):
        return None
    try:
        return logger_id(serial_in(topic, skip=_NO_NAME))
    except BadMessage:
        return None


def _inner(said: Mapping[str, object], outer: str, name: str) -> object:
    holder = said.get(outer)
    return holder.get(name) if isinstance(holder, dict) else None
