"""What an office gives a report that it issues: number, date, its name."""

from coldwitness.api.reports.made.model import Issue
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput

LONGEST = 120
"""Characters; each stands in one line at the head of the first page."""


def issue_of(
    settings: Settings,
    *,
    number: str | None = None,
    issued: str | None = None,
    office: str | None = None,
) -> Issue | None:
    """The office of the settings where none is named; None where nothing was given at all.

    Raises BadInput for a text that does not fit the head of the page.
    """
    office = office or settings.report.office
    if number is None and issued is None and office is None:
        return None
    for name, text in (("number", number), ("issued", issued), ("office", office)):
        if text is not None and not 1 <= len(text.strip()) <= LONGEST:
            raise BadInput(f"report {name}: expected 1 to {LONGEST} characters, got {len(text)}")
    return Issue(number=number, issued=issued, office=office)
