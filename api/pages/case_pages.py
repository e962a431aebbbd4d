"""The page of one clue: what it says, its time limits, and the forms that are made of it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.clues.beyond_reach import hidden_entries
from coldwitness.api.http.filters import RecordId
from coldwitness.api.http.forms import forms_of
from coldwitness.api.http.language import language_of
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.words import word
from coldwitness.config.offices import load_matter_rules
from coldwitness.storage.clue_ports import ClueFilter

router = APIRouter()


@router.get("/clues/{clue}")
def clue_page(clue: RecordId, request: Request, services: ServicesOf, caller: CallerOf) -> Response:
    """One clue, with its forms and the package for another office."""
    lang = language_of(request)
    entry = services.register.clues.one(clue, wanted=ClueFilter(reach=caller.reach))
    if entry is None:
        why = word("search_none", lang)
        return page("missing.html", lang, request, status=404, why=why, asked=clue[:80])
    (entry,) = hidden_entries(services.register, [entry], caller.reach)
    if caller.signed_in:
        noted(services, caller, "read_page", subject=clue, shipment=entry.clue.shipment)

    def clue_word(kind: str, key: str) -> str:
        return word(f"clue_{kind}_{key}", lang)

    return page(
        "clue.html",
        lang,
        request,
        clue=entry.clue,
        matters_found=list(dict.fromkeys((one.kind, one.subtype) for one in entry.clue.findings)),
        forms=forms_of(services, clue),
        matters=load_matter_rules(),
        clue_word=clue_word,
    )
