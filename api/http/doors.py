"""Whether anybody has to be let in: from the first key on, and never again without."""

from coldwitness.storage.ports import Register


class Doors:
    """Closed once a key was ever made; one that has ended opens nothing again."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._closed = False

    def closed(self) -> bool:
        """Raises Unavailable."""
        if not self._closed:
            self._closed = bool(self._register.client_keys.all())
        return self._closed
