"""Every command with its arguments and options, as `--help` has them."""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from coldwitness.cli.main import COMMANDS, program
from docs.site.reference.markdown import code, generated, plain, table

VALUES = {int: "NUMBER", float: "NUMBER", Path: "PATH"}


def commands_page() -> str:
    head = generated(
        "Commands · 命令",
        "the program's own help",
        f"`coldwitness` {metadata.version('coldwitness')}. `--config FILE` may stand anywhere in a "
        "call; else `$COLDWITNESS_CONFIG` names the settings. Exit 2 is a user's mistake, in one "
        "line.",
    )
    return head + "\n".join(_described(name, command) for name, command in commands())


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """Every command that does something, by its whole name: `journal verify`, not `journal`."""
    yield from _leaves(typer.main.get_group(program(list(COMMANDS))), "")


def _leaves(group: TyperGroup, within: str) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _leaves(command, f"{within}{name} ")
        elif isinstance(command, TyperCommand):
            yield f"{within}{name}", command


def _described(name: str, command: TyperCommand) -> str:
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    options = [
        one
        for one in command.params
        if isinstance(one, TyperOption) and not (one.hidden or one.name == "help")
    ]
    call = " ".join(["coldwitness", name, *(_shown(one) for one in arguments)])
    text = "\n\n".join(plain(part) for part in (command.help or "").split("\n\n"))
    rows = [
        (code(str(one.name).upper()), plain(one.help or ""), _default(one)) for one in arguments
    ]
    rows += [(_names(one), plain(one.help or ""), _default(one)) for one in options]
    head = f"## `{name}`\n\n```text\n{call}{' [OPTIONS]' if options else ''}\n```\n\n{text}\n\n"
    return head + (table(("", "what it says", "default"), rows) if rows else "")


def _shown(one: TyperArgument) -> str:
    name = str(one.name).upper() + ("…" if one.nargs != 1 else "")
    return name if one.required else f"[{name}]"


def _names(one: TyperOption) -> str:
    kind = one.type_descriptor.annotation
    value = "" if one.is_flag else f" {VALUES.get(kind, 'TEXT')}"
    return ", ".join(code(name + value) for name in (*one.opts, *one.secondary_opts))


def _default(one: TyperArgument | TyperOption) -> str:
    if one.required:
        return "required"
    if one.default in (None, False, ()) or not isinstance(one.default, str | int | float | Path):
        return ""
    return code(one.default)
