"""Webhooks, deliveries, audit and reviews, on every database."""

from coldwitness.storage.ports import Review
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.register.views import Span
from tests.storage.readings import T0
from tests.storage.results import finding, record, result


def clue_id(register: SqlRegister, shipment: str = "S-1") -> str:
    (clue,) = record(register, result(finding(), shipment=shipment))
    return clue.id


def test_a_clue_is_owed_to_a_webhook_once(register: SqlRegister) -> None:
    hook = register.outbox.add_webhook("http://case.example/in", "whsec_c2VjcmV0", now_ms=T0)
    clue = clue_id(register)
    register.outbox.owe(hook.id, clue, b"first", now_ms=T0)
    register.outbox.owe(hook.id, clue, b"second", now_ms=T0 + 1)

    (owed,) = register.outbox.due(now_ms=T0)
    assert (owed.webhook, owed.clue_id, owed.body, owed.attempts) == (hook, clue, b"first", 0)
    assert register.outbox.due(now_ms=T0 - 1) == []


def test_a_failed_delivery_comes_back_at_its_time_and_a_done_one_never(
    register: SqlRegister,
) -> None:
    hook = register.outbox.add_webhook("http://case.example/in", "s", now_ms=T0)
    register.outbox.owe(hook.id, clue_id(register), b"x", now_ms=T0)
    (owed,) = register.outbox.due(now_ms=T0)
    register.outbox.failed(owed.id, next_try_ms=T0 + 100, error="503")

    assert register.outbox.due(now_ms=T0 + 99) == []
    (again,) = register.outbox.due(now_ms=T0 + 100)
    assert (again.id, again.attempts, again.next_try_ms) == (owed.id, 1, T0 + 100)
    register.outbox.done(owed.id, now_ms=T0 + 101)
    assert register.outbox.due(now_ms=T0 + 10**9) == []
    register.outbox.owe(hook.id, owed.clue_id, b"x", now_ms=T0 + 102)
    assert register.outbox.due(now_ms=T0 + 10**9) == []


def test_a_delivery_given_up_and_a_disabled_webhook_are_not_due(register: SqlRegister) -> None:
    first = register.outbox.add_webhook("http://one.example", "s", now_ms=T0)
    second = register.outbox.add_webhook("http://two.example", "s", now_ms=T0 + 1)
    clue = clue_id(register)
    for hook in (first, second):
        register.outbox.owe(hook.id, clue, b"x", now_ms=T0)
    assert len(register.outbox.due(now_ms=T0)) == 2
    assert len(register.outbox.due(now_ms=T0, limit=1)) == 1
    for owed in register.outbox.due(now_ms=T0):
        if owed.webhook.id == first.id:
            register.outbox.failed(owed.id, next_try_ms=None, error="410")
    register.outbox.disable_webhook(second.id)

    assert register.outbox.due(now_ms=T0 + 10**9) == []
    assert [(hook.id, hook.disabled) for hook in register.outbox.webhooks()] == [
        (first.id, False),
        (second.id, True),
    ]


def test_the_audit_trail_keeps_who_did_what(register: SqlRegister) -> None:
    register.audit.note(actor="inspector:1", action="report.read", subject="S-1", now_ms=T0)
    register.audit.note(actor="admin", action="webhook.add", subject="wh", now_ms=T0 + 1)
    first, second = register.audit.entries()
    assert (first.actor, first.action, first.subject, first.at_ms) == (
        "inspector:1",
        "report.read",
        "S-1",
        T0,
    )
    assert register.audit.entries(after=first.id) == [second]


def test_reviews_stand_beside_the_result(register: SqlRegister) -> None:
    review = Review("S-1", 1, "officer-17", "confirmed", "记录完整", T0)
    register.reviews.add(review)
    assert register.reviews.of("S-1") == [review]
    assert register.reviews.of("S-2") == []
    assert register.results.of("S-1") is None


def test_reviews_are_kept_in_order_by_version_and_replace_nothing(register: SqlRegister) -> None:
    record(register, result(finding()), reason="first")
    stored = register.results.of("S-1")
    told = [
        Review("S-1", 1, "鲁C-0102", "confirmed", "一", T0 + 2),
        Review("S-1", 1, "鲁C-0101", "rejected", "二", T0 + 1),
        Review("S-1", 1, "鲁C-0102", "undecided", "三", T0 + 3),
        Review("S-1", 2, "鲁C-0101", "confirmed", "四", T0 + 4),
    ]
    for review in told:
        register.reviews.add(review)
    assert register.reviews.of("S-1") == told
    assert register.results.of("S-1") == stored
    assert [version["version"] for version in register.results.versions("S-1")] == [1]


def test_a_span_grows_and_never_shrinks(register: SqlRegister) -> None:
    register.views.widen_spans(
        [Span("S-1", "BX-1", "LG-1", 100, 200), Span("S-2", "", "LG-1", 1, 2)]
    )
    register.views.widen_spans([Span("S-1", "BX-1", "LG-1", 150, 160)])
    register.views.widen_spans([Span("S-1", "BX-1", "LG-1", 50, 220)])
    assert register.views.spans(["S-1"]) == [Span("S-1", "BX-1", "LG-1", 50, 220)]
    register.views.drop_spans()
    assert register.views.spans(["S-1", "S-2"]) == []


def test_small_facts_are_set_together_and_removed_by_none(register: SqlRegister) -> None:
    register.views.set_facts({"a": "1", "b": "2"})
    register.views.set_facts({"a": None, "b": "3"})
    assert (register.views.fact("a"), register.views.fact("b")) == (None, "3")
