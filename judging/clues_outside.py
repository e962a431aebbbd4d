"""Clues that come from elsewhere: the national platform, complaints, transfers, reports."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date

from msgspec.structs import replace

from coldwitness.domain.clues import Clue, ClueSource, Party
from coldwitness.domain.company_codes import credit_code_mistake, division_code_mistake
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import china_day, rfc3339
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.text import Text
from coldwitness.judging.clue_clocks import first_deadline
from coldwitness.judging.clue_facts import office_of, parties_of

CONTENT_MOST = 200


def clue_from_outside(
    *,
    source: ClueSource,
    content: str,
    source_number: str | None,
    assigned_at: date | None,
    parties: Sequence[Party],
    shipments: Sequence[str],
    special_due_on: date | None,
    manifests: Mapping[str, Manifest],
    own_division: str | None,
    now_ms: int,
    taken_by: str | None = None,
) -> Clue:
    """The clue as it is put on the feed; it gets the same clocks as one that was found here.

    manifests : of those of `shipments` that have one: what they say of parties stands where none
    are given. A clue with a number is known by it: the same again is the same clue. taken_by :
    whose numbers these are, where another office has one of the same. Raises BadInput naming the
    field.
    """
    today = china_day(now_ms / 1000)
    begins = assigned_at or today
    if begins > today:
        raise BadInput("assigned_at: expected no day to come")
    if source == "monitor" and source_number is None:
        raise BadInput("source_number: expected with a clue of the national platform")
    known = [manifests[name] for name in shipments if name in manifests]
    checked = tuple(_checked(party) for party in parties)
    checked = checked or (parties_of(known[0]) if known else ())
    named = source_number or f"{begins} {content} {' '.join(shipments)}"
    if taken_by is not None:
        named = f"{named}\n{taken_by}"
    at = rfc3339(now_ms)
    return Clue(
        id="CL-" + hashlib.sha256(f"{source}\n{named}".encode()).hexdigest()[:20],
        version=0,
        source=source,
        source_number=source_number,
        assigned_at=assigned_at,
        discovered_at=at,
        updated_at=at,
        shipment=shipments[0] if shipments else None,
        shipments=tuple(shipments),
        division=next((party.division for party in checked if party.division), None),
        kind=None,
        subtype=None,
        certainty=None,
        verdict=None,
        summary=Text(content, content),
        parties=checked,
        office=office_of(checked, None, own_division=own_division, day=begins),
        deadlines=(first_deadline(source, starts_on=begins, special_due_on=special_due_on),),
    )


def _checked(party: Party) -> Party:
    return replace(
        party,
        uscc_mistake=None if party.uscc is None else credit_code_mistake(party.uscc),
        division_mistake=None if party.division is None else division_code_mistake(party.division),
    )
