"""Hostile requests at every route of a server: no 5xx, no traceback, no end.

    python -m benchmarks.fuzz_routes [--each 10000] [--wired 50] [--seed 1] [--route TEXT]
        [--skip TEXT …]

Every operation of the document and every page, with names, questions, heads and bodies that are
hurt, of other types, too long, or of others' kinds, asked by whoever the route is for, so that
nothing is turned away at the door. Their bytes go through the server's own protocol
(`benchmarks.unwired`), one of so many (`--wired`) over a socket; some are hurt as bytes or cut off.
503 with `Retry-After` is an answer. Prints a line a route, the requests that failed, and a sum;
ends with 1 if any failed.
"""

import argparse
import gc
import json
import logging
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

import httpx
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from uvloop import run

from benchmarks.fuzz_world import FORM, JSON, Caller, Prepared, honest_body, prepared
from benchmarks.spared import spared
from benchmarks.unwired import Answer, Unwired, in_one_thread
from coldwitness.api.app import openapi_document
from coldwitness.api.http.rights import OPEN, RIGHTS
from coldwitness.config.settings import JournalSettings, Settings
from tests.api.world import RECEIVERS_HERE, World, manifest, running_world
from tests.ingest.formats.hostile import hurt

SHOWN = 100
ANSWERED_WITHIN_S = 120
"""Much more than any needs: other work on the machine is no failure."""
ENDLESS = {"/v1/live"}
NAMES = (
    "S-1", "S-2", "none", "", ".", "..", "%2e%2e", "a/b", "冷", "\u202e", "\x00", "A" * 300,
    "' OR 1=1 --", "{}", "%", "-1", "0", "9" * 40, "SC-20261121-00000000", "\ud7ff", "S-1\n",
)  # fmt: skip
VALUES = (
    *NAMES, "true", "null", "2026-02-30", "2026-11-21T01:00:00Z", "9999-12-31T23:59:59Z", "1e309",
    "-9223372036854775809", "NaN", "json", "csv", "xlsx", "zh", "en", "370303", "drug", "[", "*",
)  # fmt: skip
OTHER_QUESTIONS = ("nothing", "LIMIT", "limit[]", "", "lang", "冷", "cursor", "id")
HEADS = (
    ("If-Match", '"x"'), ("If-Match", "nonsense"), ("If-None-Match", "*"), ("Range", "bytes=9-1"),
    ("Accept", "text/html"), ("Accept", "*/*;q=zz"), ("Accept-Language", "zz;q=9"),
    ("Idempotency-Key", "k" * 300), ("Idempotency-Key", "a"), ("Content-Encoding", "gzip"),
    ("Origin", "https://elsewhere.example"), ("Cookie", "a=b; ; =;"), ("X-Forwarded-For", "x"),
    ("Content-Language", "zh"), ("Expect", "100-continue"), ("Last-Event-ID", "9" * 50),
)  # fmt: skip
TYPES = (
    JSON, "text/csv", "text/plain", FORM, "multipart/form-data; boundary=x", "application/pdf",
    "application/octet-stream", "", "application/json; charset=utf-16", "nonsense",
)  # fmt: skip
BODIES = (
    json.dumps(manifest("S-1")),
    '{"officer":"a","decision":"confirmed","reason":"x","result_version":1}',
    '{"status":"accepted","note":"x","assigned_at":"2026-11-21"}',
    '{"model":"M","rate_low_per_h":0.1,"valid_from":"2026-01-01"}',
    '{"text":"x","kind":"objection","by":"a"}',
    "id,model\nX-1,M\n",
    "a=b&name=S-1&password=x&csrf=y",
    "[]", "{}", "null", "1", '"x"', "",
)  # fmt: skip
WORDS: tuple[object, ...] = (
    None, True, -1, 0, 1e308, 2**63, "", "x" * 5000, [], {}, [[]], {"a": {"b": []}}, "\u202e", "冷",
    "2026-02-30", "\x00", [None], ["S-1"] * 50,
)  # fmt: skip


@dataclass(frozen=True)
class Route:
    """questions : names that it takes."""

    method: str
    path: str
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """One request. heads : without those of its caller, its host and its length."""

    route: Route
    url: str
    heads: list[tuple[str, str]]
    body: bytes


def all_routes(app: FastAPI) -> list[Route]:
    """Every one has a rule."""
    taken = {
        f"{method} {route.path}": _questions(route.dependant)
        for included in app.routes
        for route in getattr(getattr(included, "original_router", None), "routes", ())
        for method in route.methods
    }
    ruled = ((named, *named.split()) for named in sorted(RIGHTS.keys() | OPEN))
    return [
        Route(method, path, taken.get(named, ()))
        for named, method, path in ruled
        if path not in ENDLESS
    ]


def _questions(dependant: Dependant) -> tuple[str, ...]:
    own = [parameter.alias for parameter in dependant.query_params]
    inner = [name for one in dependant.dependencies for name in _questions(one)]
    return tuple(dict.fromkeys([*own, *inner]))


@cache
def words_of(name: str) -> tuple[str, ...]:
    """What a question of this name may be answered with, where any route has a list of it."""
    found: list[str] = []
    for methods in openapi_document()["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == name:
                    told = parameter["schema"]
                    for one in (told, *told.get("anyOf", ())):
                        found += one.get("enum", ())
    return tuple(dict.fromkeys(found))


def requests(route: Route, count: int, rng: random.Random, there: Prepared) -> Iterator[Asked]:
    csrf = there.caller(route.method, route.path).csrf
    honest = None if route.method == "GET" else honest_body(route.method, route.path, csrf)

    def named(part: re.Match[str]) -> str:
        known = there.named[part[1]] if rng.random() < 0.7 else NAMES
        return quote(rng.choice(known), safe="%")

    for _ in range(count):
        url = re.sub(r"\{(\w+)\}", named, route.path)
        asked = [_question(route, rng) for _ in range(rng.choice((0, 1, 2)))]
        heads = [rng.choice(HEADS) for _ in range(rng.choice((0, 0, 1, 3)))]
        kind, body = "", b""
        if route.method != "GET":
            kind, body = _body(rng, honest)
            heads.append(("Content-Type", kind if rng.random() < 0.8 else rng.choice(TYPES)))
        yield Asked(route, url + ("?" + "&".join(asked) if asked else ""), heads, body)


def _question(route: Route, rng: random.Random) -> str:
    name = rng.choice(OTHER_QUESTIONS if rng.random() < 0.1 else (*route.questions, "lang"))
    words = words_of(name)
    value = rng.choice(words if words and rng.random() < 0.5 else VALUES)
    return f"{quote(name)}={quote(str(value))}"


def _body(rng: random.Random, honest: tuple[str, bytes] | None) -> tuple[str, bytes]:
    """honest : its type, and what the route wants."""
    kind, body = JSON, rng.choice(BODIES).encode()
    if honest is not None and rng.random() < 0.8:
        kind, body = honest
    way = rng.random()
    if way < 0.1:
        return kind, body
    if way < 0.6 and body[:1] == b"{":
        said = json.loads(body)
        for _ in range(rng.randint(1, 3)):
            said[rng.choice([*said, "x"])] = rng.choice(WORDS)
        return kind, json.dumps(said).encode()
    if way < 0.6 and kind == FORM:
        fields = dict(parse_qsl(body.decode()))
        fields[rng.choice([*fields, "x"])] = rng.choice(VALUES)
        return kind, urlencode(fields).encode()
    broken = bytearray(body)
    for _ in range(rng.randint(1, 4)):
        hurt(broken, rng)
    return kind, bytes(broken)


def written(one: Asked, caller: Caller, host: str, rng: random.Random) -> tuple[bytes, bool]:
    """Its bytes, and whether they are a whole request: some come in pieces of odd sizes, some are
    hurt themselves, some end before their end."""
    heads = [("Host", host), *caller.heads, *one.heads]
    way = rng.random()
    body = one.body
    if body or one.route.method != "GET":
        if way < 0.05:
            heads.append(("Transfer-Encoding", "chunked"))
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in _pieces(body, rng))
            body += b"0\r\n\r\n"
        else:
            heads.append(("Content-Length", str(len(body))))
    lines = "".join(f"{name}: {value}\r\n" for name, value in heads)
    whole = f"{one.route.method} {one.url} HTTP/1.1\r\n{lines}\r\n".encode() + body
    if way < 0.97:
        return whole, True
    broken = bytearray(whole)
    hurt(broken, rng)
    return bytes(broken), False


def _pieces(body: bytes, rng: random.Random) -> Iterator[bytes]:
    while body:
        size = rng.randint(1, 200)
        yield body[:size]
        body = body[size:]


def failed(answer: Answer) -> bool:
    if b"Traceback" in answer.body:
        return True
    return answer.status >= 500 and not (answer.status == 503 and answer.waits)


class Log(logging.Handler):
    """Keeps what was logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(logging.Formatter().format(record))


@dataclass
class Tally:
    """What came of all."""

    statuses: Counter[int]
    wrong: Counter[str]

    def note(self, one: Asked, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        if failed(answer):
            self.say(one, f"{answer.status} {answer.body[:800].decode(errors='replace')}")

    def of_the_log(self, one: Asked, log: "Log") -> None:
        for said in log.said:
            self.say(one, said)
        log.said.clear()

    def say(self, one: Asked, what: str) -> None:
        route = f"{one.route.method} {one.route.path}"
        self.wrong[route] += 1
        if self.wrong[route] <= 2 and self.wrong.total() <= SHOWN:
            print(f"{one}\n    {what}", flush=True)


async def fuzz(
    asked: argparse.Namespace, world: World, there: Prepared, tally: Tally, log: Log
) -> int:
    """Ask for each route; returns how many routes there were."""
    host = world.server.url.partition("//")[2]
    unwired = Unwired(world.app)
    routes = [
        route
        for route in all_routes(world.app)
        if asked.route in (named := f"{route.method} {route.path}")
        and not any(other in named for other in asked.skip)
    ]
    for route in routes:
        rng = random.Random(f"{route}/{asked.seed}")
        caller = there.caller(route.method, route.path)
        slowest_s, begun_s = 0.0, time.process_time()
        for number, one in enumerate(requests(route, asked.each, rng, there), 1):
            data, whole = written(one, caller, host, rng)
            started_s = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, ANSWERED_WITHIN_S)
            try:
                answer = await unwired.ask(data, within_s=ANSWERED_WITHIN_S, keep=whole)
                tally.note(one, answer)
                if whole and answer.status == 0:
                    tally.say(one, f"closed without an answer: {answer.body!r}")
            except TimeoutError:
                tally.say(one, "no answer")
            slowest_s = max(slowest_s, time.process_time() - started_s)
            for mistake in unwired.mistakes:
                tally.say(one, mistake)
            unwired.mistakes.clear()
            if number % asked.wired == 0:
                over_the_wire(world, one, caller, tally)
            tally.of_the_log(one, log)
        signal.setitimer(signal.ITIMER_PROF, 0)
        each_us = (time.process_time() - begun_s) / asked.each * 1e6
        print(
            f"{route.method:7}{route.path:58}{asked.each:>8,}{each_us:>8.0f} µs each"
            f"{slowest_s * 1e3:>7.0f} ms at most",
            flush=True,
        )
    return len(routes)


def over_the_wire(world: World, one: Asked, caller: Caller, tally: Tally) -> None:
    world.client.headers.clear()
    world.client.cookies.clear()
    try:
        told = world.client.request(
            one.route.method, one.url, headers=[*caller.heads, *one.heads], content=one.body
        )
    except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeEncodeError):
        return  # the client does not send it
    except httpx.TransportError as error:
        tally.say(one, repr(error))
        return
    tally.note(one, Answer(told.status_code, told.content, "retry-after" in told.headers))


def _too_long(*_: object) -> None:
    raise TimeoutError


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=10_000)
    parser.add_argument("--wired", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--route", default="", help="only those whose method and path have this")
    parser.add_argument("--skip", action="append", default=[], help="not those that have this")
    asked = parser.parse_args()
    log = Log()
    logging.getLogger().addHandler(log)
    signal.signal(signal.SIGPROF, _too_long)
    tally = Tally(Counter(), Counter())
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        settings = Settings(
            clues=RECEIVERS_HERE,
            journal=JournalSettings(directory=Path(name) / "journal"),
            http=Settings().http.model_copy(update={"requests_per_minute": 10**9}),
        )
        with running_world(Path(name), settings=settings) as world:
            there = prepared(world)
            world.client.timeout = ANSWERED_WITHIN_S
            begun_s = time.perf_counter()
            gc.collect()
            gc.freeze()  # what is there from the beginning need not be looked through for ever
            with spared(world), in_one_thread():
                count = run(fuzz(asked, world, there, tally, log))
            gc.unfreeze()
            took_s = time.perf_counter() - begun_s
    told = ", ".join(f"{status}: {seen:,}" for status, seen in sorted(tally.statuses.items()))
    print(f"{count} routes, {tally.statuses.total():,} requests in {took_s:.0f} s; {told}")
    print(f"{tally.wrong.total()} failed {tally.wrong.most_common(20) if tally.wrong else ''}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
