"""Who calls: as whom somebody was admitted, through what, and from where."""

from dataclasses import dataclass

from coldwitness.domain.grants import LOCAL, Role
from coldwitness.domain.reach import EVERYTHING, Reach


@dataclass(frozen=True)
class Caller:
    """name : of a person or of a client's key, as the audit trail and registers keep it.

    through : the id of the key. address : from where the request came.
    """

    name: str
    role: Role
    reach: Reach
    through: str
    address: str

    @property
    def is_person(self) -> bool:
        """Not a program with a key."""
        return self.through == LOCAL


def local(address: str) -> Caller:
    """Whoever works at the server itself, as long as nobody has to sign in."""
    return Caller(LOCAL, "admin", EVERYTHING, LOCAL, address)
