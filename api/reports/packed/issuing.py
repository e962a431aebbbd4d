"""The evidence package of a report that was made here: by the file of the pack it was judged by."""

from collections.abc import Callable
from typing import IO

from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.wording import Lang
from coldwitness.api.reports.packed.journal_part import JournalPart
from coldwitness.api.reports.packed.package import make_package
from coldwitness.api.reports.packed.statement import Registering
from coldwitness.config.rules import PACKS_DIR, load_pack
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.signing import Signer


def evidence_package(
    out: IO[bytes],
    report: Report,
    *,
    settings: Settings,
    journal: JournalPart | None,
    signer: Signer,
    lang: Lang,
    stamp: Callable[[bytes], bytes] | None = None,
    register: Registering | None = None,
) -> None:
    """As `make_package`. Raises BadInput where the pack's file is gone."""
    wanted = f"{report.rules.id} {report.rules.version}"
    for path in sorted((settings.judging.packs_directory or PACKS_DIR).glob("*.toml")):
        if load_pack(path).name == wanted:
            make_package(
                out,
                report,
                rules=path,
                journal=journal,
                signer=signer,
                lang=lang,
                stamp=stamp,
                issuer=settings.journal.origin,
                register=register,
            )
            return
    raise BadInput(f"package: the file of rule pack {wanted} was not found")
