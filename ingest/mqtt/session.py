"""Where a worker stands with its broker, as a table: (state, event) -> (state, actions).

Pure: time and chance come in, and nothing here knows a socket; `broker` reports what happens and
does what the actions say. MQTT 5 is tried first. A broker that refuses it, or that hangs up on it
twice without a word and has never accepted it, is spoken to in 3.1.1 from then on.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 30.0
CONNACK_WITHIN_S = 10.0
TAKEN_OVER = 0x8E
SESSION_TAKEN_OVER = "session taken over"
SAID, GUESSED = "", ", it seems"
_REFUSED_VERSION = 0x84
_REFUSED_CREDENTIALS = (0x86, 0x87)


class State(Enum):
    AWAY = auto()
    """No connection; the next try is planned."""
    GREETING = auto()
    """CONNECT is sent."""
    REFUSED = auto()
    """The broker said no and is about to hang up."""
    SUBSCRIBING = auto()
    """Let in; SUBSCRIBE is sent."""
    FLOWING = auto()
    """Subscribed: messages come."""
    UNHEARD = auto()
    """A topic was refused; what other topics bring is taken all the same."""


class Event(Enum):
    DUE = auto()
    """The planned time has come."""
    UNREACHABLE = auto()
    ACCEPTED = auto()
    REFUSED = auto()
    VERSION_REFUSED = auto()
    SUBSCRIBED = auto()
    TOPIC_REFUSED = auto()
    LOST = auto()
    """The connection broke, or the broker closed it after its refusal."""
    OVERDUE = auto()
    """No answer to CONNECT in time."""
    ENDED = auto()
    """A DISCONNECT of either side: nothing went wrong."""
    TAKEN_OVER = auto()
    """Another client came with our client id, and the broker has given it our session."""
    DROPPED = auto()
    """We give the connection up: unacknowledged, everything comes again."""


class Action(Enum):
    CONNECT = auto()
    SUBSCRIBE = auto()
    HANG_UP = auto()
    """Say DISCONNECT."""
    ABANDON = auto()
    """Close the socket without a word."""


_LET_IN = (State.SUBSCRIBING, State.FLOWING, State.UNHEARD)
_UNANSWERED = (State.GREETING, State.REFUSED)
FAILURES = frozenset(
    {Event.UNREACHABLE, Event.LOST, Event.OVERDUE, Event.TAKEN_OVER, Event.DROPPED}
)
"""After these the next try waits, longer each time."""

Step = tuple[State, tuple[Action, ...]]
TABLE: Mapping[tuple[State, Event], Step] = {
    (State.AWAY, Event.DUE): (State.GREETING, (Action.CONNECT,)),
    (State.GREETING, Event.UNREACHABLE): (State.AWAY, (Action.ABANDON,)),
    (State.GREETING, Event.ACCEPTED): (State.SUBSCRIBING, (Action.SUBSCRIBE,)),
    (State.GREETING, Event.REFUSED): (State.REFUSED, ()),
    (State.GREETING, Event.VERSION_REFUSED): (State.REFUSED, ()),
    (State.SUBSCRIBING, Event.SUBSCRIBED): (State.FLOWING, ()),
    (State.SUBSCRIBING, Event.TOPIC_REFUSED): (State.UNHEARD, ()),
    **{(s, Event.OVERDUE): (State.AWAY, (Action.HANG_UP, Action.ABANDON)) for s in _UNANSWERED},
    **{(s, Event.LOST): (State.AWAY, (Action.ABANDON,)) for s in State},
    **{(s, Event.TAKEN_OVER): (State.AWAY, (Action.ABANDON,)) for s in State},
    **{(s, Event.DROPPED): (State.AWAY, (Action.HANG_UP, Action.ABANDON)) for s in State},
    **{(s, Event.ENDED): (State.AWAY, ()) for s in State},
}
"""What is not in it changes nothing: a broker that answers out of turn is not followed."""


def longest_wait_s(failures: int) -> float:
    """Before the next try, after so many failures in a row: doubled each time, up to 30 s. After
    the change to 3.1.1 (-1) half of the first wait."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures, 10))


def refusal(code: int, name: str, *, speaks_five: bool) -> tuple[Event, str]:
    """What a refused CONNECT means, and the problem in words.

    code : the reason code, as MQTT 5 numbers them. name : the code's in words.
    """
    if speaks_five and code == _REFUSED_VERSION:
        return Event.VERSION_REFUSED, ""
    hint = " (check mqtt.username, mqtt.password_file or client certificate)"
    return Event.REFUSED, f"broker refuses: {name}{hint if code in _REFUSED_CREDENTIALS else ''}"


def hung_up(code: int, name: str) -> str | None:
    """What a broker's DISCONNECT means, where it is a problem of its own; None where it is none.

    code : the reason code, as MQTT 5 numbers them. name : the code's in words.
    """
    if code == TAKEN_OVER:
        return taken_over_by(SAID)
    return f"broker hangs up: {name}" if code >= 0x80 else None


def taken_over_by(how: str) -> str:
    """The problem in words. how : SAID or GUESSED."""
    return (
        f"{SESSION_TAKEN_OVER}{how}: another client connects with our client id, and what it"
        " acknowledges is lost to us; give each worker its own journal.worker or mqtt.client_id,"
        " and let nobody else use them"
    )


@dataclass
class Session:
    """One worker's standing. Times are of one monotonic clock.

    connection : counts connections that were accepted: another number, another connection.
    failures : in a row since messages last flowed.
    jitter : the part of the wait that is waited, anew each time: workers that lost one broker
        together must not come back together.
    """

    state: State = State.AWAY
    speaks_five: bool = True
    connection: int = 0
    failures: int = 0
    problem: str = ""
    next_try_s: float = 0.0
    answer_by_s: float = 0.0
    jitter: Callable[[], float] = lambda: random.uniform(0.5, 1.0)  # noqa: S311
    _five_was_accepted: bool = False

    @property
    def is_let_in(self) -> bool:
        """The broker takes acknowledgements."""
        return self.state in _LET_IN

    def is_overdue(self, now_s: float) -> bool:
        return self.state in _UNANSWERED and now_s > self.answer_by_s

    def on(self, event: Event, *, now_s: float, why: str = "") -> tuple[Action, ...]:
        """Go on to what follows from `event`; returns what is to be done, in this order.

        why : for events that are a problem, its words; the first of a try is the one to tell.
        """
        before = self.state
        step = TABLE.get((before, event))
        if step is None:
            return ()
        self.state, actions = step
        if event is Event.DUE:
            self.problem, self.answer_by_s = "", now_s + CONNACK_WITHIN_S
        elif event is Event.ACCEPTED:
            self.connection += 1
            self._five_was_accepted = self.speaks_five
        elif event is Event.SUBSCRIBED:
            self.failures = 0
        elif event is Event.VERSION_REFUSED:
            self._speak_311()
        elif event in FAILURES:
            if before is State.GREETING and event is Event.LOST:
                self._hung_up_without_a_word()
            self.next_try_s = now_s + longest_wait_s(self.failures) * self.jitter()
            self.failures += 1
        self.problem = self.problem or why
        return actions

    def _hung_up_without_a_word(self) -> None:
        """An old broker may do so on MQTT 5; one that is starting up does so once."""
        if self.speaks_five and self.failures >= 1 and not self._five_was_accepted:
            self._speak_311()

    def _speak_311(self) -> None:
        self.speaks_five = False
        self.failures = -1  # the hang-up that follows is no failure
