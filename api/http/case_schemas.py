"""The JSON of forms, and of what goes with a clue to others."""

from typing import Annotated

from msgspec import Meta, Struct

from coldwitness.domain.text import Text


class TypedField(Struct, frozen=True):
    """A field that nobody but the officer knows."""

    field: str
    label: str


class FormTold(Struct, frozen=True, kw_only=True):
    """own : the office has put its own in place of ours, in whole or in part."""

    number: Annotated[int, Meta(description="Of the national list of 2021")]
    title: Text
    own: bool
    typed: tuple[TypedField, ...]
    links: dict[str, str]


class FormList(Struct, frozen=True):
    items: tuple[FormTold, ...]


class FilledForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    typed: Annotated[
        dict[str, Annotated[str, Meta(max_length=2000)]],
        Meta(max_length=5, description="By the names that the list of forms gives"),
    ] = {}
