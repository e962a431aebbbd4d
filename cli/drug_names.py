"""`coldwitness drug-names`: which name of a logger is its drug's probe where no mapping says it."""

import getpass
import json
import time
from contextlib import closing
from typing import Annotated

import typer

from coldwitness.cli.settings_in_force import settings_of
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.ingest.formats.drug_names import may_be_drug, named_by
from coldwitness.ingest.progress import earlier_drug_names
from coldwitness.storage.decided import JournalledRegister, open_decision_log
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.register.drug_names import SqlDrugNames

app = typer.Typer(
    help="药品测点名称。Which of a logger's names is its drug's probe, where no mapping says it.",
    no_args_is_help=True,
)


def drug_names_kept(register: SqlRegister, settings: Settings) -> SqlDrugNames:
    """The register's names, with those that workers fixed before the register kept them."""
    register.drug_names.adopt(earlier_drug_names(settings.journal.directory))
    return register.drug_names


@app.command("list")
def list_names(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON line each")] = False,
) -> None:
    """Each logger's name, fixed by its first message or by a person."""
    settings = settings_of(context)
    with closing(open_register(settings.store.register_url)) as register:
        for one in drug_names_kept(register, settings).told():
            changed = rfc3339(one.changed_ms) if one.by else None
            if as_json:
                line = {"logger": one.logger, "name": one.name, "by": one.by, "changed": changed}
                typer.echo(json.dumps(line, ensure_ascii=False))
            else:
                why = f"by {one.by} {changed}" if one.by else "by its first message"
                typer.echo(f"{one.logger}  {one.name}  {why}")


@app.command("set")
def set_name(
    context: typer.Context,
    logger: Annotated[str, typer.Argument(help="the logger's id, as listed")],
    name: Annotated[str, typer.Argument(help="the sender's name of the drug's probe")],
    courier: Annotated[str | None, typer.Option("--courier", help="whose logger")] = None,
) -> None:
    """Say which name is the drug's. Readings that are stored stay until `coldwitness rebuild`."""
    if not may_be_drug(name):
        raise BadInput(
            f"name {name!r}: says that it is something else than the drug's compartment; map it in"
            " the settings ([formats.loggers]) if it is the drug's all the same"
        )
    key = logger if "/" in logger else named_by(courier, logger)
    settings = settings_of(context)
    with (
        closing(open_register(settings.store.register_url)) as register,
        open_decision_log(settings.journal, register) as log,
    ):
        JournalledRegister(register, log).drug_names.change(
            key, name, by=getpass.getuser(), now_ms=time.time_ns() // 1_000_000
        )
    typer.echo(
        f"{key}: {name} is the drug's from now on; `coldwitness rebuild` makes what is stored"
        " again by it"
    )
