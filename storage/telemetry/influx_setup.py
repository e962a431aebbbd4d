"""Making what ColdWitness needs in an InfluxDB: over the published APIs of 1.x, 2.x and 3.x.

Whatever is there is left as it is; running it again changes nothing.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.storage.telemetry.influx_http import InfluxHttp, Refused, token_of
from coldwitness.storage.telemetry.influx_whose import FIRST, is_foreign

_Told = Mapping[str, Any]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_POLICY = "autogen"


@dataclass
class SetUp:
    """What was found and made, one line each; `token` if a new one was given out, `password`
    if a first user was made."""

    version: str
    steps: list[str] = field(default_factory=list)
    token: str | None = None
    password: str | None = None


def set_up_influx(
    settings: StoreSettings, *, username: str = "coldwitness", wants_token: bool = False
) -> SetUp:
    """Create database or bucket, organisation, token and retention mapping as far as missing.

    wants_token : give out a token for this bucket alone, made by the settings' administrator's;
        2.x only. A server that is set up here for the first time gives one out in any case.
    Raises Unavailable if nobody answers, ConfigError where the server wants a token it was not
    given or a name cannot be one.
    """
    database, _, policy = settings.influx_bucket.partition("/")
    for name in filter(None, (database, policy, settings.influx_org)):
        if _NAME.fullmatch(name) is None:
            raise ConfigError(f"store: InfluxDB name {name!r}: expected {_NAME.pattern}")
    http = InfluxHttp(settings)
    try:
        found = SetUp(http.version())
        found.steps.append(f"InfluxDB {found.version or 'of unknown version'} at {http.url}")
        major = found.version.partition(".")[0]
        try:
            if major == "2":
                _set_up_2(settings, http, found, username=username, wants_token=wants_token)
            elif major == "3":
                _set_up_3(settings, http, found)
            else:
                _set_up_1(http, found, database, policy)
        except Refused as error:
            if error.status in (401, 403):
                what = "an administrator's user:password" if major == "1" else "a token"
                raise ConfigError(
                    f"{error}: give {what} that may administer it: store.influx_token_file"
                    " or COLDWITNESS_STORE__INFLUX_TOKEN"
                ) from error
            raise
    finally:
        http.close()
    _look_whose(settings, found)
    return found


def _look_whose(settings: StoreSettings, found: SetUp) -> None:
    """Say where somebody else's points have our measurement's name; `doctor` fails on them."""
    http = InfluxHttp(settings, token=found.token)
    try:
        if is_foreign(http, FIRST):
            found.steps.append(
                f"warning: measurement {FIRST} holds points that are none of ours: name a database"
                " or bucket of its own in store.influx_bucket"
            )
    except Unavailable as error:
        found.steps.append(f"note: not read yet whose the measurements are: {error}")
    finally:
        http.close()


def _set_up_1(http: InfluxHttp, found: SetUp, database: str, policy: str) -> None:
    if _older_than_1_8(found.version):
        found.steps.append(
            f"warning: {found.version} has no /api/v2/write; ColdWitness writes to 1.8 and later"
        )
    names = {row[0] for series in http.ask("SHOW DATABASES") for row in series.get("values", [])}
    if database in names:
        found.steps.append(f"database {database}: there")
    else:
        http.command(f'CREATE DATABASE "{database}"')
        found.steps.append(f"database {database}: created, kept without end")
    policies = {
        row[0]: row[1]
        for series in http.ask(f'SHOW RETENTION POLICIES ON "{database}"')
        for row in series.get("values", [])
    }
    if policy and policy not in policies:
        http.command(
            f'CREATE RETENTION POLICY "{policy}" ON "{database}" DURATION INF REPLICATION 1'
        )
        found.steps.append(f"retention policy {policy}: created, kept without end")
    for name, duration in policies.items():
        if name == (policy or _POLICY) and duration not in ("0s", "0"):
            found.steps.append(
                f"warning: retention policy {name} deletes after {duration}, and refuses readings"
                " that come later"
            )


def _set_up_2(
    settings: StoreSettings, http: InfluxHttp, found: SetUp, *, username: str, wants_token: bool
) -> None:
    database, _, policy = settings.influx_bucket.partition("/")
    admin = http
    token = token_of(settings)
    if http.request("GET", "/api/v2/setup")["allowed"]:
        found.password = secrets.token_urlsafe(18)
        first = {
            "username": username,
            "password": found.password,
            "org": settings.influx_org,
            "bucket": settings.influx_bucket,
            "retentionPeriodSeconds": 0,
        }
        made = http.request("POST", "/api/v2/setup", body=first)
        token = str(made["auth"]["token"])
        found.token = token
        found.steps.append(f"first user {username}, organisation {settings.influx_org}: created")
        admin = InfluxHttp(settings, token=token)
    elif token is None:
        raise ConfigError(
            f"InfluxDB {http.url} is set up already: give its token by store.influx_token_file"
            " or COLDWITNESS_STORE__INFLUX_TOKEN"
        )
    try:
        org_id, bucket_id = _own_bucket(admin, settings, found)
        if not org_id:
            org_id = _organisation(admin, settings.influx_org, found)
            bucket_id = _bucket(admin, settings.influx_bucket, org_id, found)
        _mapping(
            admin,
            found,
            database,
            policy or _POLICY,
            named=bool(policy),
            bucket_id=bucket_id,
            org_id=org_id,
        )
        if found.token is not None or wants_token:
            found.token = _bucket_token(admin, bucket_id=bucket_id, org_id=org_id)
            found.steps.append(f"token for bucket {settings.influx_bucket}: created")
    finally:
        if admin is not http:
            admin.close()


def _own_bucket(http: InfluxHttp, settings: StoreSettings, found: SetUp) -> tuple[str, str]:
    """Ids of organisation and bucket where the token sees the bucket and not the organisation, as
    the one does that setting up gave out; else empty."""
    if _named(http, f"/api/v2/orgs?org={quote(settings.influx_org)}", "orgs"):
        return "", ""
    asked = f"/api/v2/buckets?name={quote(settings.influx_bucket, safe='')}"
    known = _named(http, asked, "buckets")
    if not known or not known[0].get("orgID"):
        return "", ""
    found.steps.append(f"organisation {settings.influx_org}: not shown to this bucket's own token")
    _say_bucket(known[0], settings.influx_bucket, found)
    return str(known[0]["orgID"]), str(known[0]["id"])


def _named(http: InfluxHttp, path: str, key: str) -> list[_Told]:
    """What a list holds; nothing where there is none or the token may not see it."""
    try:
        return list(http.request("GET", path).get(key) or ())
    except Refused as error:
        if error.status in (403, 404) or (error.status == 401 and "is unauthorized" in str(error)):
            return []
        raise


def _organisation(http: InfluxHttp, name: str, found: SetUp) -> str:
    known = _named(http, f"/api/v2/orgs?org={quote(name)}", "orgs")
    if known:
        found.steps.append(f"organisation {name}: there")
        return str(known[0]["id"])
    made = http.request("POST", "/api/v2/orgs", body={"name": name})
    found.steps.append(f"organisation {name}: created")
    return str(made["id"])


def _bucket(http: InfluxHttp, name: str, org_id: str, found: SetUp) -> str:
    known = _named(http, f"/api/v2/buckets?name={quote(name, safe='')}&orgID={org_id}", "buckets")
    if known:
        _say_bucket(known[0], name, found)
        return str(known[0]["id"])
    wanted = {"orgID": org_id, "name": name, "retentionRules": []}
    made = http.request("POST", "/api/v2/buckets", body=wanted)
    found.steps.append(f"bucket {name}: created, kept without end")
    return str(made["id"])


def _say_bucket(bucket: _Told, name: str, found: SetUp) -> None:
    kept_s = sum(rule.get("everySeconds", 0) for rule in bucket.get("retentionRules", []))
    found.steps.append(f"bucket {name}: there")
    if kept_s:
        found.steps.append(
            f"warning: bucket {name} deletes after {kept_s} s, and refuses readings that come later"
        )


def _mapping(
    http: InfluxHttp,
    found: SetUp,
    database: str,
    policy: str,
    *,
    named: bool,
    bucket_id: str,
    org_id: str,
) -> None:
    """What lets InfluxQL read the bucket as a database of the same name. A database that means
    another bucket by default goes on meaning it."""
    asked = f"/api/v2/dbrps?orgID={org_id}&db={quote(database)}"
    known: list[_Told] = http.request("GET", asked).get("content") or []
    for mapping in known:
        if mapping.get("bucketID") == bucket_id and not mapping.get("virtual"):
            found.steps.append(f"mapping of database {database} to the bucket: there")
            return
    others = [one for one in known if one.get("bucketID") != bucket_id and one.get("default")]
    if others and not named:
        raise ConfigError(
            f"store.influx_bucket {database!r}: the database of that name is mapped to another"
            f" bucket; name a policy of its own, such as {database}/coldwitness"
        )
    wanted = {
        "orgID": org_id,
        "bucketID": bucket_id,
        "database": database,
        "retention_policy": policy,
        "default": not others,
    }
    http.request("POST", "/api/v2/dbrps", body=wanted)
    found.steps.append(f"mapping of database {database}, policy {policy}, to the bucket: created")


def _bucket_token(http: InfluxHttp, *, bucket_id: str, org_id: str) -> str:
    resource = {"type": "buckets", "id": bucket_id, "orgID": org_id}
    wanted = {
        "orgID": org_id,
        "description": "coldwitness",
        "permissions": [
            {"action": "read", "resource": resource},
            {"action": "write", "resource": resource},
        ],
    }
    return str(http.request("POST", "/api/v2/authorizations", body=wanted)["token"])


def _set_up_3(settings: StoreSettings, http: InfluxHttp, found: SetUp) -> None:
    if "/" in settings.influx_bucket:
        raise ConfigError(
            f"store.influx_bucket {settings.influx_bucket!r}: InfluxDB 3 knows no retention"
            " policies; expected the name of a database"
        )
    try:
        _database_3(http, settings.influx_bucket, found)
        return
    except Refused as error:
        if error.status not in (401, 403) or token_of(settings) is not None:
            raise
    made = http.request("POST", "/api/v3/configure/token/admin", body={})
    found.token = str(made["token"])
    found.steps.append("first token: created")
    admin = InfluxHttp(settings, token=found.token)
    try:
        _database_3(admin, settings.influx_bucket, found)
    finally:
        admin.close()


def _database_3(http: InfluxHttp, database: str, found: SetUp) -> None:
    try:
        http.request("POST", "/api/v3/configure/database", body={"db": database})
        found.steps.append(f"database {database}: created, kept without end")
    except Refused as error:
        if error.status != 409:
            raise
        found.steps.append(f"database {database}: there")
        _warn_of_retention_3(http, database, found)
    found.steps.append(
        "note: a rebuild drops its old table by an administrator's token, the only kind that"
        " InfluxDB 3 Core has"
    )


def _warn_of_retention_3(http: InfluxHttp, database: str, found: SetUp) -> None:
    """3.x fixes a database's retention when it is made; one made by others may have an end."""
    try:
        policies = http.ask(f'SHOW RETENTION POLICIES ON "{database}"')
    except Unavailable as error:
        found.steps.append(f"warning: retention of {database} not told: {error}")
        return
    for series in policies:
        for row in series.get("values", []):
            kept = row[series["columns"].index("duration")]
            if kept not in (None, "", "0s", 0):
                found.steps.append(f"warning: database {database} deletes after {kept}")


def _older_than_1_8(version: str) -> bool:
    numbers = re.findall(r"\d+", version)[:2]
    return len(numbers) == 2 and (int(numbers[0]), int(numbers[1])) < (1, 8)
