"""The wire formats by their names in the settings: every module here that declares a `FORMAT`."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from coldwitness.domain.errors import ConfigError
from coldwitness.ingest.formats.decoded import Decoder
from coldwitness.ingest.formats.memory import DecoderMemory
from coldwitness.ingest.formats.wire_format import WireFormat


def wire_format(name: str) -> WireFormat:
    """The format of that name; its module alone is imported. Raises ConfigError for another."""
    declared = _declared(name) if name in _modules() else None
    if declared is None:
        raise ConfigError(f"format {name!r}: unknown; known: {', '.join(every_format())}")
    return declared


@cache
def every_format() -> Mapping[str, WireFormat]:
    """All formats by name, in alphabetical order. Imports every module of this folder: for those
    who ask which formats there are, and not for a service that knows its own."""
    found = {name: _declared(name) for name in sorted(_modules())}
    return {name: declared for name, declared in found.items() if declared is not None}


def decoder(name: str, memory: DecoderMemory | None = None) -> Decoder:
    """The decoder of a format; stateful ones remember in `memory` (a new one by default)."""
    return wire_format(name).decoder(memory if memory is not None else DecoderMemory())


@cache
def _modules() -> frozenset[str]:
    return frozenset(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))


def _declared(name: str) -> WireFormat | None:
    declared = getattr(import_module(f"{__package__}.{name}"), "FORMAT", None)
    return declared if isinstance(declared, WireFormat) else None
