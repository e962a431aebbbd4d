"""Whose a webhook is: what its owner may see is all that it carries.

A webhook that an administrator or the settings entered is the office's own and carries everything.
One of an officer or of a client's key goes by what these may see now, and ends with them.
"""

from coldwitness.domain.grants import Role
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.storage.ports import Register

_PERSON = "person "


def owner_name(who: str, *, role: Role, reach: Reach) -> str | None:
    """By which an owner is known: a person by the name, a client by its name with what it is for: a
    key that was rotated is the same client, another of the same name is not. None: the office's
    own. who : `person NAME` or `client NAME`."""
    if reach.everything:
        return None
    if who.startswith(_PERSON):
        return who
    whose = sorted({*reach.divisions, *reach.couriers, *reach.platforms})
    return f"{who} ({role} {','.join(whose)})"


def reach_of_owner(register: Register, owner: str | None, *, now_ms: int) -> Reach | None:
    """What the owner may see; None once nobody of it is let in any more."""
    if owner is None:
        return EVERYTHING
    if owner.startswith(_PERSON):
        person = register.people.one(owner.removeprefix(_PERSON))
        return None if person is None or person.disabled_ms is not None else person.grant.reach
    for key in register.client_keys.all():
        alive = key.ends_ms is None or key.ends_ms > now_ms
        reach = key.grant.reach
        if alive and owner_name(f"client {key.name}", role=key.grant.role, reach=reach) == owner:
            return reach
    return None
