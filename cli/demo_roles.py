"""`coldwitness demo --roles`: what each role sees of the same morning, asked as each of them."""

import secrets
import sys

import httpx
from rich.console import Console
from rich.table import Table

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.passwords import hashed
from coldwitness.cli.keys import now_ms
from coldwitness.cli.running import Running
from coldwitness.domain.grants import LOCAL, Grant

SHOWN: tuple[tuple[str, Grant], ...] = (
    ("演示管理员", Grant("admin")),
    ("演示-淄博市局", Grant("inspector", divisions=("370300",))),
    ("演示-周村分局", Grant("inspector", divisions=("370306",))),
    ("演示-案件系统", Grant("case_system", divisions=("370300",))),
    ("演示-齐鲁冷链即配", Grant("courier", courier="ql-express")),
    ("演示-示例平台", Grant("platform", platform="示例即时配送平台")),
)
"""Names of people and of the clients' keys beside them."""
WIDTH = 140
_ASKED = ("shipments", "findings", "clues", "quarantine", "devices", "audit")


def show_roles(running: Running, console: Console) -> None:
    """Make a user and a key a role, print what each may see, and how to sign in as each. From then
    on the demo's server lets nobody in without."""
    table = Table(title="各角色所见 what each role sees", title_justify="left")
    table.add_column("用户 user", no_wrap=True)
    table.add_column("角色 role", no_wrap=True)
    table.add_column("其 whose", overflow="fold")
    for name in _ASKED:
        table.add_column(name, justify="right")
    table.add_column("密码 password", no_wrap=True)
    keys = {}
    for name, grant in SHOWN:
        password = secrets.token_urlsafe(12)
        register, at_ms = running.register, now_ms()
        kept = hashed(password, name=name, length=12)
        register.people.add(name, grant, password=kept, by=LOCAL, now_ms=at_ms)
        keys[name] = new_key()
        digest = digest_of(keys[name]) or ""
        register.client_keys.add(name, grant, digest=digest, by=LOCAL, now_ms=at_ms)
        register.audit.note(
            actor=LOCAL, action="add_person", subject=f"{name} {grant.shown}", now_ms=at_ms
        )
        with httpx.Client(
            base_url=running.url,
            trust_env=False,
            timeout=30,
            headers={"Authorization": f"Bearer {keys[name]}"},
        ) as api:
            seen = [_count(api, asked) for asked in _ASKED]
        role, _, whose = grant.shown.partition(" ")
        table.add_row(name, role, whose, *seen, password)
    wide = Console(file=sys.__stderr__, width=max(console.width, WIDTH))  # cut words say nothing
    wide.print(table)
    console.print(
        f"登录 sign in: {running.url}/sign-in   接口 API: Authorization: Bearer"
        f" {keys[SHOWN[0][0]]} （{SHOWN[0][0]}）",
        highlight=False,
        soft_wrap=True,
    )


def _count(api: httpx.Client, asked: str) -> str:
    """How many of them, on as many pages as there are; a dash where the role may not ask."""
    count, address = 0, f"/v1/{asked}?limit=200"
    while True:
        answer = api.get(address)
        if answer.status_code == httpx.codes.FORBIDDEN:
            return "—"
        page = answer.raise_for_status().json()
        count += len(page["items"])
        if page["next_cursor"] is None or not page.get("has_more", True):
            return str(count)
        after = "after" if asked in ("clues", "quarantine") else "cursor"
        address = f"/v1/{asked}?limit=200&{after}={page['next_cursor']}"
