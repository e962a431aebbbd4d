"""Hostile requests at every route of a running server: no 5xx, no traceback, no end.

    python -m benchmarks.fuzz_routes [--each 10000] [--seed 1] [--route TEXT]

Every operation of the document and every page, with names, questions, heads and bodies that are
hurt, of other types, too long, or of others' kinds, by the administrator's key, so that nothing is
turned away at the door. 503 with `Retry-After` is an answer. Prints the routes that failed with the
request that did it, and a sum; ends with 1 if any failed.
"""

import argparse
import json
import logging
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.rights import OPEN, RIGHTS
from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.grants import Grant
from tests.api.world import COLD, RECEIVERS_HERE, T0, WARM, World, manifest, running_world
from tests.ingest.formats.hostile import hurt

SHOWN = 10
ANSWERED_WITHIN_S = 120.0
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
QUESTIONS = (
    "after", "before", "limit", "sort", "q", "courier", "division", "verdict", "state", "kind",
    "certainty", "since", "until", "from", "to", "format", "lang", "version", "name", "reason",
    "next", "columns", "width", "day", "month", "status", "shipment", "id", "cursor", "as",
)  # fmt: skip
HEADS = (
    ("If-Match", '"x"'), ("If-Match", "nonsense"), ("If-None-Match", "*"), ("Range", "bytes=9-1"),
    ("Accept", "text/html"), ("Accept", "*/*;q=zz"), ("Accept-Language", "zz;q=9"),
    ("Idempotency-Key", "k" * 300), ("Idempotency-Key", "a"), ("Content-Encoding", "gzip"),
    ("Origin", "https://elsewhere.example"), ("Cookie", "a=b; ; =;"), ("X-Forwarded-For", "x"),
    ("Content-Language", "zh"), ("Expect", "100-continue"), ("Last-Event-ID", "9" * 50),
)  # fmt: skip
TYPES = (
    "application/json", "application/json", "application/json", "text/csv", "text/plain",
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/pdf",
    "application/octet-stream", "", "application/json; charset=utf-16", "nonsense",
)  # fmt: skip
BODIES = (
    json.dumps(manifest("S-1")),
    '{"officer":"a","decision":"confirmed","reason":"x","result_version":1}',
    '{"status":"accepted","note":"x","assigned_at":"2026-11-21"}',
    '{"url":"http://127.0.0.1:1/x","secret":"whsec_AAAA"}',
    '{"shipment":"S-1","probe":"drug","action":"warm"}',
    '{"model":"M","rate_low_per_h":0.1,"valid_from":"2026-01-01"}',
    '{"population":"x","size":3,"division":"370303","seed":"1"}',
    '{"text":"x","kind":"objection","by":"a"}',
    '{"number":"1","authority":"a","shipments":["S-1"],"from":"2026-11-20","to":"2026-11-21"}',
    "id,model\nX-1,M\n",
    "a=b&name=S-1&password=x&csrf=y",
    "[]", "{}", "null", "1", '"x"',
)  # fmt: skip
WORDS = (
    None, True, -1, 0, 1e308, 2**63, "", "x" * 5000, [], {}, [[]], {"a": {"b": []}}, "\u202e", "冷",
    "2026-02-30", "\x00", [None], ["S-1"] * 50,
)  # fmt: skip


@dataclass(frozen=True)
class Route:
    method: str
    path: str


@dataclass(frozen=True)
class Asked:
    """One request."""

    route: Route
    url: str
    heads: list[tuple[str, str]]
    body: bytes


def all_routes() -> list[Route]:
    """Every one has a rule."""
    ruled = (named.split() for named in sorted(RIGHTS.keys() | OPEN))
    return [Route(method, path) for method, path in ruled if path not in ENDLESS]


def requests(route: Route, count: int, rng: random.Random, named: list[str]) -> Iterator[Asked]:
    """named : ids that are there."""
    for _ in range(count):
        path = re.sub(
            r"\{[^}]*\}",
            lambda _: quote(
                rng.choice(named) if rng.random() < 0.6 else rng.choice(NAMES), safe="%"
            ),
            route.path,
        )
        asked = [
            f"{rng.choice(QUESTIONS)}={quote(rng.choice(VALUES))}"
            for _ in range(rng.choice((0, 0, 1, 2, 5)))
        ]
        url = path + ("?" + "&".join(asked) if asked else "")
        heads = [rng.choice(HEADS) for _ in range(rng.choice((0, 0, 1, 3)))]
        body = b""
        if route.method != "GET":
            heads.append(("Content-Type", rng.choice(TYPES)))
            body = _body(rng)
        yield Asked(route, url, heads, body)


def _body(rng: random.Random) -> bytes:
    text = rng.choice(BODIES)
    way = rng.random()
    if way < 0.2:
        return text.encode()
    if way < 0.7 and text[:1] == "{":
        said = json.loads(text)
        for _ in range(rng.randint(1, 3)):
            said[rng.choice([*said, "x"])] = rng.choice(WORDS)
        return json.dumps(said).encode()
    body = bytearray(text.encode())
    for _ in range(rng.randint(1, 4)):
        hurt(body, rng)
    return bytes(body)


def failed(answer: httpx.Response) -> bool:
    if "Traceback" in answer.text:
        return True
    waits = answer.status_code == 503 and "retry-after" in answer.headers
    return answer.status_code >= 500 and not waits


def prepared(world: World) -> list[str]:
    """Something of each kind; their ids."""
    for name, course in (("S-1", WARM), ("S-2", COLD)):
        world.client.put(f"/v1/shipments/{name}", json=manifest(name)).raise_for_status()
        world.send(name, course)
    entries = world.get("/v1/clues").json()["items"]
    key = new_key()
    digest = digest_of(key) or ""
    world.register.client_keys.add("a", Grant("admin"), digest=digest, by="test", now_ms=T0)
    world.client.headers["Authorization"] = f"Bearer {key}"
    return ["S-1", "S-2", "csv", "json", "html", "1", *(one["clue"]["id"] for one in entries)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--route", default="", help="only those whose path has this")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(
            clues=RECEIVERS_HERE,
            journal=JournalSettings(directory=Path(name) / "journal"),
            http=Settings().http.model_copy(update={"requests_per_minute": 10**9}),
        )
        with running_world(Path(name), settings=settings) as world:
            named = prepared(world)
            world.client.timeout = ANSWERED_WITHIN_S
            routes = [one for one in all_routes() if asked.route in one.path]
            begun = time.perf_counter()
            for route in routes:
                rng = random.Random(f"{route}/{asked.seed}")
                for one in requests(route, asked.each, rng, named):
                    try:
                        answer = world.client.request(
                            one.route.method, one.url, headers=one.heads, content=one.body
                        )
                    except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeEncodeError):
                        continue  # the client does not send it
                    except httpx.TransportError as error:
                        wrong.append(route.path)
                        print(f"{one}\n    {error!r}", flush=True)
                        continue
                    statuses[answer.status_code] += 1
                    if failed(answer):
                        wrong.append(route.path)
                        if len(wrong) <= SHOWN:
                            print(
                                f"{one}\n    {answer.status_code} {answer.text[:800]}", flush=True
                            )
            took_s = time.perf_counter() - begun
    told = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
    print(f"{len(routes)} routes, {statuses.total():,} requests in {took_s:.0f} s; {told}")
    print(f"{len(wrong)} failed {Counter(wrong).most_common(SHOWN) if wrong else ''}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
