"""A small case system: a program of its own, with its own SQLite, that takes clues and works on
them.

It shares no code with the sender. What comes by webhook is verified, written to its disk, and only
then answered; every entry has its effect once, in the order of each clue. A clerk of no patience
then does what an office does, and tells it back: it checks what is new, files what is certain, asks
for an extension where a time limit comes to its end, and rejects what was withdrawn. What it has to
tell waits on its disk until it is told, so it may be killed at any time, and so may the sender.

    python -m coldwitness.simulators.case_system --database cases.sqlite --secret-file FILE --port 0
        [--key-file FILE]

The first line on stdout is the address for the webhook; `/cases` beside it lists what it has. It
ends when its standard input closes; with `--stay` it runs until it is stopped.
"""

import argparse
import json
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from coldwitness.simulators.case_system_receiver import BODY_BYTES_MAX, Refused, key_of, verify

Body = dict[str, Any]

TELL_EVERY_S = 0.2
TIMEOUT_S = 10.0
_TABLES = """
CREATE TABLE IF NOT EXISTS taken (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS effects (
    clue TEXT, version INTEGER, kind TEXT, reason TEXT, PRIMARY KEY (clue, version)
);
CREATE TABLE IF NOT EXISTS cases (
    clue TEXT PRIMARY KEY, shipment TEXT, version INTEGER, standing TEXT, status TEXT,
    address TEXT, content TEXT, due_on TEXT
);
CREATE TABLE IF NOT EXISTS tells (
    number INTEGER PRIMARY KEY, clue TEXT, body TEXT, told INTEGER DEFAULT 0, answer INTEGER,
    UNIQUE (clue, body)
);
"""


class CaseBook:
    """What the case system has on its disk. One writer at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()
        with closing(self._open()) as connection:
            connection.executescript(_TABLES)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30.0)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.row_factory = sqlite3.Row
        return connection

    def take(self, message_id: str, event: Body) -> bool:
        """Have one event's effect, at once with that it was taken; False: it was before."""
        change, clue = event["data"]["change"], event["data"]["clue"]
        with self._writing, closing(self._open()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            taken = connection.execute("INSERT OR IGNORE INTO taken VALUES (?)", (message_id,))
            if not taken.rowcount:
                connection.execute("COMMIT")
                return False
            effect = (clue["id"], change["version"], change["kind"], change["reason"])
            connection.execute("INSERT INTO effects VALUES (?, ?, ?, ?)", effect)
            running = [one["due_on"] for one in clue["deadlines"] if one["done_on"] is None]
            connection.execute(
                "INSERT OR REPLACE INTO cases VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    clue["id"],
                    clue["shipment"],
                    change["version"],
                    clue["standing"],
                    clue["status"],
                    clue["links"]["self"],
                    clue["summary"]["zh"],
                    min(running, default=None),
                ),
            )
            for body in clerk(change, clue):
                connection.execute(
                    "INSERT OR IGNORE INTO tells (clue, body) VALUES (?, ?)",
                    (clue["id"], json.dumps(body, ensure_ascii=False)),
                )
            connection.execute("COMMIT")
        return True

    def to_tell(self) -> list[sqlite3.Row]:
        """What is to be told back, oldest first, each with the clue's newest address."""
        with closing(self._open()) as connection:
            return connection.execute(
                "SELECT number, tells.clue, body, address FROM tells JOIN cases"
                " ON cases.clue = tells.clue WHERE told = 0 ORDER BY number"
            ).fetchall()

    def told(self, number: int, answer: int) -> None:
        with self._writing, closing(self._open()) as connection:
            connection.execute(
                "UPDATE tells SET told = 1, answer = ? WHERE number = ?", (answer, number)
            )

    def shown(self) -> dict[str, list[Body]]:
        """Every case, effect and answer."""
        with closing(self._open()) as connection:
            return {
                table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608
                for table in ("cases", "effects", "tells")
            }


def clerk(change: Body, clue: Body) -> list[Body]:
    """What the office does on an entry, as bodies of PATCH."""
    done = clue["status"] in ("rejected", "transferred", "closed")
    if change["kind"] == "withdrawn" and not done:
        return [{"status": "rejected", "note": f"线索已撤回：{change['reason']}"[:2000]}]
    if change["kind"] == "due" and not done:
        return [{"extended": True, "reason": f"尚需取证（线索第 {clue['version']} 版）"}]
    if change["kind"] != "opened":
        return []
    first: list[Body] = [{"status": "checking"}]
    if clue["certainty"] == "certain":
        first.append({"status": "filed", "note": "立案", "verify_result": "属实，待进一步取证"})
    return first


class CaseSystem(ThreadingHTTPServer):
    """Listens on loopback."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, *, key: bytes, book: CaseBook, api_key: str | None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.key = key
        self.book = book
        self._api_key = api_key
        self._ending = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/clues"

    def tell_for_ever(self) -> None:
        """Tell what waits, again and again until it is taken or refused for good."""
        while not self._ending.wait(TELL_EVERY_S):
            waiting: set[str] = set()
            for row in self.book.to_tell():
                if row["clue"] not in waiting:
                    answer = self._tell(row["address"], row["body"])
                    if answer is None:
                        waiting.add(row["clue"])  # what comes after it waits too
                    else:
                        self.book.told(row["number"], answer)

    def end(self) -> None:
        self._ending.set()

    def _tell(self, address: str, body: str) -> int | None:
        """The answer, None where it has to be told again."""
        headers = {"Content-Type": "application/json"}
        if self._api_key is not None:
            headers["Authorization"] = f"Bearer {self._api_key}"
        request = urllib.request.Request(  # noqa: S310 - an address that a signed event gave
            address, data=body.encode(), headers=headers, method="PATCH"
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code if error.code in (404, 409, 422) else None
        except OSError:
            return None


class _Handler(BaseHTTPRequestHandler):
    server: CaseSystem
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self._answer(413)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(self._taken(body, headers))

    def do_GET(self) -> None:
        if self.path != "/cases":
            self._answer(404)
            return
        self._answer(200, json.dumps(self.server.book.shown(), ensure_ascii=False).encode())

    def _taken(self, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            name = verify(body, headers, key=self.server.key, now_s=time.time())
            event = json.loads(body)
            if event["type"].startswith("coldwitness.clue."):
                self.server.book.take(name, event)
        except Refused:
            return 401
        except (ValueError, KeyError, TypeError):
            return 400
        except sqlite3.Error:
            return 503
        return 204

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


def main() -> int:
    """Run until standard input closes (or, with --stay, until stopped)."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--database", type=Path, required=True, help="its own SQLite file")
    parser.add_argument("--secret-file", type=Path, required=True, help="file with whsec_…")
    parser.add_argument("--key-file", type=Path, help="file with its API key cw_…")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--stay", action="store_true", help="do not end with standard input")
    arguments = parser.parse_args()
    try:
        key = key_of(arguments.secret_file.read_text(encoding="utf-8"))
        named = arguments.key_file
        api_key = None if named is None else named.read_text(encoding="utf-8").strip()
        book = CaseBook(arguments.database)
        system = CaseSystem(arguments.port, key=key, book=book, api_key=api_key)
    except (OSError, ValueError, sqlite3.Error) as error:
        print(f"case_system: {error}", file=sys.stderr)
        return 2
    print(system.address, flush=True)
    serving = threading.Thread(target=system.serve_forever, daemon=True)
    serving.start()
    telling = threading.Thread(target=system.tell_for_ever, daemon=True)
    telling.start()
    try:
        if arguments.stay:
            serving.join()
        else:
            sys.stdin.read()
    except KeyboardInterrupt:
        return 0
    finally:
        system.end()
    system.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
