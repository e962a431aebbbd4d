"""The office's registers: what it has on record, put and read."""

from typing import Annotated, TypeVar

import msgspec
from fastapi import APIRouter, Path
from starlette.responses import Response

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody
from coldwitness.api.http.filters import Cursor, Limit
from coldwitness.api.http.problems import Problem, field_of, wrong_field
from coldwitness.api.http.schemas import (
    EntryKept,
    EntryLine,
    EntryList,
    EntryListed,
    RecallList,
    RecallTold,
)
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.office import (
    Recall,
    RegisteredAgreement,
    RegisteredBan,
    RegisteredBox,
    RegisteredBoxModel,
    RegisteredCompany,
    RegisteredDevice,
    RegisteredProduct,
    RegisteredSite,
    RegisterEntry,
)
from coldwitness.domain.reach import Reach
from coldwitness.ingest.office_entries import WrongField, checked_entry
from coldwitness.judging.recalls import carried_batch
from coldwitness.storage.office_ports import EntryVersion

router = APIRouter(tags=["registers"])

_Entry = TypeVar("_Entry", bound=RegisterEntry)
EntryName = Annotated[
    str, Path(pattern=r"^\w[\w.()+-]{0,63}$", description="Number or name in the register")
]


def _add_routes(kind: type[RegisterEntry], told: str) -> None:
    register = kind.register

    def put_entry(
        name: EntryName, body: JsonBody, services: ServicesOf, caller: CallerOf
    ) -> Response:
        entry = _checked(body, kind, name, services)
        known = services.register.office.history(kind, name)
        now_ms = services.clock()
        kept = services.register.office.put(name, entry, by=caller.name, now_ms=now_ms)
        if not known or known[-1].version != kept.version:
            noted(
                services,
                caller,
                f"register_{register}",
                subject=f"{name} v{kept.version}",
                now_ms=now_ms,
            )
            _judge_again(services, name, known, entry)
        history = services.register.office.history(kind, name)
        return json_answer(_told(name, history), status=200 if known else 201)

    def get_entry(name: EntryName, services: ServicesOf) -> Response:
        history = services.register.office.history(kind, name)
        if not history:
            raise Problem(404, f"{register}: {name} is not registered")
        return json_answer(_told(name, history))

    def list_entries(services: ServicesOf, limit: Limit = 50, cursor: Cursor = None) -> Response:
        after = None if cursor is None else read_cursor(cursor, listing=register, kind=str)
        found = services.register.office.listed(kind, after=after, limit=limit + 1)
        page = list(found.items())[:limit]
        more = write_cursor(register, page[-1][0]) if len(found) > limit else None
        items = tuple(EntryListed(name, msgspec.to_builtins(entry)) for name, entry in page)
        return json_answer(EntryList(items, more))

    word = register.replace("-", "_")
    router.add_api_route(
        f"/v1/{register}/{{name}}",
        put_entry,
        methods=["PUT"],
        name=f"put_{word}",
        operation_id=f"put_{word}",
        description=f"Register {told}. The same again changes nothing, another is a new version; "
        "shipments that it may bear on are judged again.",
        responses={
            **documented(EntryKept, problems=(400, 403, 413), description="Known before"),
            **documented(EntryKept, status=201, description="The entry is new"),
        },
        openapi_extra=taking(kind),
        response_model=None,
    )
    router.add_api_route(
        f"/v1/{register}/{{name}}",
        get_entry,
        methods=["GET"],
        name=f"get_{word}",
        operation_id=f"get_{word}",
        description=f"What is registered of {told}: the version that counts, and all with who put "
        "them when.",
        responses=documented(EntryKept, problems=(404,)),
        response_model=None,
    )
    if kind in (RegisteredBox, RegisteredDevice):
        return  # listed with what was last heard of them (`devices`)
    router.add_api_route(
        f"/v1/{register}",
        list_entries,
        methods=["GET"],
        name=f"list_{word}",
        operation_id=f"list_{word}",
        description=f"All of the register of {register}, by name.",
        responses=documented(EntryList),
        response_model=None,
    )


@router.get("/v1/products/{name}/recalls", responses=documented(RecallList, problems=(404,)))
def product_recalls(name: EntryName, services: ServicesOf, caller: CallerOf) -> Response:
    """Every recalled batch of a product with the shipments that carried it, as far as whoever asks
    may see them."""
    product = services.register.office.newest(RegisteredProduct, [name]).get(name)
    if product is None:
        raise Problem(404, f"products: {name} is not registered")
    return json_answer(
        RecallList(
            tuple(_recall_told(services, name, one, reach=caller.reach) for one in product.recalls)
        )
    )


def _recall_told(services: Services, product: str, recall: Recall, *, reach: Reach) -> RecallTold:
    carried = carried_batch(services.register, product, recall.batch, reach=reach)
    return RecallTold(
        batch=recall.batch,
        announced_on=recall.announced_on,
        level=recall.level,
        reason=recall.reason,
        shipments=carried.surely,
        perhaps=carried.perhaps,
    )


def _judge_again(
    services: Services, name: str, known: list[EntryVersion], entry: RegisterEntry
) -> None:
    """Shipments that the entry bears on, and those that it bore on before it was changed."""
    office = services.register.office
    before = [(name, known[-1].entry)] if known else []
    affected = office.affected([(name, entry), *before])
    services.judge.touch(affected, reason=f"register: {entry.register}")


def _checked(body: object, kind: type[_Entry], name: str, services: Services) -> _Entry:
    """The body as an entry; 422 naming the field otherwise."""
    try:
        return checked_entry(body, kind, name=name, classes=services.rulebook.classes)
    except msgspec.ValidationError as error:
        wrong = field_of(str(error))
    except WrongField as error:
        wrong = {"field": error.field, "detail": error.detail}
    except BadInput as error:
        raise Problem(422, str(error), errors=[field_of(str(error))]) from error
    raise wrong_field(wrong["field"], wrong["detail"])


def _told(name: str, history: list[EntryVersion]) -> EntryKept:
    last = history[-1]
    return EntryKept(
        id=name,
        version=last.version,
        entry=msgspec.to_builtins(last.entry),
        history=tuple(
            EntryLine(
                version=one.version,
                at=rfc3339(one.at_ms),
                by=one.by,
                entry=msgspec.to_builtins(one.entry),
            )
            for one in history
        ),
    )


for _kind, _of in (
    (RegisteredBox, "a box: which model it is"),
    (RegisteredBoxModel, "a box model: cooling, partition, qualification"),
    (RegisteredProduct, "a product by approval number or trace code: its storage and recalls"),
    (RegisteredSite, "a place where boxes may stand"),
    (RegisteredDevice, "a logger: its model and calibration certificates"),
    (RegisteredAgreement, "a quality agreement on entrusted delivery, with audits of the carrier"),
    (RegisteredBan, "drugs banned from online sale: words, and from when to when they count"),
    (RegisteredCompany, "a company by its credit code: roles, shops, checks, measures, problems"),
):
    _add_routes(_kind, _of)
