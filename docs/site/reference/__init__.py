"""Pages made from the code and its data when the site is built; none of them is kept."""

from collections.abc import Callable, Mapping

from docs.site.reference.commands import commands_page
from docs.site.reference.findings import findings_page
from docs.site.reference.formats import formats_page
from docs.site.reference.packs import packs_page
from docs.site.reference.routes import routes_page
from docs.site.reference.schemas import schemas_page
from docs.site.reference.settings import settings_page

PAGES: Mapping[str, Callable[[], str]] = {
    "reference/settings": settings_page,
    "reference/commands": commands_page,
    "reference/routes": routes_page,
    "reference/schemas": schemas_page,
    "reference/packs": packs_page,
    "reference/findings": findings_page,
    "reference/formats": formats_page,
}
