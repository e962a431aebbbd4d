"""What is posted of an alarm, as data: a file of `config/alarm_bodies/` for each kind of receiver.

The keys are described in `dingtalk.toml` and `plain.toml`.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from coldwitness.config.checked import checked, toml_file
from coldwitness.domain.errors import ConfigError

FOLDER = Path(__file__).parent / "alarm_bodies"

Body = dict[str, object]
"""Texts, numbers and tables of these."""


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a receiver has its messages signed with HMAC-SHA256. `key` and `message` are texts in
    which {secret} and {timestamp} stand for what they are."""

    key: str
    message: str
    timestamp: Literal["s", "ms"]
    place: Literal["query", "body"]


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in an answer, at its top, by which the receiver took it."""

    key: str
    value: int


class AlarmBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of receiver."""

    body: Body
    signed: Signed | None = None
    accepted: Accepted | None = None


def alarm_body_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def alarm_body(name: str) -> AlarmBody:
    """By its name; ConfigError naming those there are, or file, key and value of a slip."""
    if name not in alarm_body_names():
        known = ", ".join(alarm_body_names())
        raise ConfigError(f"alarms: body: expected one of {known}, got {name!r}")
    path = FOLDER / f"{name}.toml"
    return checked(toml_file(path), AlarmBody, where=path.name)
