"""Webhooks, deliveries, audit and reviews, on every database."""

from coldwitness.domain.clues import ClueAct, ClueStatus
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.clue_ports import ClueEntry, OutboxDepth
from coldwitness.storage.ports import Review
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.register.views import Span
from tests.storage.readings import T0
from tests.storage.results import finding, record, result


def opened(register: SqlRegister, shipment: str = "S-1") -> ClueEntry:
    (entry,) = record(register, result(finding(), shipment=shipment))
    return entry


def said(register: SqlRegister, entry: ClueEntry, status: ClueStatus) -> ClueEntry:
    act = ClueAct(by="x", at=rfc3339(T0), status=status)
    told = register.clues.act(entry.clue.id, act)
    assert told is not None
    return told


def test_an_entry_is_owed_to_a_webhook_once(register: SqlRegister) -> None:
    hook = register.outbox.add_webhook("http://case.example/in", "whsec_c2VjcmV0", now_ms=T0)
    entry = opened(register)
    register.outbox.owe(hook.id, [(entry, b"first")], now_ms=T0)
    register.outbox.owe(hook.id, [(entry, b"second")], now_ms=T0 + 1)

    (owed,) = register.outbox.due(now_ms=T0)
    assert (owed.webhook.id, owed.clue_id, owed.cursor) == (hook.id, entry.clue.id, 1)
    assert (owed.body, owed.attempts, owed.webhook.owed_up_to) == (b"first", 0, 1)
    assert register.outbox.due(now_ms=T0 - 1) == []


def test_a_webhook_is_owed_what_comes_after_it_was_added(register: SqlRegister) -> None:
    opened(register)
    hook = register.outbox.add_webhook("http://case.example/in", "s", now_ms=T0)
    assert hook.owed_up_to == 1
    assert register.outbox.webhooks() == [hook]


def test_of_one_clue_only_the_oldest_entry_that_was_not_taken_is_due(
    register: SqlRegister,
) -> None:
    hook = register.outbox.add_webhook("http://case.example/in", "s", now_ms=T0)
    first = opened(register)
    second = said(register, first, "checking")
    other = opened(register, "S-2")
    register.outbox.owe(hook.id, [(one, b"x") for one in (first, second, other)], now_ms=T0)
    oldest, elsewhere = register.outbox.due(now_ms=T0)
    assert (oldest.cursor, elsewhere.cursor) == (1, 3)
    register.outbox.failed(oldest.id, next_try_ms=T0 + 100, error="503")
    assert [one.cursor for one in register.outbox.due(now_ms=T0)] == [3], "it waits for the first"
    register.outbox.done(oldest.id, now_ms=T0 + 100)
    assert [one.cursor for one in register.outbox.due(now_ms=T0)] == [2, 3]
    (again,) = [one for one in register.outbox.due(now_ms=T0) if one.cursor == 2]
    register.outbox.failed(again.id, next_try_ms=None, error="410")
    assert [one.cursor for one in register.outbox.due(now_ms=T0 + 10**9)] == [3]


def test_of_two_that_read_a_delivery_one_gets_it_until_its_lease_ends(
    register: SqlRegister,
) -> None:
    hook = register.outbox.add_webhook("http://case.example/in", "s", now_ms=T0)
    first = opened(register)
    second = said(register, first, "checking")
    register.outbox.owe(hook.id, [(first, b"x"), (second, b"y")], now_ms=T0)
    (mine,), (theirs,) = register.outbox.due(now_ms=T0), register.outbox.due(now_ms=T0)

    assert register.outbox.claim(mine, until_ms=T0 + 100)
    assert not register.outbox.claim(theirs, until_ms=T0 + 100)
    assert register.outbox.due(now_ms=T0 + 99) == [], "nor is the later entry of the clue"
    (again,) = register.outbox.due(now_ms=T0 + 100)
    assert (again.id, again.attempts) == (mine.id, 0), "its sender died"
    register.outbox.done(mine.id, now_ms=T0 + 100)
    assert not register.outbox.claim(again, until_ms=T0 + 200), "done meanwhile"


def test_a_failed_delivery_comes_back_at_its_time_and_a_done_one_never(
    register: SqlRegister,
) -> None:
    hook = register.outbox.add_webhook("http://case.example/in", "s", now_ms=T0)
    entry = opened(register)
    register.outbox.owe(hook.id, [(entry, b"x")], now_ms=T0)
    (owed,) = register.outbox.due(now_ms=T0)
    register.outbox.failed(owed.id, next_try_ms=T0 + 100, error="503")

    assert register.outbox.due(now_ms=T0 + 99) == []
    (again,) = register.outbox.due(now_ms=T0 + 100)
    assert (again.id, again.attempts, again.next_try_ms) == (owed.id, 1, T0 + 100)
    health = register.outbox.health(hook.id)
    assert (health.waiting, health.failing_since_ms, health.last_error) == (1, T0, "503")
    register.outbox.done(owed.id, now_ms=T0 + 101)
    assert register.outbox.due(now_ms=T0 + 10**9) == []
    register.outbox.owe(hook.id, [(entry, b"x")], now_ms=T0 + 102)
    assert register.outbox.due(now_ms=T0 + 10**9) == []
    health = register.outbox.health(hook.id)
    assert (health.waiting, health.failing_since_ms, health.last_done_ms) == (0, None, T0 + 101)


def test_what_is_owed_again_keeps_its_id_and_bytes(register: SqlRegister) -> None:
    opened(register, "S-0")
    hook = register.outbox.add_webhook("http://case.example/in", "s", now_ms=T0)
    for n, shipment in enumerate(("S-1", "S-2")):
        entry = opened(register, shipment)
        register.outbox.owe(hook.id, [(entry, shipment.encode())], now_ms=T0 + n)
    first, second = register.outbox.due(now_ms=T0 + 9)
    register.outbox.done(first.id, now_ms=T0 + 9)
    register.outbox.failed(second.id, next_try_ms=None, error="HTTP 500")
    lines = register.outbox.log(hook.id)
    assert [(line.cursor, line.state, line.error) for line in lines] == [
        (3, "dead", "HTTP 500"),
        (2, "done", None),
    ]
    assert [line.cursor for line in register.outbox.log(hook.id, before=3)] == [2]
    assert [line.cursor for line in register.outbox.log(hook.id, state="dead")] == [3]
    assert register.outbox.health(hook.id).dead == 1

    assert register.outbox.owe_again(hook.id, after=2, now_ms=T0 + 10) == 1
    (again,) = register.outbox.due(now_ms=T0 + 10)
    assert (again.id, again.body, again.attempts) == (second.id, b"S-2", 0)
    assert register.outbox.owe_again(hook.id, after=0, now_ms=T0 + 11) == 2
    assert register.outbox.webhooks()[0].owed_up_to == 0, "what was before it is read anew"


def test_a_new_secret_stands_beside_the_one_before(register: SqlRegister) -> None:
    hook = register.outbox.add_webhook("http://case.example/in", "one", now_ms=T0)
    register.outbox.change_secret(hook.id, "two", earlier_until_ms=T0 + 5)
    (changed,) = register.outbox.webhooks()
    assert (changed.secret, changed.earlier_secret, changed.earlier_until_ms) == (
        "two",
        "one",
        T0 + 5,
    )


def test_a_delivery_given_up_and_a_disabled_webhook_are_not_due(register: SqlRegister) -> None:
    first = register.outbox.add_webhook("http://one.example", "s", now_ms=T0)
    second = register.outbox.add_webhook("http://two.example", "s", now_ms=T0 + 1)
    entry = opened(register)
    for hook in (first, second):
        register.outbox.owe(hook.id, [(entry, b"x")], now_ms=T0)
    assert len(register.outbox.due(now_ms=T0)) == 2
    assert len(register.outbox.due(now_ms=T0, limit=1)) == 1
    assert register.outbox.depth() == OutboxDepth(due=2, dead=0, oldest_due_ms=T0)
    for owed in register.outbox.due(now_ms=T0):
        if owed.webhook.id == first.id:
            register.outbox.failed(owed.id, next_try_ms=None, error="410")
    assert register.outbox.depth() == OutboxDepth(due=1, dead=1, oldest_due_ms=T0)
    register.outbox.disable_webhook(second.id)
    assert register.outbox.depth() == OutboxDepth(due=0, dead=1, oldest_due_ms=None)

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
    assert [version.version for version in register.results.versions("S-1")] == [1]


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
