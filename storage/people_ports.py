"""What the API needs of those it admits, clients with keys and people with sessions, and of what is
written down of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from coldwitness.domain.grants import Grant
from coldwitness.domain.reach import Reach


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


@dataclass(frozen=True)
class Person:
    """Somebody who signs in. password : its argon2 hash; None: signs in elsewhere. Times are UTC
    epoch ms; locked_until_ms : after wrong passwords nobody signs in under this name before."""

    name: str
    grant: Grant
    password: str | None
    made_ms: int
    made_by: str
    disabled_ms: int | None
    locked_until_ms: int | None


@dataclass(frozen=True)
class Session:
    """begun_ms : when the person signed in. seen_ms : when it last did something."""

    person: Person
    begun_ms: int
    seen_ms: int


class People(Protocol):
    """People and their sessions; digest : SHA-256 (hex) of a session's cookie."""

    def add(self, name: str, grant: Grant, *, password: str | None, by: str, now_ms: int) -> bool:
        """False: there is somebody of this name, who stays as he is."""

    def one(self, name: str) -> Person | None: ...

    def all(self) -> list[Person]:
        """By name, those that are disabled too."""

    def any(self) -> bool: ...

    def set_password(self, name: str, password: str) -> None:
        """A new hash; the name is not locked any more."""

    def disable(self, name: str, *, at_ms: int | None) -> None:
        """From then on nobody signs in under the name, and its sessions end; None: again."""

    def bind(self, name: str, subject: str) -> bool:
        """Whether it is this subject of a provider that signs in under the name: the first one
        that does, from then on alone."""

    def failed(self, name: str, *, most: int, locked_until_ms: int) -> None:
        """A wrong password; after `most` in a row the name is locked."""

    def begin(self, digest: str, name: str, *, now_ms: int, gone_before_ms: int) -> None:
        """A session, after which no failure is counted; those not seen since are dropped."""

    def session(self, digest: str) -> Session | None: ...

    def seen(self, digest: str, *, now_ms: int) -> None: ...

    def end(self, digest: str) -> None: ...

    def end_all_of(self, name: str) -> None: ...


@dataclass(frozen=True)
class Reply:
    """What a post with an Idempotency-Key was answered first. fingerprint : SHA-256 (hex) of its
    body. status : None while it still runs."""

    fingerprint: str
    status: int | None
    headers: Mapping[str, str]
    body: bytes


class Replies(Protocol):
    """place : caller, route and key in one text."""

    def begin(
        self,
        place: str,
        *,
        fingerprint: str,
        now_ms: int,
        kept_ms: int,
        runs_ms: int,
        counts_ms: int | None = None,
    ) -> Reply | None:
        """None: this is the first, and it is noted that it runs. One that has run for longer than
        `runs_ms` ended with its process; after `kept_ms` any answer is forgotten, and the one of
        this place after `counts_ms`."""

    def answered(
        self, place: str, *, status: int, headers: Mapping[str, str], body: bytes
    ) -> None: ...

    def forget(self, place: str) -> None: ...


@dataclass(frozen=True)
class AuditLine:
    """Who saw or changed what. at_ms : UTC epoch ms. shipment : which one it is about, where it is
    about one. address : from where. through : the id of a key, `session`, or `local`."""

    id: int
    at_ms: int
    actor: str
    action: str
    subject: str
    shipment: str | None = None
    address: str | None = None
    through: str | None = None


@dataclass(frozen=True)
class AuditAsked:
    """Which lines: each None is no condition. from_ms, to_ms : UTC epoch ms, half-open."""

    actor: str | None = None
    action: str | None = None
    shipment: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class Audit(Protocol):
    """The trail: lines are added and read, never changed."""

    def note(
        self,
        *,
        actor: str,
        action: str,
        subject: str,
        now_ms: int,
        shipment: str | None = None,
        address: str | None = None,
        through: str | None = None,
    ) -> None: ...

    def lines(
        self,
        asked: AuditAsked,
        *,
        reach: Reach,
        own: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[AuditLine]:
        """The newest first, those before a line's id. own : somebody whose lines are wanted
        whatever they are about; beside these, those about shipments within reach."""
