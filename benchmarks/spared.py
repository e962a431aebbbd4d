"""Work that is the same at each of a million requests, done once.

Who a key or a session belongs to is asked once; passwords are held against a hash that costs
little; a sheet that was typeset before is not typeset again. All of it gives what it would have
given.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from argon2 import PasswordHasher

from coldwitness.api.http import passwords
from coldwitness.api.reports.drawn import pdf
from tests.api.world import World

_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_SHEETS = 2_000


class Typesetter:
    """Stands in for `typst.Compiler`, beside the twin that it reads."""

    def __init__(self) -> None:
        self._compiler = pdf._compiler()
        self._twin = Path(pdf._root().name) / pdf.TWIN_NAME
        self._made: dict[bytes, bytes] = {}

    def compile(self, *, input: bytes, sys_inputs: dict[str, str], **more: Any) -> bytes:
        said = repr((input, sorted(sys_inputs.items()), sorted(more.items()))).encode()
        key = hashlib.sha256(said + self._twin.read_bytes()).digest()
        if key not in self._made:
            if len(self._made) == _SHEETS:
                self._made.clear()
            made = self._compiler.compile(input=input, sys_inputs=sys_inputs, **more)
            assert isinstance(made, bytes)
            self._made[key] = made
        return self._made[key]


@contextmanager
def spared(world: World) -> Iterator[None]:
    """While it lasts, no key is added and nobody signs out whose session is asked for."""
    register = world.register
    with ExitStack() as changed:
        for part, name in ((register.client_keys, "of_digest"), (register.people, "session")):
            changed.enter_context(patch.object(part, name, lru_cache(getattr(part, name))))
        changed.enter_context(patch.object(passwords, "_HASHER", _CHEAP))
        typesetter = Typesetter()
        changed.enter_context(patch.object(pdf, "_compiler", lambda: typesetter))
        passwords._nobodys.cache_clear()
        yield
