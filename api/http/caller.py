"""Who calls: as whom somebody was admitted, through what, and from where."""

from dataclasses import dataclass

from coldwitness.domain.grants import LOCAL, Role
from coldwitness.domain.reach import EVERYTHING, Reach

SESSION = "session"


@dataclass(frozen=True)
class Caller:
    """name : of a person or of a client's key, as the audit trail and registers keep it.

    through : the id of the key, `session` of a person who signed in, or `local`. address : from
    where the request came. session : the digest by which its session is found, "" for others.
    csrf : what its pages prove themselves by.
    """

    name: str
    role: Role
    reach: Reach
    through: str
    address: str
    session: str = ""
    csrf: str = ""

    @property
    def is_person(self) -> bool:
        """Not a program with a key."""
        return self.through in (LOCAL, SESSION)

    @property
    def who(self) -> str:
        """Apart from a client of the same name."""
        return f"{'person' if self.is_person else 'client'} {self.name}"

    @property
    def signed_in(self) -> bool:
        """Somebody of whom it is known who it is."""
        return self.through == SESSION


def local(address: str) -> Caller:
    """Whoever works at the server itself, as long as nobody has to sign in."""
    return Caller(LOCAL, "admin", EVERYTHING, LOCAL, address)
