"""What somebody was admitted as: a role, and whose it is."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from coldwitness.domain.company_codes import division_code_mistake
from coldwitness.domain.errors import BadInput
from coldwitness.domain.identifiers import require_id
from coldwitness.domain.reach import EVERYTHING, Reach

Role = Literal["courier", "platform", "inspector", "case_system", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
_DIVISION = re.compile(r"\d{2}|\d{4}|\d{6}")
_NAME = re.compile(r"[^\W_][\w. ()·-]{0,63}")
LOCAL = "local"
"""Whoever works at the server itself before anybody has to sign in; nobody else has this name."""


@dataclass(frozen=True)
class Grant:
    """courier : its id, of the role `courier`. platform : its name as manifests have it, of
    `platform`. divisions : of `inspector` and `case_system`; codes of 2, 4 or 6 digits."""

    role: Role
    courier: str | None = None
    platform: str | None = None
    divisions: tuple[str, ...] = ()

    @property
    def reach(self) -> Reach:
        """Which shipments it opens."""
        if self.role == "admin":
            return EVERYTHING
        return Reach(
            couriers=frozenset() if self.courier is None else frozenset({self.courier}),
            platforms=frozenset() if self.platform is None else frozenset({self.platform}),
            divisions=frozenset(self.divisions),
        )

    @property
    def shown(self) -> str:
        """In one line, as lists and the audit trail have it."""
        whose = self.courier or self.platform or ",".join(self.divisions)
        return f"{self.role} {whose}".strip()


def require_grant(grant: Grant) -> Grant:
    """The grant, if it says whose it is and nothing that its role has no use for; else BadInput."""
    if grant.role not in ROLES:
        raise BadInput(f"role: expected one of {', '.join(ROLES)}, got {grant.role!r}")
    needs = {
        "courier": ("courier",),
        "platform": ("platform",),
        "inspector": ("divisions",),
        "case_system": ("divisions",),
        "admin": (),
    }[grant.role]
    for name, value in (
        ("courier", grant.courier),
        ("platform", grant.platform),
        ("divisions", grant.divisions),
    ):
        if bool(value) != (name in needs):
            said = "is missing" if name in needs else "belongs to another role"
            raise BadInput(f"{name.removesuffix('s')}: {said} (role {grant.role})")
    if grant.courier is not None:
        require_id(grant.courier, what="courier")
    for code in grant.divisions:
        whole = code.ljust(6, "0")
        if _DIVISION.fullmatch(code) is None or division_code_mistake(whole) is not None:
            raise BadInput(f"division: expected a code of GB/T 2260, got {code[:20]!r}")
    return grant


def require_name(name: str) -> str:
    """A name for a key or a person: a badge name, never a telephone number. BadInput otherwise."""
    if _NAME.fullmatch(name) is None or name == LOCAL:
        raise BadInput(
            "name: expected 1 to 64 letters, digits, blanks or . ( ) · -, and another than"
            f" {LOCAL!r}"
        )
    return name
