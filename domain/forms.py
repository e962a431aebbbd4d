"""What a form of a case (文书) is filled in with: one text for each field, in Chinese as the forms
are, and the lists that stand in tables."""

from msgspec import Struct


class FormFile(Struct, frozen=True, kw_only=True):
    """A file of evidence, or its place. Digests are hexadecimal."""

    number: str
    name: str
    sha256: str
    sm3: str


class FormLine(Struct, frozen=True, kw_only=True):
    """A line of a list: what was found, or what would decide it."""

    number: str
    text: str


class FormFields(Struct, frozen=True, kw_only=True):
    """Every field that a template may name. What is not known says so; nothing is empty.

    number_pattern : how the office writes numbers of documents, with `{number}` for the one that is
    typed. today, now : when the form is made, Beijing time. facts : what was found, as a clue to be
    checked. bounds : least and most. maker : who has the form made. verified : what `verify` said
    of the record just now.
    """

    office: str
    number_pattern: str
    clue: str
    source: str
    source_number: str
    discovered: str
    today: str
    now: str
    year: str
    matter: str
    certainty: str
    summary: str
    facts: str
    act_time: str
    act_place: str
    suspects: str
    parties: str
    basis: str
    duty: str
    bounds: str
    against: str
    competent_office: str
    competent_rule: str
    deadline: str
    statements: str
    attachments: str
    shipments: str
    shipment_facts: str
    box: str
    loggers: str
    window: str
    readings: str
    challenge: str
    maker: str
    software: str
    rules: str
    verified: str
    assistance_due: str
    files: tuple[FormFile, ...]
    materials: tuple[FormLine, ...]
    findings: tuple[FormLine, ...]


DOCUMENT_NUMBER = "document_number"
LISTS = ("files", "materials", "findings")
TEXTS = tuple(
    name for name in FormFields.__struct_fields__ if name not in (*LISTS, "number_pattern")
)
