"""Alarms: what people were told at once, and who said that he knows."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from coldwitness.api.http.alarm_schemas import AlarmLine, AlarmList, AlarmTold
from coldwitness.api.http.answers import documented, json_answer
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.filters import Limit, RecordId
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipments import may_see
from coldwitness.api.http.trail import noted
from coldwitness.domain.alarms import Alarm
from coldwitness.domain.instants import rfc3339, rfc3339_if_any
from coldwitness.storage.alarm_ports import AlarmMessage

router = APIRouter(tags=["alarms"])


@router.get("/v1/alarms", responses=documented(AlarmList), response_model=None)
def list_alarms(services: ServicesOf, caller: CallerOf, limit: Limit = 50) -> Response:
    """Alarms about shipments within reach."""
    return json_answer(AlarmList(alarm_lines(services, caller, limit=limit)))


@router.post(
    "/v1/alarms/{alarm}/acknowledgement",
    responses=documented(AlarmLine, problems=(404, 409)),
    response_model=None,
)
def acknowledge_alarm(alarm: RecordId, services: ServicesOf, caller: CallerOf) -> Response:
    """Say that one knows: nobody is told again. 409 where somebody did before."""
    if not acknowledged(services, caller, alarm):
        raise Problem(409, f"alarm {alarm}: was acknowledged before")
    known = _known(services, caller, alarm)
    messages = _messages(services, caller, [known])
    return json_answer(_line(known, messages))


def alarm_lines(services: Services, caller: Caller, *, limit: int) -> tuple[AlarmLine, ...]:
    """Open ones first, then the others, the newest first."""
    found = services.register.alarms.listed(limit=limit, reach=caller.reach)
    messages = _messages(services, caller, found)
    return tuple(_line(alarm, messages) for alarm in found)


def acknowledged(services: Services, caller: Caller, alarm: str) -> bool:
    """Keep that the caller knows of it; False: somebody did before. 404 beyond one's reach."""
    known = _known(services, caller, alarm)
    now_ms = services.clock()
    if not services.register.alarms.acknowledge(known.id, by=caller.name, now_ms=now_ms):
        return False
    noted(
        services,
        caller,
        "acknowledge_alarm",
        subject=f"{known.id} {known.rule}",
        shipment=known.shipment,
        now_ms=now_ms,
    )
    return True


def _known(services: Services, caller: Caller, name: str) -> Alarm:
    alarm = services.register.alarms.one(name)
    if alarm is None or not _within(services, caller, alarm):
        raise Problem(404, f"alarm {name}: unknown")
    return alarm


def _within(services: Services, caller: Caller, alarm: Alarm) -> bool:
    """One of no shipment is for those who may see everything."""
    if caller.reach.everything or alarm.shipment is None:
        return caller.reach.everything
    return may_see(services, caller.reach, alarm.shipment)


def _messages(
    services: Services, caller: Caller, alarms: Sequence[Alarm]
) -> dict[str, list[AlarmMessage]]:
    """By alarm; whom the settings name is for the administrator to know."""
    found: dict[str, list[AlarmMessage]] = {}
    if caller.role == "admin":
        for message in services.register.alarms.messages([alarm.id for alarm in alarms]):
            found.setdefault(message.alarm, []).append(message)
    return found


def _line(alarm: Alarm, messages: dict[str, list[AlarmMessage]]) -> AlarmLine:
    return AlarmLine(
        id=alarm.id,
        rule=alarm.rule,
        shipment=alarm.shipment,
        title=alarm.title,
        text=alarm.text,
        raised_at=rfc3339(alarm.raised_ms),
        settled_at=rfc3339_if_any(alarm.settled_ms),
        acknowledged_at=rfc3339_if_any(alarm.acknowledged_ms),
        acknowledged_by=alarm.acknowledged_by,
        told=tuple(
            AlarmTold(
                person=one.person,
                round=one.round,
                state=one.state,
                attempts=one.attempts,
                done_at=rfc3339_if_any(one.done_ms),
                error=one.error,
            )
            for one in messages.get(alarm.id, ())
        ),
    )
