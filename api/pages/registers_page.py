"""Pages of the office's registers: what is on record, every version of it, and tables taken in."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.forms.table_files import table_file
from coldwitness.api.http.language import language_of
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.register_tables import table_entered
from coldwitness.api.http.registers import EntryName
from coldwitness.api.http.rights import roles_of
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.forms import OwnUpload
from coldwitness.api.pages.words import sayer
from coldwitness.api.reports.made.wording import Lang, tell
from coldwitness.config.labels import labels
from coldwitness.domain.office import REGISTERS, RegisterEntry
from coldwitness.ingest.files.office_tables import said_in_tables, titles_of

router = APIRouter()

ROWS = 100
_KINDS = {kind.register: kind for kind in REGISTERS}
_WORDS = labels("registers")
RegisterName = Annotated[str, Path(pattern="^(" + "|".join(_KINDS) + ")$")]


@router.get("/registers")
def registers_page(request: Request, services: ServicesOf) -> Response:
    """All registers, and how many entries each has."""
    lang = language_of(request)
    entries = services.register.office.counts()
    rows = [(one, _called(one, lang), entries.get(one, 0)) for one in _KINDS]
    return page("registers.html", lang, request, rows=rows, said=sayer(_WORDS["pages"], lang))


@router.get("/registers/{register}")
def register_page(
    register: RegisterName,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    after: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """One register, by name, and the form that takes a table."""
    return _register(register, request, services, caller, after=after)


@router.get("/registers/{register}/titles.csv")
def titles(register: RegisterName, request: Request) -> Response:
    """An empty table of the register, to be filled."""
    lang = language_of(request)
    row = [tell(title, lang) for title in titles_of(_KINDS[register]).values()]
    return table_file([row], kind="csv", name=register)


@router.get("/registers/{register}/{name}")
def entry_page(
    register: RegisterName, name: EntryName, request: Request, services: ServicesOf
) -> Response:
    """Every version of an entry, who entered it and when, the newest first."""
    lang = language_of(request)
    history = services.register.office.history(_KINDS[register], name)
    if not history:
        raise Problem(404, f"{register}: {name} is not registered")
    versions = [(one, list(_told(one.entry, lang))) for one in reversed(history)]
    return page(
        "register_entry.html",
        lang,
        request,
        register=register,
        called=_called(register, lang),
        name=name,
        versions=versions,
        said=sayer(_WORDS["pages"], lang),
    )


@router.post("/registers/{register}")
def enter(
    register: RegisterName,
    request: Request,
    upload: OwnUpload,
    services: ServicesOf,
    caller: CallerOf,
) -> Response:
    """Take a table in, or say which row and field of it is wrong."""
    lang = language_of(request)
    try:
        told = table_entered(
            services, caller, _KINDS[register], upload.content, called=upload.name[:100]
        )
    except Problem as problem:
        if problem.status != 422:
            raise
        return _register(register, request, services, caller, wrong=problem.detail)
    said = sayer(_WORDS["pages"], lang)
    done = said("entered", new=told.new, changed=told.changed, same=told.same)
    if told.ignored:
        done += said("ignored", titles=", ".join(told.ignored)[:300])
    return _register(register, request, services, caller, done=done)


def _register(
    register: str,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    *,
    after: str = "",
    done: str | None = None,
    wrong: str | None = None,
) -> Response:
    lang = language_of(request)
    kind = _KINDS[register]
    listed = services.register.office.listed(kind, after=after or None, limit=ROWS + 1)
    rows = [(name, list(_told(entry, lang))) for name, entry in list(listed.items())[:ROWS]]
    return page(
        "register.html",
        lang,
        request,
        status=200 if wrong is None else 422,
        register=register,
        called=_called(register, lang),
        rows=rows,
        more=rows[-1][0] if len(listed) > ROWS else None,
        titles=[tell(title, lang) for title in titles_of(kind).values()],
        done=done,
        wrong=wrong,
        may_enter=caller.role in roles_of("POST", "/registers/{register}"),
        said=sayer(_WORDS["pages"], lang),
    )


def _told(entry: RegisterEntry, lang: Lang) -> Iterator[tuple[str, str]]:
    """Title and value of each field that says something."""
    titles = titles_of(type(entry))
    for path, values in said_in_tables(entry).items():
        yield tell(titles[path], lang), "；".join(tell(one, lang) for one in values)


def _called(register: str, lang: Lang) -> str:
    return tell(_WORDS["registers"][register], lang)
