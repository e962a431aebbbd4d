"""Where a worker stands with its broker: the table walked without a broker, a socket or a wait."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.ingest.mqtt.session import (
    CONNACK_WITHIN_S,
    FAILURES,
    TABLE,
    Action,
    Event,
    Session,
    State,
    hung_up,
    longest_wait_s,
    refusal,
)

NOW_S = 1000.0
REFUSALS = (Event.REFUSED, Event.TOPIC_REFUSED)
IN = (Event.DUE, Event.ACCEPTED, Event.SUBSCRIBED)


def session() -> Session:
    return Session(jitter=lambda: 1.0)


def walked(*events: Event, at: Session | None = None) -> tuple[Session, list[Action]]:
    """A session after these events, and all that was to be done."""
    at = at if at is not None else session()
    done: list[Action] = []
    for event in events:
        why = event.name if event in FAILURES or event in REFUSALS else ""
        done += at.on(event, now_s=NOW_S, why=why)
    return at, done


def test_a_broker_that_lets_us_in_is_subscribed_to_and_then_messages_flow() -> None:
    standing, done = walked(*IN)
    assert done == [Action.CONNECT, Action.SUBSCRIBE]
    assert (standing.state, standing.connection, standing.failures) == (State.FLOWING, 1, 0)


@pytest.mark.parametrize("event", [Event.LOST, Event.TAKEN_OVER, Event.DROPPED])
@pytest.mark.parametrize("before", State)
def test_from_every_state_a_lost_or_dropped_connection_leads_away(
    before: State, event: Event
) -> None:
    standing = Session(state=before, jitter=lambda: 1.0)
    done = standing.on(event, now_s=NOW_S, why="w")
    assert standing.state is State.AWAY
    assert done[-1] is Action.ABANDON
    assert (Action.HANG_UP in done) == (event is Event.DROPPED)
    assert standing.next_try_s == NOW_S + 0.25
    assert standing.problem == "w"


def test_a_goodbye_of_either_side_is_no_failure_and_the_next_try_is_at_once() -> None:
    standing, done = walked(*IN, Event.ENDED)
    assert (standing.state, standing.failures, standing.next_try_s) == (State.AWAY, 0, 0.0)
    assert done == [Action.CONNECT, Action.SUBSCRIBE]


def test_each_failure_in_a_row_doubles_the_wait_up_to_half_a_minute() -> None:
    waits = [longest_wait_s(failures) for failures in (-1, 0, 1, 6, 7, 10, 11, 10_000)]
    assert waits == [0.125, 0.25, 0.5, 16.0, 30.0, 30.0, 30.0, 30.0]


@given(failures=st.integers(-1, 10**9), part=st.floats(0.5, 1.0))
def test_no_wait_is_longer_than_half_a_minute_or_none(failures: int, part: float) -> None:
    standing = Session(state=State.FLOWING, failures=failures, jitter=lambda: part)
    standing.on(Event.LOST, now_s=NOW_S)
    assert 0.05 < standing.next_try_s - NOW_S <= 30.0


def test_only_messages_that_flow_end_the_row_of_failures() -> None:
    row = (Event.DUE, Event.UNREACHABLE) * 3
    standing, _ = walked(*row)
    assert standing.failures == 3
    walked(Event.DUE, Event.ACCEPTED, at=standing)
    assert standing.failures == 3
    walked(Event.SUBSCRIBED, at=standing)
    assert standing.failures == 0


@pytest.mark.parametrize(
    ("after_s", "overdue"), [(-0.001, False), (0.0, False), (0.001, True)], ids=str
)
@pytest.mark.parametrize("answered", [(), (Event.REFUSED,)])
def test_a_connack_may_take_its_time_and_no_longer(
    answered: tuple[Event, ...], after_s: float, overdue: bool
) -> None:
    standing, _ = walked(Event.DUE, *answered)
    assert standing.is_overdue(NOW_S + CONNACK_WITHIN_S + after_s) is overdue


@pytest.mark.parametrize("state", [State.AWAY, State.SUBSCRIBING, State.FLOWING, State.UNHEARD])
def test_who_awaits_no_connack_is_never_overdue(state: State) -> None:
    assert not Session(state=state).is_overdue(1e9)


def test_an_overdue_broker_is_hung_up_on() -> None:
    standing, done = walked(Event.DUE, Event.OVERDUE)
    assert done == [Action.CONNECT, Action.HANG_UP, Action.ABANDON]
    assert standing.speaks_five


def test_a_broker_that_refuses_version_5_is_spoken_to_in_311_soon_and_for_good() -> None:
    standing, _ = walked(Event.DUE, Event.VERSION_REFUSED, Event.LOST)
    assert not standing.speaks_five
    assert (standing.failures, standing.next_try_s) == (0, NOW_S + 0.125)
    walked(*IN, Event.LOST, *IN, at=standing)
    assert not standing.speaks_five


@pytest.mark.parametrize(("times", "five"), [(1, True), (2, False)])
def test_a_broker_silent_on_version_5_twice_is_taken_for_an_old_one(times: int, five: bool) -> None:
    standing, _ = walked(*(Event.DUE, Event.LOST) * times)
    assert standing.speaks_five is five


def test_a_broker_that_once_accepted_version_5_is_never_taken_for_an_old_one() -> None:
    standing, _ = walked(*IN, *(Event.LOST, Event.DUE) * 9)
    assert standing.speaks_five


@pytest.mark.parametrize("event", [Event.UNREACHABLE, Event.OVERDUE, Event.DROPPED])
def test_other_failures_say_nothing_of_the_version(event: Event) -> None:
    standing, _ = walked(*(Event.DUE, event) * 5)
    assert standing.speaks_five


def test_a_refused_topic_leaves_the_others_to_be_taken_and_the_problem_told() -> None:
    standing, done = walked(Event.DUE, Event.ACCEPTED, Event.TOPIC_REFUSED)
    assert (standing.state, standing.problem) == (State.UNHEARD, "TOPIC_REFUSED")
    assert standing.is_let_in
    assert done == [Action.CONNECT, Action.SUBSCRIBE]


def test_the_first_problem_of_a_try_is_told_and_a_new_try_forgets_it() -> None:
    standing, _ = walked(Event.DUE, Event.REFUSED, Event.LOST)
    assert standing.problem == "REFUSED"
    walked(Event.DUE, at=standing)
    assert standing.problem == ""


@pytest.mark.parametrize(
    ("code", "five", "event", "words"),
    [
        (0x84, True, Event.VERSION_REFUSED, ""),
        (0x84, False, Event.REFUSED, "broker refuses: n"),
        (0x85, True, Event.REFUSED, "broker refuses: n"),
        (0x86, True, Event.REFUSED, "mqtt.password_file"),
        (0x87, False, Event.REFUSED, "mqtt.password_file"),
        (0x88, True, Event.REFUSED, "broker refuses: n"),
    ],
)
def test_a_refusal_says_what_to_check(code: int, five: bool, event: Event, words: str) -> None:
    meant, problem = refusal(code, "n", speaks_five=five)
    assert meant is event
    assert words in problem
    assert ("mqtt.username" in problem) == (code in (0x86, 0x87))


def test_what_is_out_of_turn_changes_nothing() -> None:
    for state, event in itertools.product(State, Event):
        if (state, event) not in TABLE:
            standing = Session(state=state, failures=3, next_try_s=7.0, problem="p")
            assert standing.on(event, now_s=NOW_S, why="w") == ()
            assert standing == Session(state=state, failures=3, next_try_s=7.0, problem="p")


@given(st.lists(st.sampled_from(Event), max_size=40))
def test_whatever_happens_a_failure_plans_a_try_and_a_try_connects(events: list[Event]) -> None:
    standing = session()
    for event in events:
        before = standing.state
        done = standing.on(event, now_s=NOW_S)
        assert (Action.CONNECT in done) == (before is State.AWAY and event is Event.DUE)
        if event in FAILURES and (before, event) in TABLE:
            assert standing.state is State.AWAY
            assert standing.next_try_s > NOW_S
    standing.on(Event.ENDED, now_s=NOW_S)
    assert standing.on(Event.DUE, now_s=NOW_S) == (Action.CONNECT,)


def test_a_session_that_was_taken_over_says_so_and_a_goodbye_is_no_problem() -> None:
    told = hung_up(0x8E, "Session taken over")
    assert told is not None
    assert told.startswith("session taken over: another client connects with our client id")
    assert hung_up(0x8B, "Server shutting down") == "broker hangs up: Server shutting down"
    assert hung_up(0x00, "Normal disconnection") is None
