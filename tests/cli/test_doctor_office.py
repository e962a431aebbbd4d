"""`coldwitness doctor` behind the stores: judging, webhooks, alarms, others, and what runs."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from coldwitness.cli.doctor_office import (
    WAITING_MANY,
    alarms,
    elsewhere,
    judging,
    processes,
    webhooks,
)
from coldwitness.cli.looked_at import Finding
from coldwitness.cli.metrics_door import metrics_door
from coldwitness.config.settings import (
    AlarmPerson,
    AlarmSettings,
    JournalSettings,
    JudgingSettings,
    MetricsSettings,
    Settings,
    SmtpSettings,
    StoreSettings,
    WebhookSettings,
)
from coldwitness.domain.errors import ConfigError
from coldwitness.ingest.metrics import PartMetrics
from coldwitness.storage.register import open_register
from tests.api.smtp_sink import SmtpSink
from tests.ingest.conftest import free_port
from tests.storage.results import finding, record, result


def settings_in(folder: Path, **more: object) -> Settings:
    store = StoreSettings(
        embedded_file=folder / "telemetry.sqlite",
        register_url=f"sqlite:///{folder / 'register.sqlite'}",
    )
    return Settings(store=store, journal=JournalSettings(directory=folder / "journal"), **more)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "telemetry.sqlite").touch()
    with closing(open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")):
        return settings_in(tmp_path)


def only(found: Iterator[Finding]) -> Finding:
    (one,) = found
    return one


def test_many_shipments_that_wait_are_told(settings: Settings) -> None:
    assert only(judging(settings)).state == "ok"
    with closing(open_register(settings.store.register_url)) as register:
        register.waiting.leave(f"ZB-{n}" for n in range(WAITING_MANY + 1))
    told = only(judging(settings))
    assert (told.state, f"{WAITING_MANY + 1} shipments wait" in told.text) == ("warning", True)
    assert "coldwitness judge" in told.mend


def test_rules_that_do_not_load_are_an_error_of_the_settings(tmp_path: Path) -> None:
    wrong = settings_in(tmp_path, judging=JudgingSettings(rule_pack="none-such"))
    with pytest.raises(ConfigError, match="none-such"):
        only(judging(wrong))


def test_entries_that_were_given_up_are_told(settings: Settings) -> None:
    assert only(webhooks(settings)).state == "ok"
    with closing(open_register(settings.store.register_url)) as register:
        hook = register.outbox.add_webhook("http://case.example/in", "whsec_c2VjcmV0", now_ms=1)
        (entry,) = record(register, result(finding()))
        register.outbox.owe(hook.id, [(entry, b"x")], now_ms=1)
        late = only(webhooks(settings))
        (owed,) = register.outbox.due(now_ms=1)
        register.outbox.failed(owed.id, next_try_ms=None, error="503")
    assert (late.state, late.text) == ("warning", "1 entries are owed, 0 were given up")
    dead = only(webhooks(settings))
    assert (dead.state, dead.text) == ("warning", "0 entries are owed, 1 were given up")
    assert "replay" in dead.mend


def test_looking_makes_no_register(tmp_path: Path) -> None:
    assert [*webhooks(settings_in(tmp_path))] == []
    assert only(judging(settings_in(tmp_path))).state == "ok"
    assert list(tmp_path.iterdir()) == []


def told_by_mail(port: int, **more: object) -> Settings:
    smtp = SmtpSettings(host="127.0.0.1", port=port, security="none", sender="a@b.example", **more)
    people = (AlarmPerson(name="duty", email="duty@b.example"),)
    return Settings(alarms=AlarmSettings(smtp=smtp, people=people))


def test_a_mail_server_is_asked_to_let_in_and_gets_no_mail() -> None:
    sink = SmtpSink()
    sink.start()
    try:
        told = only(alarms(told_by_mail(sink.port)))
        wrong = only(alarms(told_by_mail(sink.port, username="u", password=SecretStr("secret"))))
    finally:
        sink.stop()
    assert (told.state, told.text.endswith("lets in; 1 people are told")) == ("ok", True)
    assert (wrong.state, "secret" in wrong.text) == ("failure", False)
    assert sink.got == []
    away = only(alarms(told_by_mail(free_port())))
    assert (away.state, "ConnectionRefused" in away.text) == ("failure", True)
    assert only(alarms(Settings())).state == "ok"


def test_who_does_not_answer_elsewhere_is_named() -> None:
    port = free_port()
    hook = WebhookSettings(url=f"http://127.0.0.1:{port}/in", secret=SecretStr("whsec_AAAA"))
    told = only(elsewhere(Settings(webhooks=(hook,))))
    assert (told.state, told.text) == ("warning", f"webhook 127.0.0.1:{port}: Connection refused")
    with metrics_door(MetricsSettings(port=port), CollectorRegistry()):
        assert only(elsewhere(Settings(webhooks=(hook,)))).state == "ok"


def test_parts_that_a_running_process_calls_not_ready_are_named() -> None:
    registry = CollectorRegistry()
    parts = {"register": True, "judging": False, "clock": False}
    registry.register(PartMetrics(lambda: parts))
    with metrics_door(MetricsSettings(port=0), registry) as port:
        asked = Settings(metrics=MetricsSettings(port=port))
        told = only(processes(asked))
        assert (told.state, "not ready: clock, judging" in told.text) == ("failure", True)
        parts |= {"judging": True, "clock": True}
        assert only(processes(asked)).text.endswith("ready: clock, judging, register")
    assert only(processes(asked)).state == "warning"
    assert only(processes(Settings())).state == "warning"
    assert json.dumps(told.mend)
