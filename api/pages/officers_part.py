"""What officers did with a shipment, and what they may do next: versions of its result, reviews,
files, clues.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from coldwitness.api.clues.beyond_reach import hidden_entries
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.rights import roles_of
from coldwitness.api.http.schemas import ReviewOutcome
from coldwitness.api.http.services import Services
from coldwitness.api.reports.made.reviews import review_of
from coldwitness.domain.clues import Clue, ClueStatus
from coldwitness.domain.manifest import ManifestVersion
from coldwitness.judging.clue_acts import STEPS
from coldwitness.storage.clue_ports import ClueFilter
from coldwitness.storage.journal import existing_signer
from coldwitness.storage.office_ports import Attachment, AttachmentKind
from coldwitness.storage.ports import KeptResult, Review

_CLUES_MOST = 50


@dataclass(frozen=True)
class Refused:
    """A form that was not taken. form : which one. status : of the answer. typed : to be shown
    again."""

    form: str
    status: int
    detail: str
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OfficersPart:
    """version : the current one; None: never judged. once : names a form that is sent twice.
    may_act : whether this caller may say something by the forms."""

    version: KeptResult | None
    versions: int
    reviewed: bool
    reviews: Sequence[Review]
    attachments: Sequence[Attachment]
    manifests: Sequence[ManifestVersion]
    clues: Sequence[Clue]
    may_act: bool
    may_pack: bool
    signs: bool
    once: str
    outcomes: Sequence[str]
    kinds: Sequence[str]
    refused: Refused | None

    def statuses(self, clue: Clue) -> Sequence[ClueStatus]:
        """Those that may come after the clue's."""
        return next_statuses(clue)

    def typed(self, form: str, name: str) -> str:
        """What was typed into a form that was not taken."""
        if self.refused is None or self.refused.form != form:
            return ""
        return self.refused.typed.get(name, "")


def next_statuses(clue: Clue) -> Sequence[ClueStatus]:
    """Those that may come after the clue's own."""
    step = STEPS[clue.status]
    return [one for one in get_args(ClueStatus) if one != clue.status and STEPS[one] >= step]


def officers_part(
    services: Services, caller: Caller, shipment: str, *, refused: Refused | None = None
) -> OfficersPart | None:
    """None for those who are no office."""
    if caller.role not in roles_of("GET", "/v1/shipments/{shipment}/reviews"):
        return None
    register = services.register
    versions = register.results.versions(shipment)
    current = versions[-1].version if versions else 0
    reviews = register.reviews.of(shipment)
    attachments = register.attachments.of(shipment)
    entries = register.clues.listed(
        wanted=ClueFilter(reach=caller.reach, shipment=shipment), limit=_CLUES_MOST
    )
    may_act = caller.is_person and caller.role in roles_of("POST", "/shipments/{shipment}/reviews")
    return OfficersPart(
        version=versions[-1] if versions else None,
        versions=len(versions),
        reviewed=review_of(reviews, result_version=current).state == "reviewed",
        reviews=sorted(reviews, key=lambda one: -one.created_ms),
        attachments=attachments,
        manifests=register.manifests.versions([shipment]).get(shipment, ()),
        clues=[entry.clue for entry in hidden_entries(register, entries, caller.reach)],
        may_act=may_act,
        may_pack=caller.role in roles_of("GET", "/v1/shipments/{shipment}/package"),
        signs=existing_signer(services.settings.journal, "package") is not None,
        once=secrets.token_urlsafe(18),
        outcomes=get_args(ReviewOutcome),
        kinds=get_args(AttachmentKind),
        refused=refused,
    )
