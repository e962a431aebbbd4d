"""An alarm as a POST: its body out of a template, signed as the receiver wants it."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import msgspec

from coldwitness.config.alarm_bodies import Accepted, AlarmBody, Body, Signed


def posted_body(
    template: AlarmBody, *, url: str, told: Mapping[str, str], secret: str | None, now_ms: int
) -> tuple[str, bytes]:
    """Address and bytes. told : what {title}, {text}, {link}, … stand for."""
    body = _filled(template.body, told)
    if template.signed is not None and secret:
        proof = _signature(template.signed, secret=secret, now_ms=now_ms)
        if template.signed.place == "body":
            body = {**body, **proof}
        else:
            url += ("&" if urlsplit(url).query else "?") + urlencode(proof)
    return url, msgspec.json.encode(body)


def refusal_in(accepted: Accepted | None, answer: bytes) -> str | None:
    """What a receiver says against it in an answer of 200; None: it took it."""
    if accepted is None:
        return None
    try:
        said = msgspec.json.decode(answer, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return "its answer is no JSON"
    value = bytes(said.get(accepted.key, msgspec.Raw(b"null")))
    if value == str(accepted.value).encode():
        return None
    return f"{accepted.key} {value[:40].decode('utf-8', 'replace')}"


def _filled(body: Body, told: Mapping[str, str]) -> Body:
    filled: Body = {}
    for key, value in body.items():
        if isinstance(value, dict):
            filled[key] = _filled(value, told)
        elif isinstance(value, str):
            filled[key] = _with(value, told)
        else:
            filled[key] = value
    return filled


def _with(text: str, told: Mapping[str, str]) -> str:
    """In one go, so that braces in what is told stand for nothing."""
    return text.format_map(told)


def _signature(signed: Signed, *, secret: str, now_ms: int) -> dict[str, str]:
    stamp = str(now_ms if signed.timestamp == "ms" else now_ms // 1000)
    known = {"secret": secret, "timestamp": stamp}
    key, message = (_with(text, known).encode() for text in (signed.key, signed.message))
    proof = hmac.new(key, message, hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(proof).decode()}
