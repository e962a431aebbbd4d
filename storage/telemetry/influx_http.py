"""InfluxDB's v1 `/query`: InfluxQL there, CSV back, parsed into numpy while it streams in.

1.x, 2.x and 3.x answer it alike as far as it is used here: GET, one statement a request,
`epoch=ns`, `chunked=true`, `Accept: application/csv`. What differs is allowed for: the header
may stand before every chunk, after an empty line, or without columns where there is no row; an
absent value is empty or `null`; times are nanoseconds (what 3.x writes whatever it is asked for)
or RFC 3339; nothing is quoted in the first 3.x, so every column has an alias of our own and no
value can hold a comma. No version says in CSV that a statement failed: it ends there. So who reads
counts first, by `ask`, whose JSON does say it.
"""

import io
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas
import urllib3
from numpy.typing import NDArray

from coldwitness.config.secrets import secret_of
from coldwitness.config.settings import StoreSettings
from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.domain.shown_address import apart

_PIECE_BYTES = 1 << 21
_CHUNK_ROWS = 20_000
_HEADER = b"name,tags"
_ERROR = b"error"
_CUT = re.compile(rb"\n(?=name,tags|error)")
_NS_PER_MS = 1_000_000
_Answer = Mapping[str, Any]
_ABSENT = ["", "null"]
_LEGAL_TOKEN = re.compile(r"[!-~]+")


class InfluxHttp:
    """Questions to one InfluxDB; connections are kept, any thread may ask."""

    def __init__(self, settings: StoreSettings, *, token: str | None = None) -> None:
        """token : instead of the settings' own, for setting up."""
        self.url = apart(settings.influx_url)[0].rstrip("/")
        if "@" in self.url:
            # The rest of such a password would be taken for a host, and stand in every error.
            raise ConfigError("store.influx_url: write @, /, ? and # in a password as %40, %2F, …")
        self._database, _, self._policy = settings.influx_bucket.partition("/")
        self._headers = {}
        token = token or token_of(settings)
        if token and ":" in token:
            # User and password of a 1.x; its `/query` takes them so since ever.
            self._headers["Authorization"] = f"Basic {b64encode(token.encode()).decode()}"
        elif token:
            self._headers["Authorization"] = f"Token {token}"
        self._pool = urllib3.PoolManager(
            maxsize=8, timeout=urllib3.Timeout(connect=5.0, read=120.0), retries=2
        )

    def table(
        self, statement: str, *, text: Sequence[str], whole: Sequence[str], real: Sequence[str]
    ) -> dict[str, Any]:
        """The answer's columns: `text` as (names, codes), `whole` as int64 (and `time`), `real`
        as float64 with NaN for what is absent. No rows: empty columns."""
        types: dict[str, Any] = dict.fromkeys(text, "category")
        types |= dict.fromkeys(whole, "int64")
        types |= dict.fromkeys(real, "float64")
        frames = []
        for header, piece in self._pieces(statement):
            types["time"] = "str" if _says_rfc3339(piece, header) else "int64"
            try:
                frame = pandas.read_csv(
                    io.BytesIO(piece),
                    names=header,
                    header=None,
                    usecols=[name for name in header if name in types],
                    dtype=types,
                    keep_default_na=False,
                    na_values=dict.fromkeys(real, _ABSENT),
                    engine="c",
                )
                times = frame.pop("time")
                columns_of_piece = (frame, _milliseconds(times))
            except (ValueError, KeyError) as error:
                raise Unavailable(
                    f"InfluxDB {self.url}: CSV not understood: {one_line(error)}; asked:"
                    f" {one_line(statement)[-120:]}; are there points of somebody else in it?"
                ) from error
            frames.append(columns_of_piece)
        columns: dict[str, Any] = {
            "time": np.concatenate([np.empty(0, np.int64), *(times for _, times in frames)])
        }
        for name in (*whole, *real):
            dtype = np.float64 if name in real else np.int64
            parts = [frame[name].to_numpy() for frame, _ in frames]
            columns[name] = np.concatenate([np.empty(0, dtype), *parts])
        for name in text:
            columns[name] = _coded([frame[name].cat for frame, _ in frames])
        return columns

    def ask(self, statement: str) -> list[_Answer]:
        """A small answer as its series (`name`, `columns`, `values`), times in milliseconds."""
        response = self._get(statement, "application/json", {"epoch": "ms"}, preload=True)
        found: list[_Answer] = []
        for answer in _results(response.data):
            if "error" in answer:
                raise Unavailable(f"InfluxDB {self.url}: {one_line(answer['error'])}")
            found += answer.get("series", [])
        return found

    def command(self, statement: str) -> None:
        """A statement that changes something. 2.x answers one that succeeded with `{}`."""
        response = self._request("POST", "/query", {"q": statement, **self._where()})
        for answer in _results(response.data):
            if "error" in answer:
                text = f"InfluxDB {self.url}: {one_line(answer['error'])}"
                raise Refused(response.status, text)

    def drop_table(self, table: str) -> None:
        """InfluxDB 3 drops a measurement through its own path."""
        self._request("DELETE", "/api/v3/configure/table", {"db": self._database, "table": table})

    def version(self) -> str:
        """Such as `1.8.10`, `2.7.1`, `3.0.1`; raises Unavailable if nobody answers.

        3.x asks who pings, and so may 1.x (`ping-auth-enabled`), which names itself all the same.
        """
        try:
            response = self._request("GET", "/ping", {})
        except Refused as error:
            if error.status in (401, 403):
                return error.version or "3"
            raise
        said = response.headers.get("X-Influxdb-Version", "")
        if not said and response.data.strip().startswith(b"{"):
            said = json.loads(response.data).get("version", "")
        return str(said).lstrip("v")

    def server_time_ms(self) -> int | None:
        """What its clock says now, to the second; None where its answer bears no date. Who it lets
        in does not matter. Raises Unavailable."""
        try:
            response = self._pool.request("GET", f"{self.url}/ping", retries=1)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"InfluxDB {self.url}: {_innermost(error)}") from error
        try:
            return int(parsedate_to_datetime(response.headers["Date"]).timestamp() * 1000)
        except (KeyError, ValueError):
            return None

    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """JSON to an administrative path; the answer's JSON, None if it has no body."""
        asked = f"{path}?{urlencode(query)}" if query else path
        response = self._request(method, asked, {}, body=body)
        return json.loads(response.data) if response.data.strip() else None

    def close(self) -> None:
        self._pool.clear()

    def _where(self) -> dict[str, str]:
        fields = {"db": self._database}
        if self._policy:
            fields["rp"] = self._policy
        return fields

    def _pieces(self, statement: str) -> Iterator[tuple[list[str], bytes]]:
        """Header and rows, whole lines of them. While one piece is parsed the server fills the
        socket's buffers with the next; a thread to fetch ahead was slower, for it and the
        parser took turns at the interpreter's lock."""
        header: list[str] = []
        for block in self._lines(statement):
            for part in _split_headers(block):
                if part.startswith(_ERROR):
                    text = one_line(part.decode("utf-8", "replace"))
                    raise Unavailable(f"InfluxDB {self.url}: {text}")
                if part.startswith(_HEADER):
                    first, _, rows = part.partition(b"\n")
                    header = first.decode().strip().split(",")
                else:
                    rows = part
                if rows.strip():
                    if not header:
                        said = rows[:100].decode("utf-8", "replace")
                        raise Unavailable(f"InfluxDB {self.url}: expected CSV, got {said!r}")
                    yield header, rows

    def _lines(self, statement: str) -> Iterator[bytes]:
        chunks = {"epoch": "ns", "chunked": "true", "chunk_size": str(_CHUNK_ROWS)}
        response = self._get(statement, "application/csv", chunks, preload=False)
        rest = b""
        try:
            while piece := response.read(_PIECE_BYTES):
                whole, newline, rest = (rest + piece).rpartition(b"\n")
                if newline:
                    yield whole + newline
            if rest:
                yield rest + b"\n"
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"InfluxDB {self.url}: answer broke off: {error}") from error
        finally:
            response.release_conn()

    def _get(self, statement: str, accept: str, more: Mapping[str, str], *, preload: bool) -> Any:
        fields = {"q": statement, **self._where(), **more}
        return self._request("GET", "/query", fields, accept=accept, preload=preload)

    def _request(
        self,
        method: str,
        path: str,
        fields: Mapping[str, str],
        *,
        body: object = None,
        accept: str = "application/json",
        preload: bool = True,
    ) -> Any:
        headers = {**self._headers, "Accept": accept}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        url = self.url + path
        if fields and content is None:
            more: dict[str, Any] = {"fields": dict(fields)}
        else:
            more = {"body": content}
        try:
            response = self._pool.request(
                method, url, headers=headers, preload_content=preload, **more
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"InfluxDB {self.url}: {_innermost(error)}") from error
        if response.status >= 300:
            said = response.read() if not preload else response.data
            raise Refused(
                response.status,
                f"InfluxDB {self.url}{path}: {response.status} {said_in(said)}",
                version=response.headers.get("X-Influxdb-Version", "").lstrip("v"),
            )
        return response


class Refused(Unavailable):
    """InfluxDB answered, but not with what was asked."""

    def __init__(self, status: int, text: str, *, version: str = "") -> None:
        """version : as the answer names it, empty where it does not."""
        super().__init__(text)
        self.status = status
        self.version = version


def token_of(settings: StoreSettings) -> str | None:
    """The token of the settings or of the file they name, else user and password of the address,
    which is then gone on with without them: an address stands in errors."""
    try:
        token = secret_of(settings.influx_token, settings.influx_token_file)
    except OSError as error:
        raise Unavailable(
            f"store.influx_token_file {settings.influx_token_file}: {error.strerror}"
        ) from error
    if token is None:
        token = apart(settings.influx_url)[1]
    if token is not None and ":" not in token and not _LEGAL_TOKEN.fullmatch(token):
        raise Unavailable("store.influx_token: expected ASCII signs in one word")
    return token


def said_in(body: bytes | str) -> str:
    """What an answer that refuses says, in one line: 2.x sends JSON over several."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        told = json.loads(text)
    except ValueError:
        return one_line(text)
    if not isinstance(told, dict):
        return one_line(text)
    words = [str(told[key]) for key in ("message", "error") if told.get(key)]
    data = told.get("data")
    for line in data if isinstance(data, list) else [data]:
        if isinstance(line, dict) and line.get("error_message"):
            words.append(str(line["error_message"]))
            break
    return one_line(": ".join(words) or text)


def one_line(text: object) -> str:
    """At most 300 characters without line breaks and tabs."""
    return " ".join(str(text).split())[:300]


def _results(body: bytes) -> list[_Answer]:
    told = json.loads(body)
    return list(told.get("results", ())) if isinstance(told, dict) else []


def _coded(parts: Sequence[Any]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Distinct texts of all parts and each row's index among them."""
    index: dict[str, int] = {}
    codes = [np.empty(0, np.int64)]
    for part in parts:
        names = [str(name) for name in part.categories]
        mapped = np.array([index.setdefault(name, len(index)) for name in names], np.int64)
        codes.append(mapped[part.codes.to_numpy()])
    return tuple(index), np.concatenate(codes)


def _says_rfc3339(piece: bytes, header: Sequence[str]) -> bool:
    """Whether the first row's time is a text and not a count of nanoseconds."""
    first = piece.lstrip().split(b"\n", 1)[0].split(b",")
    place = header.index("time") if "time" in header else len(first)
    return place < len(first) and b"T" in first[place]


def _milliseconds(times: Any) -> NDArray[np.int64]:
    """A column of nanoseconds or of RFC 3339 texts."""
    if times.dtype == np.int64:
        found: NDArray[np.int64] = times.to_numpy() // _NS_PER_MS
        return found
    instants = pandas.to_datetime(times, utc=True, format="ISO8601")
    found = instants.dt.tz_localize(None).to_numpy().astype("datetime64[ms]").astype(np.int64)
    return found


def _split_headers(block: bytes) -> Iterator[bytes]:
    """The block cut before each header or error line; usually there is none to cut at."""
    start = 0
    while found := _CUT.search(block, start):
        yield block[start : found.start() + 1]
        start = found.start() + 1
    yield block[start:]


def _innermost(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    return one_line(reason if reason is not None else error)
