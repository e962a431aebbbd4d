"""Every rule pack: its numbers with their sources, its lines with what they ask."""

from coldwitness.config.rules import RulePack, load_packs
from docs.site.reference.markdown import code, generated, plain, table


def packs_page() -> str:
    head = generated(
        "Rule packs · 规则包",
        "`config/packs/`",
        "Numbers and requirement lines by which shipments are judged. `law` and `standard` are the "
        "texts' own, `bureau` is a setting of the office, `product` ours; how sure each source is "
        "stands beside it. How to write one: [rule packs](../rules.md).",
    )
    return head + "\n".join(_pack(pack) for pack in load_packs())


def _pack(pack: RulePack) -> str:
    valid = f"from {pack.valid_from}" + (f" to {pack.valid_to}" if pack.valid_to else "")
    numbers = (
        (
            code(name),
            f"{getattr(pack.numbers, name):g} {plain(source.unit)}".strip(),
            plain(f"{source.title.zh} {source.title.en}"),
            plain(f"{source.set_by}, {source.confirmed}"),
            plain(source.source),
        )
        for name, source in pack.provenance.items()
    )
    lines = (
        (
            code(line.id),
            plain(f"{line.title.zh} {line.title.en}"),
            ", ".join(code(question) for question in line.questions),
            ", ".join(line.duty),
            plain(f"{line.source.zh} ({line.confirmed})"),
        )
        for line in pack.requirements
    )
    title = plain(f"{pack.title.zh} {pack.title.en}")
    return (
        f"## `{pack.id}` {pack.version}\n\n{title}; {valid}. {plain(pack.source)}.\n\n"
        + table(("number", "value", "what it is", "set by, how sure", "source"), numbers)
        + "\n"
        + table(("line", "requirement", "asks", "duty of", "source"), lines)
    )
