"""`coldwitness deadline`: the last day of a time limit, with the days counted."""

from datetime import date
from typing import Annotated, get_args

import msgspec
import typer

from coldwitness.domain.deadlines import Deadline, DeadlineKind
from coldwitness.domain.errors import BadInput
from coldwitness.judging.deadlines import deadline as worked_out

KINDS: tuple[DeadlineKind, ...] = get_args(DeadlineKind)
_WEEKDAYS = "一二三四五六日"


def deadline(
    kind: Annotated[str, typer.Argument(help="one of " + ", ".join(KINDS))],
    starts_on: Annotated[
        str, typer.Option("--from", help="the day it begins (Beijing), which is not counted")
    ],
    excluded_days: Annotated[
        int, typer.Option("--excluded", help="days of tests and appraisals, which do not count")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """期限。The last day of a time limit of a clue or case, in Chinese working days."""
    found_kind = next((one for one in KINDS if one == kind), None)
    if found_kind is None:
        raise BadInput(f"kind {kind[:80]!r}: expected one of {', '.join(KINDS)}")
    try:
        day = date.fromisoformat(starts_on)
    except ValueError as error:
        raise BadInput(f"--from: expected a day such as 2026-02-10, got {starts_on!r}") from error
    found = worked_out(found_kind, starts_on=day, excluded_days=excluded_days)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    for line in lines_of(found):
        typer.echo(line)


def lines_of(found: Deadline) -> list[str]:
    """What a reader needs of it, Chinese first."""
    count, zh, en = found.working_days, "个工作日", "working days"
    if count is None:
        count, zh, en = found.calendar_days, "日", "calendar days"
    weekday = _WEEKDAYS[found.due_on.weekday()]
    lines = [
        f"{found.title.zh}  {found.title.en}",
        f"截止 {found.due_on}（星期{weekday}）  due on {found.due_on:%Y-%m-%d, %A}",
        f"自 {found.starts_on} 起，当日不计，{count} {zh}"
        f"  from {found.starts_on}, that day not counted, {count} {en}",
    ]
    if found.excluded_days:
        lines.append(
            f"检测、检验、鉴定不计入 {found.excluded_days} {zh}"
            f"  {found.excluded_days} {en} of tests and appraisals not counted"
        )
    article = found.basis.article
    zh_basis = found.basis.document.zh + (article.zh if article is not None else "")
    en_basis = found.basis.document.en + (f", {article.en}" if article is not None else "")
    lines.append(f"依据 {zh_basis}  basis: {en_basis}")
    if not found.basis.in_force:
        lines.append(
            "注意：起算日不在该规定施行期内  note: the text was not in force on the first day"
        )
    if found.provisional:
        lines.append(
            "暂定：跨入节假日安排尚未收录的年份，按周一至周五计算"
            "  provisional: reaches into a year whose holidays are not on file;"
            " Monday to Friday are counted there"
        )
    return lines
