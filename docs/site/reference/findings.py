"""Every kind of finding: what it is called, what it weighs on, what it measures, what it says."""

from itertools import groupby

from coldwitness.config.finding_kinds import FindingKind, finding_kinds
from docs.site.reference.markdown import code, generated, plain, table


def findings_page() -> str:
    kinds = sorted(finding_kinds(), key=lambda kind: (kind.gravity, kind.kind, kind.code))
    head = generated(
        "Kinds of finding · 发现种类",
        "`config/findings/`",
        "A finding is one thing seen, with time range, certainty and measures. The kinds stand by "
        "gravity; one that *accuses* becomes a clue (线索), to be checked (待核查).",
    )
    parts = [head]
    for (name, title), members in groupby(kinds, key=lambda kind: (kind.kind, kind.kind_title)):
        parts.append(f"## `{name}`: {plain(f'{title.zh} {title.en}')}\n")
        parts += [_kind(kind) for kind in members]
    return "\n".join(parts)


def _kind(kind: FindingKind) -> str:
    said = kind.explanation[-1]
    asks = ", ".join(code(question) for question in kind.asks)
    lines = [
        f"### `{kind.kind}/{kind.subtype}`",
        "",
        plain(f"{kind.title.zh} · {kind.title.en}")
        + (" · accuses" if kind.accuses else "")
        + (f" · weighs on {asks}" if asks else ""),
        "",
        f"> {plain(said.zh)}",
        ">",
        f"> {plain(said.en)}",
        "",
        "",
    ]
    measures = [(code(name), one.form, plain(one.unit)) for name, one in kind.measures.items()]
    return "\n".join(lines) + (table(("measure", "form", "unit"), measures) if measures else "")
