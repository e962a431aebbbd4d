"""What a list of shipments asks for, and in which order it stands."""

from typing import Literal, TypedDict, get_args

from coldwitness.domain.words import StateWord, Verdict

Sort = Literal["newest", "oldest", "gravest", "id"]
"""By the beginning of custody, the gravest verdict first, or by id."""
SORTS: tuple[Sort, ...] = get_args(Sort)
Reviewed = Literal["none", "any", "confirmed", "rejected", "correction_accepted", "isolation_seen"]
"""Without any review, with one, or with one of this outcome."""
REVIEWED: tuple[Reviewed, ...] = get_args(Reviewed)
Place = tuple[int, int | None, str]
"""Where a list goes on: rank of the verdict, beginning of custody [UTC epoch ms], id of a row."""


class Asked(TypedDict, total=False):
    """Conditions that all hold; what is None is not asked.

    q : texts parted by blanks, each of which stands somewhere in the shipment's id, a box or logger
        of its, its courier, or what its manifest names, in any case.
    kind : a finding's, `kind` or `kind/subtype`. seller : id, name or credit code.
    batch : an item's.
    division : shipments that belong to it or to one below it.
    from_ms, to_ms : journeys that overlap the half-open period; one whose times are unknown is in
        every period.
    """

    verdict: Verdict | None
    state: StateWord | None
    kind: str | None
    courier: str | None
    seller: str | None
    box: str | None
    batch: str | None
    division: str | None
    review: Reviewed | None
    from_ms: int | None
    to_ms: int | None
    q: str | None
