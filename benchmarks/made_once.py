"""What verifying a package makes again of its report, made once where the report is the same.

Drawing the pages and judging the evidence anew is most of verifying a package
(`api/reports/packed/verification.py`). Of packages that are hurt elsewhere the report is the honest
one, equal in every value, and what is made of equal values is equal: it is kept from the first
time. A report that differs anywhere is drawn and judged as ever.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar
from unittest.mock import patch

from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.packed import verification
from coldwitness.api.reports.packed.rejudging import rebuilt

P = ParamSpec("P")
Made = TypeVar("Made")


@contextmanager
def made_once() -> Iterator[None]:
    """Within it the first report that is drawn, and the first judged, is so once."""
    with (
        patch.object(verification, "render_pdf", _first_kept(render_pdf)),
        patch.object(verification, "rebuilt", _first_kept(rebuilt)),
    ):
        yield


def _first_kept(make: Callable[P, Made]) -> Callable[P, Made]:
    """`make`, whose first answer is kept for arguments that equal the first ones."""
    first: list[tuple[tuple[object, ...], dict[str, object], Made]] = []

    def kept(*args: P.args, **kwargs: P.kwargs) -> Made:
        if first:
            asked, named, made = first[0]
            return made if (args, kwargs) == (asked, named) else make(*args, **kwargs)
        made = make(*args, **kwargs)
        first.append((args, kwargs, made))
        return made

    return kept
