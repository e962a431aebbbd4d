"""`setup influx` creates what is missing and nothing twice, on each version's published API."""

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.influx_setup import set_up_influx
from tests import servers

Answer = tuple[int, Any]


@contextmanager
def serving(version: str, answer: Callable[[str, str, Any, str], Answer]) -> Iterator[str]:
    """A server that answers `answer(method, path with query, body, token)`."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("Authorization", "").removeprefix("Token ")
            status, said = (
                (204, None)
                if self.path == "/ping"
                else answer(self.command, self.path, body, token)
            )
            content = b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("X-Influxdb-Version", version)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 (the names http.server calls)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def settings_of(address: str, **more: Any) -> StoreSettings:
    return StoreSettings(telemetry="influx", influx_url=address, **more)


def test_the_real_1_x_gets_its_database_once(influx_address: str) -> None:
    settings = settings_of(influx_address, influx_bucket="setup_test/five_years")
    first = set_up_influx(settings)
    assert "database setup_test: created, kept without end" in first.steps
    assert "retention policy five_years: created, kept without end" in first.steps
    assert any("1.6.7" in step and step.startswith("warning") for step in first.steps)

    again = set_up_influx(settings)
    assert "database setup_test: there" in again.steps
    assert not any("created" in step for step in again.steps)

    http = InfluxHttp(settings)
    (policies,) = http.ask("SHOW RETENTION POLICIES ON setup_test")
    assert {row[0]: row[1] for row in policies["values"]}["five_years"] == "0s"
    http.close()


def test_setting_up_says_where_others_have_our_measurement(influx_address: str) -> None:
    settings = settings_of(influx_address, influx_bucket="setup_shared")
    set_up_influx(settings)
    address = f"{influx_address}/api/v2/write?bucket=setup_shared"
    point = b"coldwitness_reading power=1 1795000000000000000"
    urllib.request.urlopen(address, data=point).close()  # noqa: S310 (loopback)
    again = set_up_influx(settings)
    assert any("none of ours" in step for step in again.steps)


class Influx2:
    """What the 2.x API answers while it is set up, by its published reference."""

    def __init__(self, *, fresh: bool) -> None:
        self.users = 0 if fresh else 1
        self.orgs: dict[str, str] = {}
        self.buckets: dict[str, dict[str, Any]] = {}
        self.mappings: list[dict[str, Any]] = []
        self.tokens = {} if fresh else {"operator": "all"}

    def __call__(self, method: str, path: str, body: Any, token: str) -> Answer:
        asked = urlsplit(path)
        query = {key: values[0] for key, values in parse_qs(asked.query).items()}
        what = (method, asked.path)
        if what == ("GET", "/api/v2/setup"):
            return 200, {"allowed": not self.users}
        if what == ("POST", "/api/v2/setup"):
            if self.users:
                return 422, {"code": "conflict", "message": "onboarding has already been completed"}
            self.users = 1
            self.orgs[body["org"]] = "org1"
            assert body["retentionPeriodSeconds"] == 0
            named = {"id": "b1", "orgID": "org1", "name": body["bucket"], "retentionRules": []}
            self.buckets[body["bucket"]] = named
            self.tokens["operator"] = "all"
            return 201, {"auth": {"token": "operator"}, "org": {"id": "org1"}}
        if token not in self.tokens:
            return 401, {"code": "unauthorized", "message": "unauthorized access"}
        if token == "narrow" and "orgs" in asked.path:
            # 2.7.12 to a token of one bucket: it sees no organisation and may make none.
            refused = (401, {"code": "unauthorized", "message": "write:orgs is unauthorized"})
            return (200, {"orgs": []}) if method == "GET" else refused
        return self._administered(what, query, body)

    def _administered(self, what: tuple[str, str], query: dict[str, str], body: Any) -> Answer:
        answers: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", "/api/v2/orgs"): lambda: self._organisations(query["org"]),
            ("POST", "/api/v2/orgs"): lambda: self._organisation(body["name"]),
            ("GET", "/api/v2/buckets"): lambda: (
                200,
                {"buckets": [b for name, b in self.buckets.items() if name == query["name"]]},
            ),
            ("POST", "/api/v2/buckets"): lambda: self._bucket(body),
            ("GET", "/api/v2/dbrps"): lambda: (200, {"content": self._all_mappings()}),
            ("POST", "/api/v2/dbrps"): lambda: self._mapping(body),
            ("POST", "/api/v2/authorizations"): lambda: self._narrow(body),
        }
        missing = (404, {"code": "not found", "message": "path not found"})
        return answers.get(what, lambda: missing)()

    def _organisations(self, name: str) -> Answer:
        if name not in self.orgs:
            return 404, {"code": "not found", "message": "organization name not found"}
        return 200, {"orgs": [{"id": self.orgs[name], "name": name}]}

    def _organisation(self, name: str) -> Answer:
        self.orgs[name] = "org2"
        return 201, {"id": "org2", "name": name}

    def _bucket(self, body: Any) -> Answer:
        self.buckets[body["name"]] = {"id": f"b{len(self.buckets) + 2}", **body}
        return 201, self.buckets[body["name"]]

    def _all_mappings(self) -> list[dict[str, Any]]:
        virtual = [{"bucketID": b["id"], "virtual": True} for b in self.buckets.values()]
        return [*virtual, *self.mappings]

    def _mapping(self, body: Any) -> Answer:
        assert body.keys() == {"orgID", "bucketID", "database", "retention_policy", "default"}
        self.mappings.append(body)
        return 201, body

    def _narrow(self, body: Any) -> Answer:
        self.tokens["narrow"] = str(body["permissions"])
        return 201, {"token": "narrow", "status": "active"}


def test_a_new_2_x_gets_user_organisation_bucket_mapping_and_a_narrow_token() -> None:
    influx = Influx2(fresh=True)
    with serving("v2.7.1", influx) as address:
        done = set_up_influx(settings_of(address))
    assert done.version == "2.7.1"
    assert done.token == "narrow"
    assert done.password is not None
    assert "'type': 'buckets'" in influx.tokens["narrow"]
    assert influx.buckets["coldwitness"]["retentionRules"] == []
    (mapping,) = influx.mappings
    assert (mapping["database"], mapping["retention_policy"], mapping["default"]) == (
        "coldwitness",
        "autogen",
        True,
    )


def test_a_2_x_in_use_gets_only_what_it_lacks_and_keeps_its_token() -> None:
    influx = Influx2(fresh=False)
    with serving("v2.7.1", influx) as address:
        settings = settings_of(address, influx_token="operator")
        done = set_up_influx(settings)
        again = set_up_influx(settings)
    assert done.token is None
    assert "organisation coldwitness: created" in done.steps
    assert "bucket coldwitness: created, kept without end" in done.steps
    assert not any("created" in step for step in again.steps)
    assert len(influx.mappings) == 1


def test_setting_up_again_with_the_token_it_gave_out_changes_nothing() -> None:
    influx = Influx2(fresh=True)
    with serving("v2.7.12", influx) as address:
        first = set_up_influx(settings_of(address))
        before = (dict(influx.buckets), list(influx.mappings), dict(influx.tokens))
        again = set_up_influx(settings_of(address, influx_token=first.token))
    assert (influx.buckets, influx.mappings, influx.tokens) == before
    assert again.token is None
    assert not any("created" in step for step in again.steps)


def test_a_default_mapping_of_a_database_in_use_is_never_taken_over() -> None:
    influx = Influx2(fresh=False)
    theirs = {"bucketID": "m1", "database": "telegraf", "default": True, "virtual": False}
    influx.mappings.append(theirs)
    with serving("v2.7.12", influx) as address:
        settings = settings_of(address, influx_token="operator")
        set_up_influx(settings.model_copy(update={"influx_bucket": "telegraf/coldwitness"}))
        assert influx.mappings[0] == theirs
        assert influx.mappings[1]["default"] is False
        with pytest.raises(ConfigError, match="mapped to another bucket"):
            set_up_influx(settings.model_copy(update={"influx_bucket": "telegraf"}))


def test_a_2_x_in_use_gives_a_token_for_the_bucket_alone_where_one_is_wanted() -> None:
    influx = Influx2(fresh=False)
    with serving("v2.7.1", influx) as address:
        done = set_up_influx(settings_of(address, influx_token="operator"), wants_token=True)
    assert done.token == "narrow"
    assert "'action': 'write'" in influx.tokens["narrow"]


@pytest.mark.parametrize("token", [None, "wrong"])
def test_a_2_x_in_use_without_a_right_token_says_how_to_give_one(token: str | None) -> None:
    with (
        serving("v2.7.1", Influx2(fresh=False)) as address,
        pytest.raises(ConfigError, match="influx_token_file"),
    ):
        set_up_influx(settings_of(address, influx_token=token))


class Influx3:
    def __init__(self, *, tokens: int, kept: str | None = None) -> None:
        self.tokens = tokens
        self.kept = kept
        self.databases: set[str] = set()

    def __call__(self, method: str, path: str, body: Any, token: str) -> Answer:
        if (method, path) == ("POST", "/api/v3/configure/token/admin"):
            if self.tokens:
                return 409, {"error": "token name already exists"}
            self.tokens = 1
            return 201, {"id": 0, "name": "_admin", "token": "apiv3_secret"}
        if token != "apiv3_secret":
            return 401, None
        if (method, path) == ("POST", "/api/v3/configure/database"):
            return self._database(body["db"])
        if (method, urlsplit(path).path) == ("GET", "/query"):
            return self._policies(parse_qs(urlsplit(path).query)["q"][0])
        return 404, None

    def _database(self, name: str) -> Answer:
        if name in self.databases:
            return 409, {"error": "attempted to create a resource that already exists"}
        self.databases.add(name)
        return 200, None

    def _policies(self, asked: str) -> Answer:
        """As influxdb3/tests/server/query.rs shows SHOW RETENTION POLICIES; no more is there."""
        if "POLICIES" not in asked:
            return 200, {"results": [{"statement_id": 0}]}
        columns = ["name", "duration", "default"]
        values = [["coldwitness", self.kept, True]]
        policies = {"name": "retention_policies", "columns": columns, "values": values}
        return 200, {"results": [{"statement_id": 0, "series": [policies]}]}


def test_a_new_3_x_gets_its_first_token_and_its_database_once() -> None:
    influx = Influx3(tokens=0)
    with serving("3.2.0", influx) as address:
        first = set_up_influx(settings_of(address))
        assert first.token == "apiv3_secret"
        assert influx.databases == {"coldwitness"}
        again = set_up_influx(settings_of(address, influx_token=first.token))
    assert again.token is None
    assert "database coldwitness: there" in again.steps
    assert not any("warning" in step for step in again.steps)


def test_a_3_x_database_that_deletes_is_reported() -> None:
    influx = Influx3(tokens=1, kept="720h0m0s")
    influx.databases.add("coldwitness")
    with serving("3.9.0", influx) as address:
        done = set_up_influx(settings_of(address, influx_token="apiv3_secret"))
    assert "warning: database coldwitness deletes after 720h0m0s" in done.steps


def test_a_retention_policy_on_3_x_is_a_mistake_of_the_settings() -> None:
    with (
        serving("3.9.0", Influx3(tokens=0)) as address,
        pytest.raises(ConfigError, match="knows no retention policies"),
    ):
        set_up_influx(settings_of(address, influx_bucket="coldwitness/five_years"))


def test_a_3_x_with_tokens_wants_one() -> None:
    with (
        serving("3.2.0", Influx3(tokens=1)) as address,
        pytest.raises((ConfigError, Unavailable), match="token"),
    ):
        set_up_influx(settings_of(address))


def test_a_name_that_could_be_a_statement_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected"):
        set_up_influx(settings_of("http://127.0.0.1:1", influx_bucket='x"; DROP DATABASE y'))


def test_a_server_that_is_down_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="InfluxDB"):
        set_up_influx(settings_of(f"http://127.0.0.1:{servers.free_port()}"))
