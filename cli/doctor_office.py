"""What `doctor` looks at behind the stores: judging, webhooks, alarms, what is asked elsewhere, and
what the running processes say of themselves."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families

from coldwitness.api.alarms.mail import UNSENT, require_safe_smtp, try_server, why_unsent
from coldwitness.cli.looked_at import Finding
from coldwitness.cli.shared_judging import judging_now, shares_judging
from coldwitness.cli.store_files import files_of_stores
from coldwitness.config.secrets import secret_of
from coldwitness.config.settings import Settings
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.storage.register import SqlRegister, open_register

WAITING_MANY = 5000
LATE_S = 3600.0
ANSWERS_WITHIN_S = 3.0
HTTPS = 443

LOOKED_AT = {
    "register": "register",
    "telemetry": "telemetry store",
    "judging": "judging",
    "webhooks": "webhooks",
    "alarms": "alarms",
    "challenges": "processes",
    "comparison": "processes",
    "live": "processes",
    "ingest": "broker",
    "stores": "stores' progress",
    "witnesses": "elsewhere",
    "clock": "clock",
    "room": "journal room",
    "trail_room": "trail room",
}
"""Each part that `/readyz` names, and where `doctor` looks at it."""


def judging(settings: Settings) -> Iterator[Finding]:
    """Raises ConfigError where rules or settings of judging are not right."""
    rulebook = load_rulebook(settings.judging)
    with _register(settings) as register:
        waiting = 0 if register is None else register.waiting.count()
        judged, told = True, f"{waiting} shipments wait in the register"
        if register is not None and shares_judging(register):
            judged, told = judging_now(register)
    mend = ""
    if not judged:
        mend = "start `coldwitness judge`, or `serve` without --no-judge"
    elif waiting > WAITING_MANY:
        mend = "start `coldwitness serve`, or one more `coldwitness judge`"
    told = f"{told}; the rules of {rulebook.pack_id} load"
    yield Finding("judging", "warning" if mend else "ok", told, mend)


def webhooks(settings: Settings) -> Iterator[Finding]:
    with _register(settings) as register:
        if register is None:
            return
        depth = register.outbox.depth()
    since_ms = depth.oldest_due_ms
    late = since_ms is not None and time.time() - since_ms / 1000 > LATE_S
    told = f"{depth.due} entries are owed, {depth.dead} were given up"
    if depth.dead or late:
        mend = "see GET /v1/webhooks/{id}/deliveries; mend the receiver, then POST …/replay"
        yield Finding("webhooks", "warning", told, mend)
    else:
        yield Finding("webhooks", "ok", told)


def alarms(settings: Settings) -> Iterator[Finding]:
    """Raises ConfigError where mail would go unencrypted."""
    smtp, people = settings.alarms.smtp, settings.alarms.people
    if smtp is None:
        yield Finding("alarms", "ok", f"{len(people)} people are told, none of them by mail")
        return
    require_safe_smtp(smtp)
    where = f"{smtp.host}:{smtp.port}"
    try:
        try_server(smtp, password=secret_of(smtp.password, smtp.password_file))
    except UNSENT as error:
        mend = "check alarms.smtp: host, port, security, ca_file, username and password_file"
        yield Finding("alarms", "failure", f"{where}: {why_unsent(error)}", mend)
        return
    yield Finding("alarms", "ok", f"{where} lets in; {len(people)} people are told")


def elsewhere(settings: Settings) -> Iterator[Finding]:
    """Whom the settings name beside broker and stores: whether somebody answers there."""
    named = [("witness", one.url) for one in settings.witnesses]
    if settings.journal.timestamp_url is not None:
        named.append(("time stamps", settings.journal.timestamp_url))
    if settings.openid is not None:
        named.append(("sign-in provider", settings.openid.issuer))
    named += [("webhook", one.url) for one in settings.webhooks]
    if not named:
        yield Finding("elsewhere", "ok", "no witness, time stamp, provider or webhook is set")
    for what, url in named:
        asked = urlsplit(url)
        where = f"{asked.hostname}:{asked.port or HTTPS}"
        try:
            address = asked.hostname or "", asked.port or HTTPS
            socket.create_connection(address, timeout=ANSWERS_WITHIN_S).close()
        except OSError as error:
            why = error.strerror or type(error).__name__
            mend = "see that it runs and that this machine may reach it; it is tried again"
            yield Finding("elsewhere", "warning", f"{what} {where}: {why}", mend)
        else:
            yield Finding("elsewhere", "ok", f"{what} {where} answers")


def processes(settings: Settings) -> Iterator[Finding]:
    """What a process that runs by these settings says at its door of Prometheus."""
    door = settings.metrics
    if not door.port:
        mend = "set metrics.port, and Prometheus and doctor see the running processes"
        yield Finding("processes", "warning", "metrics.port is not set: not asked", mend)
        return
    where = f"{door.host}:{door.port}"
    try:
        answer = httpx.get(
            f"http://{where}/metrics", timeout=ANSWERS_WITHIN_S, trust_env=False
        ).raise_for_status()
    except httpx.HTTPError as error:
        text = f"{where}: {type(error).__name__} (well, if none runs by these settings)"
        yield Finding("processes", "warning", text, "start it, and see its log")
        return
    parts = {
        sample.labels["part"]: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "coldwitness_part_ready"
    }
    wrong = sorted(part for part, ready in parts.items() if not ready)
    if wrong:
        mend = "/readyz says what is wrong with each and how to mend it"
        yield Finding("processes", "failure", f"{where}: not ready: {', '.join(wrong)}", mend)
    else:
        yield Finding("processes", "ok", f"{where}: ready: {', '.join(sorted(parts))}")


@contextmanager
def _register(settings: Settings) -> Iterator[SqlRegister | None]:
    """None where there is none yet: looking makes nothing."""
    if any(not path.exists() for path in files_of_stores(settings)):
        yield None
        return
    with closing(open_register(settings.store.register_url)) as register:
        yield register
