"""What an entry of the office's registers may say, however it comes: over HTTP or in a table."""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

import msgspec

from coldwitness.domain.company_codes import credit_code_mistake, division_code_mistake
from coldwitness.domain.errors import BadInput
from coldwitness.domain.manifest import Qualification
from coldwitness.domain.office import (
    RegisteredAgreement,
    RegisteredBan,
    RegisteredBoxModel,
    RegisteredCompany,
    RegisteredDevice,
    RegisteredProduct,
    RegisterEntry,
)
from coldwitness.ingest.control_characters import REFUSED, control_character_at
from coldwitness.ingest.manifests import check_qualification
from coldwitness.ingest.personal_data import personal_data_at

_Entry = TypeVar("_Entry", bound=RegisterEntry)
_Span = tuple[str, date | None, date | None]


class WrongField(BadInput):
    """A field of an entry that cannot be. field : its path, "" for the body itself."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}" if field else detail)
        self.field = field
        self.detail = detail


def checked_entry(body: object, kind: type[_Entry], *, name: str, classes: Iterable[str]) -> _Entry:
    """The body as an entry of this name. classes : the storage classes there are.

    Raises WrongField naming the field that cannot be, and msgspec.ValidationError for a wrong type.
    """
    control = control_character_at(body)
    if control is not None:
        raise WrongField(control.removeprefix("$").removeprefix("."), REFUSED)
    personal = personal_data_at(body)
    if personal is not None:
        raise WrongField(personal.removeprefix("$."), "personal data are refused, take the key out")
    entry: _Entry = msgspec.convert(body, kind)
    if isinstance(entry, RegisteredBoxModel):
        for key in _keys_at(body, "qualification") - set(Qualification.__struct_fields__):
            raise WrongField(f"qualification.{key[:60]}", "unknown key")
        check_qualification(entry.qualification, "qualification")
    elif isinstance(entry, RegisteredProduct):
        if entry.storage not in set(classes):
            known = ", ".join(classes)
            raise WrongField("storage", f"expected one of {known}, got {entry.storage!r}")
    elif isinstance(entry, RegisteredDevice):
        _in_order(
            (f"calibrations[{n}].valid_until", its.done_at, its.valid_until)
            for n, its in enumerate(entry.calibrations)
        )
    elif isinstance(entry, RegisteredAgreement):
        _check_agreement(entry)
    elif isinstance(entry, RegisteredCompany):
        _check_company(name, entry)
    elif isinstance(entry, RegisteredBan):
        _check_ban(entry)
    return entry


def _check_agreement(entry: RegisteredAgreement) -> None:
    _coded([("seller", entry.seller), ("carrier", entry.carrier)])
    _coded((f"sub_carriers[{n}]", code) for n, code in enumerate(entry.sub_carriers))
    _in_order([("valid_until", entry.signed_at, entry.valid_until)])
    _in_order(
        (f"audits[{n}].valid_until", one.done_at, one.valid_until)
        for n, one in enumerate(entry.audits)
    )


def _check_company(name: str, entry: RegisteredCompany) -> None:
    _coded([("id", name)])
    place = None if entry.division is None else division_code_mistake(entry.division)
    if place is not None:
        raise WrongField("division", f"expected a code of GB/T 2260, digit {place} is wrong")
    _in_order([("online_until", entry.online_from, entry.online_until)])
    _in_order(
        (f"shortfalls[{n}].corrected_on", one.found_on, one.corrected_on)
        for n, one in enumerate(entry.shortfalls)
    )
    for n, measure in enumerate(entry.measures):
        if measure.amount_yuan is not None and measure.kind != "fined":
            raise WrongField(f"measures[{n}].amount_yuan", "only a fine has an amount")


def _check_ban(entry: RegisteredBan) -> None:
    for field in ("words", "forms", "unless"):
        for n, word in enumerate(getattr(entry, field)):
            if not word.strip():
                raise WrongField(f"{field}[{n}]", "expected a word")
    if not entry.words and not entry.forms:
        raise WrongField("words", "expected words or forms")
    _in_order([("valid_to", entry.valid_from, entry.valid_to)])


def _coded(codes: Iterable[tuple[str, str]]) -> None:
    for field, code in codes:
        place = credit_code_mistake(code)
        if place is not None:
            raise WrongField(field, f"expected a unified social credit code, sign {place} is wrong")


def _in_order(spans: Iterable[_Span]) -> None:
    for field, begin, end in spans:
        if begin is not None and end is not None and end < begin:
            raise WrongField(field, f"lies before {begin}")


def _keys_at(body: object, key: str) -> set[str]:
    inner = body.get(key) if isinstance(body, dict) else None
    return set(inner) if isinstance(inner, dict) else set()
