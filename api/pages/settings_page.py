"""The page of the settings in force, without secrets, and of the rule packs."""

from collections.abc import Iterator

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.language import language_of
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.api.pages.drawing import page
from coldwitness.judging.run import software

router = APIRouter()


@router.get("/settings")
def settings_page(request: Request, services: ServicesOf, caller: CallerOf) -> Response:
    """What is in force, section by section."""
    if caller.signed_in:
        noted(services, caller, "read_settings", subject="settings")
    shown = services.settings.shown()
    sections = {name: dict(_flat(value)) for name, value in shown.items()}
    return page(
        "settings.html",
        language_of(request),
        request,
        sections=sections,
        packs=services.rulebook.packs,
        software=software(),
    )


def _flat(value: object, at: str = "") -> Iterator[tuple[str, str | None]]:
    """Key by key with dots between; None: not set. Nothing where a list or table is empty."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{at}[{number}]")
    else:
        yield at, None if value is None else str(value)
