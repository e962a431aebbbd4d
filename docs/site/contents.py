"""Which page stands where on the site: each page of docs/ once, and each generated one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Pages under one heading. pages : names without `.md`, those of `reference/` generated."""

    title: str
    pages: Sequence[str]


CHINESE = ".zh"
"""Ends the name of a page in Chinese; the same name without it is the page in English."""

CONTENTS: Sequence[Part] = (
    Part("Start here · 入门", ("tutorial", "tutorial.zh")),
    Part(
        "How to · 操作指南",
        (
            "how-to-connect",
            "how-to-connect.zh",
            "how-to-inspect",
            "how-to-inspect.zh",
            "how-to-take-clues",
            "how-to-take-clues.zh",
            "how-to-operate",
            "how-to-operate.zh",
        ),
    ),
    Part(
        "Loggers and couriers · 记录仪与配送企业",
        ("connecting-loggers", "formats", "couriers", "challenges"),
    ),
    Part(
        "Office and inspectors · 监管与核查",
        (
            "report",
            "verifying",
            "verify",
            "registers",
            "spot-checks",
            "statistics",
            "alarms",
            "case-forms",
        ),
    ),
    Part("Case systems and programs · 系统对接", ("case-systems", "api", "pandas")),
    Part(
        "Operating · 运维",
        (
            "deploying",
            "capacity",
            "operating",
            "many-workers",
            "access",
            "security",
            "journal",
            "storage",
            "bounds",
            "performance",
            "rejudging",
        ),
    ),
    Part(
        "How it judges · 研判",
        (
            "judgements",
            "analysis",
            "temporary-storage",
            "isolation",
            "scoreboard",
            "simulators",
            "rules",
            "regulation",
        ),
    ),
    Part(
        "Reference · 参考",
        (
            "reference/settings",
            "reference/commands",
            "reference/routes",
            "reference/schemas",
            "reference/packs",
            "reference/findings",
            "reference/formats",
            "glossary",
        ),
    ),
    Part("Building it · 开发", ("architecture", "developing", "decisions")),
)


def placed() -> Iterator[str]:
    """Every page of the contents, in order."""
    for part in CONTENTS:
        yield from part.pages


def tables_of_contents() -> str:
    """The contents as the site's first page holds them."""
    return "\n".join(
        f"```{{toctree}}\n:hidden:\n:caption: {part.title}\n\n" + "\n".join(part.pages) + "\n```\n"
        for part in CONTENTS
    )
