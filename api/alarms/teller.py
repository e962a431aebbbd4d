"""Raises alarms and tells people of them, until somebody says that he knows.

What is owed stands in the register before anything is sent. Of several processes on one register
each message is sent by the one that claims it. Where that one dies before it noted what came of
it, the message is sent again under the same name; no alarm is raised twice.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from coldwitness.api.alarms.mail import (
    UNSENT,
    mail_of,
    require_safe_smtp,
    send_mail,
    why_unsent,
)
from coldwitness.api.alarms.occasions import Occasions, of_clues, on_the_road
from coldwitness.api.alarms.quiet_hours import end_of_quiet_ms
from coldwitness.api.alarms.robots import posted_body, refusal_in
from coldwitness.api.clues.backoff import next_try_ms
from coldwitness.api.clues.posting import EVERYWHERE, UNREACHABLE, post_once, posting_client
from coldwitness.api.clues.rounds import Rounds
from coldwitness.api.clues.targets import require_webhook_url
from coldwitness.api.live.board import BoardRows
from coldwitness.api.metrics import Metrics
from coldwitness.config.alarm_bodies import alarm_body
from coldwitness.config.labels import labels
from coldwitness.config.secrets import secret_of
from coldwitness.config.settings import AlarmPerson, Settings
from coldwitness.domain.alarms import Alarm
from coldwitness.domain.errors import BadInput, ConfigError, Unavailable
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reach import Reach
from coldwitness.domain.result import CheckResult
from coldwitness.domain.text import Text
from coldwitness.judging.clock import Clock, system_clock
from coldwitness.judging.observer import JudgingObserver, NewestReading
from coldwitness.storage.alarm_ports import AlarmMessage, OwedRound
from coldwitness.storage.clue_ports import ClueEntry
from coldwitness.storage.ports import Register

log = logging.getLogger(__name__)

PAGE = 500
CLAIM_MS = 300_000
"""Longer than the slowest try: each step of a mail has 15 s."""
NOBODY = "the settings name nobody of this name any more"
_WORDS = labels("alarms")["words"]


class AlarmTeller(JudgingObserver):
    """One worker; tells several people side by side, each in order.

    base_url : how people reach this server; links in what they are told start with it.
    """

    def __init__(
        self,
        register: Register,
        board: BoardRows,
        settings: Settings,
        clock: Clock = system_clock,
        *,
        base_url: str,
        metrics: Metrics | None = None,
    ) -> None:
        """Raises ConfigError where a person cannot be told as the settings say."""
        self._register = register
        self._board = board
        self._settings = settings.alarms
        self._clock = clock
        self._base_url = base_url
        self._metrics = metrics if metrics is not None else Metrics()
        self._people = {person.name: person for person in self._settings.people}
        self._secrets = {name: _secrets_of(person) for name, person in self._people.items()}
        self._password = None
        if self._settings.smtp is not None:
            smtp = self._settings.smtp
            require_safe_smtp(smtp)
            self._password = _secret(smtp.password, smtp.password_file, "smtp.password_file")
        self._rounds = Rounds(self._round, name="alarms", turns=4)
        self._client = posting_client(connections=4)

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        """End after the tries under way; what is still owed stays in the register."""
        self._rounds.stop()
        self._client.close()

    @property
    def alive(self) -> bool:
        return self._rounds.alive

    def on_judged(
        self,
        results: Sequence[CheckResult],
        entries: Sequence[ClueEntry],
        newest: Mapping[str, NewestReading],
    ) -> None:
        """Look now: what there is to tell is read from board and register."""
        del results, newest
        if entries:
            self._rounds.wake()

    def look(self) -> list[Alarm]:
        """Raise what is to be told and settle what holds no more; returns the new alarms. What
        stood on the feed before the first look is told to nobody."""
        alarms, now_ms = self._register.alarms, self._clock()
        standing = alarms.unsettled()
        names = sorted({alarm.subject for alarm in standing if alarm.rule != "clue"})
        settings = self._settings
        rows = self._board.pressing(
            silent_before_ms=now_ms - round(settings.silent_minutes * 60_000),
            to_limit_most_s=settings.minutes_to_limit * 60,
            beside=names,
        )
        ended = frozenset(name for name in names if name not in rows and self._has_ended(name))
        found = [on_the_road(rows, standing, ended=ended, settings=settings, now_ms=now_ms)]
        after = alarms.followed()
        if after is None:
            after = self._register.clues.last_cursor()
            alarms.follow(after)
        entries = self._register.clues.after(after, limit=PAGE)
        if entries:
            found.append(of_clues(entries, now_ms=now_ms))
        new = [alarm for occasions in found for alarm in self._keep(occasions, standing, now_ms)]
        if entries:
            alarms.follow(entries[-1].cursor)
        return new

    def owe(self) -> None:
        """Queue messages for every open alarm that was never told, or was told so long ago and
        nobody said that he knows."""
        now_ms, settings = self._clock(), self._settings
        rounds = []
        for alarm in self._register.alarms.unsettled():
            if not alarm.is_open or alarm.rounds > settings.again_most:
                continue
            again_ms = settings.again_minutes * 60_000
            if alarm.told_ms is not None and now_ms - alarm.told_ms < again_ms:
                continue
            told = [
                AlarmMessage(
                    id=f"{alarm.id}.{alarm.rounds}.{number}",
                    alarm=alarm.id,
                    person=person.name,
                    round=alarm.rounds,
                    state="due",
                    attempts=0,
                    next_try_ms=end_of_quiet_ms(person.quiet, now_ms=now_ms),
                    created_ms=now_ms,
                )
                for number, person in enumerate(self._people.values())
                if self._is_for(person, alarm)
            ]
            rounds.append(OwedRound(alarm.id, alarm.rounds, told))
        if rounds:
            self._register.alarms.owe(rounds, now_ms=now_ms)

    def tell_due(self) -> None:
        """Hand every due message to its person's turn; does not wait for the answers."""
        self._rounds.take_turns(self._due, self._tell_turn)

    def _due(self) -> dict[str, list[AlarmMessage]]:
        due: dict[str, list[AlarmMessage]] = {}
        for message in self._register.alarms.due(now_ms=self._clock(), limit=PAGE):
            due.setdefault(message.person, []).append(message)
        return due

    def wait_for_turns(self) -> None:
        """Until everybody who was being told is told, or was not."""
        self._rounds.wait_for_turns()

    def _round(self) -> None:
        self.look()
        self.owe()
        self.tell_due()

    def _has_ended(self, shipment: str) -> bool:
        line = self._register.shipments.row(shipment)
        return line is None or line.state != "in_transit"

    def _keep(self, occasions: Occasions, standing: Sequence[Alarm], now_ms: int) -> list[Alarm]:
        known = {(alarm.rule, alarm.subject) for alarm in standing}
        fresh = [one for one in occasions.raised if (one.rule, one.subject) not in known]
        new = self._register.alarms.raise_new(fresh) if fresh else []
        for rule, subject in occasions.over:
            self._register.alarms.settle(rule, [subject], now_ms=now_ms)
        return new

    def _is_for(self, person: AlarmPerson, alarm: Alarm) -> bool:
        if alarm.rule not in person.rules:
            return False
        if not person.divisions:
            return True
        reach = Reach(divisions=frozenset(person.divisions))
        return alarm.shipment is not None and bool(
            self._register.shipments.seen([alarm.shipment], reach=reach)
        )

    def _tell_turn(self, messages: Sequence[AlarmMessage]) -> None:
        for message in messages:
            if self._rounds.stopping:
                return
            try:
                self._tell(message)
            except Unavailable as error:
                log.warning("alarm %s: what came of it is not kept: %s", message.alarm, error)
                return
            except Exception:
                log.exception("alarm %s: message %s", message.alarm, message.id)
                return

    def _tell(self, message: AlarmMessage) -> None:
        alarms, now_ms = self._register.alarms, self._clock()
        alarm, person = alarms.one(message.alarm), self._people.get(message.person)
        if alarm is None or not alarm.is_open:
            alarms.tried(message.id, state="dropped", now_ms=now_ms)
            return
        if person is None:
            self._count("dead")
            alarms.tried(message.id, state="dead", now_ms=now_ms, error=NOBODY)
            return
        free_ms = end_of_quiet_ms(person.quiet, now_ms=now_ms)
        if free_ms > now_ms:
            alarms.put_off(message.id, until_ms=free_ms)
            return
        if not alarms.claim(message, until_ms=now_ms + CLAIM_MS):
            return
        why = self._send(person, alarm, message, now_ms=now_ms)
        if why is None:
            self._count("accepted")
            alarms.tried(message.id, state="done", now_ms=self._clock())
            return
        later_ms = next_try_ms(message.attempts + 1, now_ms=now_ms)
        self._count("failed" if later_ms is not None else "dead")
        log.warning("alarm %s: %s could not be told: %s", alarm.id, person.name, why)
        alarms.tried(
            message.id,
            state="dead" if later_ms is None else "due",
            now_ms=now_ms,
            next_try_ms=later_ms,
            error=why,
        )

    def _send(
        self, person: AlarmPerson, alarm: Alarm, message: AlarmMessage, *, now_ms: int
    ) -> str | None:
        """Why it could not be sent, in a line that tells no secret; None: it was taken."""
        title = _in_language(alarm.title, person)
        if message.round:
            again = _in_language(_WORDS["again"], person)
            title = again.format_map({"round": message.round + 1, "title": title})
        link = f"{self._base_url}/alarms?lang={person.language}"
        if alarm.shipment is not None:
            link = f"{self._base_url}/shipments/{alarm.shipment}?lang={person.language}"
        text = _in_language(alarm.text, person)
        if person.email is not None and self._settings.smtp is not None:
            mail = mail_of(
                sender=self._settings.smtp.sender,
                to=person.email,
                title=title,
                text=f"{text}\n\n{link}\n\n{_in_language(_WORDS['foot'], person)}\n",
                name=message.id,
                at_ms=now_ms,
            )
            try:
                send_mail(self._settings.smtp, mail, password=self._password)
            except UNSENT as error:
                return why_unsent(error)
            return None
        told = {
            "id": message.id,
            "rule": alarm.rule,
            "shipment": alarm.shipment or "",
            "title": title,
            "text": text,
            "link": link,
            "at": rfc3339(alarm.raised_ms),
        }
        return self._post(person, told, now_ms=now_ms)

    def _post(self, person: AlarmPerson, told: Mapping[str, str], *, now_ms: int) -> str | None:
        template = alarm_body(person.body)
        address, secret = self._secrets[person.name]
        url, body = posted_body(template, url=address, told=told, secret=secret, now_ms=now_ms)
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            answer = post_once(self._client, url, body=body, headers=headers, allowed=EVERYWHERE)
        except UNREACHABLE as error:
            return type(error).__name__
        if not 200 <= answer.status < 300:
            return f"HTTP {answer.status}"
        return refusal_in(template.accepted, answer.begin)

    def _count(self, result: str) -> None:
        self._metrics.alarm_messages.labels(result=result).inc()


def _in_language(text: Text, person: AlarmPerson) -> str:
    return text.en if person.language == "en" else text.zh


def _secrets_of(person: AlarmPerson) -> tuple[str, str | None]:
    """Where somebody is posted to, and by what it is signed. ConfigError names who, and neither."""
    place = f"people.{person.name}"
    alarm_body(person.body)
    url = _secret(person.webhook, person.webhook_file, f"{place}.webhook_file") or ""
    if url:
        try:
            require_webhook_url(url)
        except BadInput as error:
            why = str(error).removeprefix("url: ")
            raise ConfigError(f"settings: alarms.{place}.webhook: {why}") from error
    return url, _secret(person.secret, person.secret_file, f"{place}.secret_file")


def _secret(value: SecretStr | None, file: Path | None, name: str) -> str | None:
    try:
        return secret_of(value, file)
    except OSError as error:
        raise ConfigError(f"settings: alarms.{name}: {file}: {error.strerror}") from error
