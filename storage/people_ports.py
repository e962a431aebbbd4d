"""What the API needs of those it admits: clients with keys."""

from dataclasses import dataclass
from typing import Protocol

from coldwitness.domain.grants import Grant


@dataclass(frozen=True)
class ClientKey:
    """A key of an API client; what it is made of is kept nowhere. Times are UTC epoch ms.

    ends_ms : from when on it opens nothing; None: no end is set.
    """

    id: str
    name: str
    grant: Grant
    made_ms: int
    made_by: str
    ends_ms: int | None


class ClientKeys(Protocol):
    def add(
        self,
        name: str,
        grant: Grant,
        *,
        digest: str,
        by: str,
        now_ms: int,
        ends_ms: int | None = None,
    ) -> ClientKey:
        """digest : SHA-256 (hex) of the key, by which it is found again."""

    def of_digest(self, digest: str) -> ClientKey | None:
        """The key, also one that has ended."""

    def one(self, key_id: str) -> ClientKey | None: ...

    def all(self) -> list[ClientKey]:
        """Oldest first, those that have ended too."""

    def end(self, key_id: str, *, at_ms: int) -> None:
        """It opens nothing from then on; an end that is set already is only moved forward."""
