"""Later InfluxDBs as their published HTTP APIs and sources describe them, in front of a real 1.6.7.

Storage and InfluxQL are the real server's; what differs between versions on the wire (who may ask,
how a write is addressed and refused, how CSV is written, how a measurement is dropped) is put on
top of it. Sources, by version:

1.12  docs "InfluxDB v1 HTTP API": `/api/v2/write`, `Authorization: Token user:password`;
      services/httpd/response_writer.go: header once, absent is empty, a failed statement is
      left out of CSV without a word.
2.7   docs "/query 1.x compatibility API": Token for every request but `/ping`; "Write data":
      `org` is required, 422 for a refused batch; the CSV writer is 1.x's; a statement that drops
      is answered `{}`; "Delete data": POST /api/v2/delete, of one bucket, by predicate.
3.0   influxdb3_server/src/http/v1.rs: a header and an empty line with every chunk, `null` for
      absent, `name,tags` alone where there is no row, nothing quoted, a stream that fails breaks
      the connection; docs "Server information": `/ping` asks for a token, too; "Delete a table":
      DELETE /api/v3/configure/table, no InfluxQL that drops; "Write data": 400 with `error` and
      `data` for a partial write.
3.9   iox_v1_query_api/src/response/csv.rs: header once, nothing at all where there is no row, a
      failed statement is left out without a word; the rest as 3.0.
"""

import gzip
import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

VERSIONS = ("1.12.2", "2.7.12", "3.0.1", "3.9.0")
TOKEN = "secret"


@dataclass
class Wire:
    """One version on the wire. break_after : rows after which a CSV answer fails; None: never.

    disk_full : points come into memory, where queries find them, and the write is answered 500
        because the log could not be written (1.x and 2.x; seen at 1.8.10, 1.12.4 and 2.7.12).
    oldest_ms : points before it are beyond the retention policy: refused, the others stored.
    no_admin : the user may write, and not drop (1.x: "requires admin privilege").
    refuses : answer to every write (a token that may only read, an organisation that is none).
    reads_elsewhere : questions go to another bucket than writes (2.x: an operator's token of
        another organisation).
    acknowledged : lines of the writes that were answered well.
    """

    version: str
    behind: str
    break_after: int | None = None
    asked: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    disk_full: bool = False
    oldest_ms: int | None = None
    no_admin: bool = False
    refuses: tuple[int, dict[str, str]] | None = None
    reads_elsewhere: bool = False
    writes: int = 0
    acknowledged: list[bytes] = field(default_factory=list)

    @property
    def major(self) -> int:
        return int(self.version[0])


@contextmanager
def speaking(version: str, behind: str) -> Iterator[tuple[str, Wire]]:
    """A server of this version in front of the one at `behind`; yields its address."""
    wire = Wire(version, behind)
    handler = type("Handler", (_Handler,), {"wire": wire})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", wire
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wire: Wire

    def do_GET(self) -> None:
        path, query = self._asked()
        if not self._allowed(path):
            return
        if path == "/ping":
            self._ping()
        elif path == "/query":
            self._query(query)
        else:
            self._say(404, {"error": "not found"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, query = self._asked()
        if not self._allowed(path):
            return
        if path == "/api/v2/write":
            self._write(query, body)
        elif path == "/api/v2/delete" and self.wire.major == 2:
            self._delete(query, json.loads(body))
        elif path == "/query":
            query |= dict(parse_qsl(body.decode()))
            query |= dict(re.findall(r'name="(\w+)"\r\n\r\n(.*?)\r\n', body.decode(), re.S))
            self._query(query)
        else:
            self._say(404, {"error": "not found"})

    def _delete(self, query: dict[str, str], body: dict[str, str]) -> None:
        measurement = body["predicate"].removeprefix("_measurement=").strip('"')
        drop = f'DROP MEASUREMENT "{measurement}"'
        self._behind({"db": query["bucket"].partition("/")[0], "q": drop})
        self._say(204, None)

    def do_DELETE(self) -> None:
        path, query = self._asked()
        if not self._allowed(path):
            return
        if self.wire.major != 3 or path != "/api/v3/configure/table":
            self._say(404, {"error": "not found"})
            return
        status, said = self._behind({"db": query["db"], "q": f"DROP MEASUREMENT {query['table']}"})
        gone = "not found" in json.dumps(said)
        self._say(404 if gone else status, {"error": "not found"} if gone else None)

    def _asked(self) -> tuple[str, dict[str, str]]:
        asked = urlsplit(self.path)
        self.wire.asked.append(f"{self.command} {asked.path}")
        return asked.path, dict(parse_qsl(asked.query))

    def _allowed(self, path: str) -> bool:
        said = self.headers.get("Authorization", "")
        self.wire.authorizations.append(said)
        open_to_all = self.wire.major == 1 or (self.wire.major == 2 and path == "/ping")
        if open_to_all or said in (f"Token {TOKEN}", f"Bearer {TOKEN}"):
            return True
        self._say(401, {"code": "unauthorized", "message": "unauthorized access"})
        return False

    def _ping(self) -> None:
        said = {"version": self.wire.version, "revision": "x"} if self.wire.major == 3 else None
        self._say(200 if said else 204, said, version=True)

    def _write(self, query: dict[str, str], body: bytes) -> None:
        if self.wire.major == 2 and not query.get("org"):
            self._say(400, {"code": "invalid", "message": "Please provide either orgID or org"})
            return
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.wire.writes += 1
        if self.wire.refuses is not None:
            self._say(*self.wire.refuses)
            return
        oldest_ms = self.wire.oldest_ms
        points = body.splitlines()
        kept = [p for p in points if oldest_ms is None or int(p.rsplit(b" ", 1)[1]) >= oldest_ms]
        dropped = len(points) - len(kept)
        body = b"\n".join(kept)
        if not body:
            self._beyond_retention(dropped)
            return
        request = urllib.request.Request(  # noqa: S310 (loopback)
            f"{self.wire.behind}/api/v2/write?"
            + urlencode({"bucket": query["bucket"], "precision": query["precision"]}),
            data=body,
        )
        try:
            urllib.request.urlopen(request).close()  # noqa: S310 (loopback)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            self._say(*{
                1: (400, {"error": text}),
                2: (422, {"code": "unprocessable entity", "message": text}),
                3: (400, {
                    "error": "partial write of line protocol occurred",
                    "data": [{"error_message": text, "line_number": 1, "original_line": "coldw"}],
                }),
            }[self.wire.major])  # fmt: skip
            return
        if self.wire.disk_full:
            self._say(500, {"error": "write wal: no space left on device"})
            return
        if dropped:
            self._beyond_retention(dropped)
            return
        self.wire.acknowledged += points
        self._say(204, None)

    def _beyond_retention(self, dropped: int) -> None:
        """In the words of 1.8 and 1.12, and of 2.7."""
        if self.wire.major == 1:
            text = f"partial write: points beyond retention policy dropped={dropped}"
            self._say(400, {"error": text})
            return
        text = (
            f"failure writing points to database: partial write: dropped {dropped} points outside"
            " retention policy of duration 24h0m0s"
        )
        self._say(422, {"code": "unprocessable entity", "message": text})

    def _query(self, query: dict[str, str]) -> None:
        if self.wire.major == 3 and not query["q"].startswith(("SELECT", "SHOW")):
            self._say(400, {"error": "unsupported statement"})
            return
        if self.wire.reads_elsewhere and query["q"].startswith("SELECT"):
            self._say(200, {"results": [{"statement_id": 0}]})
            return
        if self.wire.no_admin and query["q"].startswith("DROP"):
            text = f"error authorizing query: cw not authorized to execute statement '{query['q']}'"
            self._say(403, {"error": f"{text}, requires admin privilege"})
            return
        as_csv = self.headers["Accept"] == "application/csv"
        status, said = self._behind(
            {key: query[key] for key in ("db", "rp", "q") if query.get(key)}
            | {"epoch": "ns" if as_csv else query.get("epoch", "ns")}
        )
        if self.wire.major == 2 and query["q"].startswith("DROP") and status == 200:
            said = {}
        if not as_csv or status != 200:
            self._say(status, said)
            return
        series = said["results"][0].get("series", [])
        self._csv(series, int(query["chunk_size"]))

    def _behind(self, query: dict[str, str]) -> tuple[int, Any]:
        data = urlencode(query).encode()
        try:
            with urllib.request.urlopen(f"{self.wire.behind}/query", data=data) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def _csv(self, series: list[dict[str, Any]], chunk_size: int) -> None:
        rows = [(one["name"], row) for one in series for row in one["values"]]
        columns = ["name", "tags", *(series[0]["columns"] if series else [])]
        breaks = self.wire.break_after is not None and self.wire.break_after < len(rows)
        if breaks:
            rows = rows[: self.wire.break_after]
        self.send_response(200)
        self.send_header("Content-Type", "application/csv")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        # Chunks are small here, so that a short test has many.
        chunk_size = min(chunk_size, 7)
        parts = [rows[at : at + chunk_size] for at in range(0, len(rows), chunk_size)]
        first = True
        for part in parts or ([[]] if self.wire.version.startswith("3.0") else []):
            heading = first or self.wire.version.startswith("3.0")
            self._chunk(self._lines(columns if heading else None, part))
            first = False
        if breaks and self.wire.version.startswith("3.0"):
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")

    def _lines(self, heading: list[str] | None, rows: list[tuple[str, list[Any]]]) -> bytes:
        absent = "null" if self.wire.version.startswith("3.0") else ""
        said = [",".join(heading)] if heading else []
        for name, row in rows:
            cells = [absent if cell is None else _cell(cell) for cell in row]
            said.append(",".join([name, "", *cells]))
        end = "\r\n" if self.wire.version.startswith("3.0") else ""
        return ("\n".join(said) + "\n" + end).encode()

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")

    def _say(self, status: int, said: Any, *, version: bool = False) -> None:
        content = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        if version:
            prefix = "v" if self.wire.major == 2 else ""
            self.send_header("X-Influxdb-Version", prefix + self.wire.version)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
