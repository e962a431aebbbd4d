"""A stand-in for a case system: a small program of its own that takes clues by webhook.

It shares no code with the sender. It checks the Standard Webhooks signature from the
specification (HMAC-SHA256 over `id.timestamp.body`, five minutes of tolerance), answers 204 to
what is genuine and 401 to what is not, takes each id once, and prints one line a change.

    python -m coldwitness.simulators.case_system_receiver --port 0 --secret-file FILE

The first line on stdout is its address. It ends when its standard input closes, so it never
outlives whoever started it; with `--stay` it runs until it is stopped.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOLERANCE_S = 300
BODY_BYTES_MAX = 1_000_000


class Refused(Exception):
    """The message is not genuine; the text says why."""


def verify(body: bytes, headers: Mapping[str, str], *, key: bytes, now_s: float) -> str:
    """The message id of a genuine message; raises Refused otherwise.

    headers : by small letters. One matching signature of the list is enough, so a sender may
    sign with an old and a new secret while it changes them.
    """
    try:
        message_id = headers["webhook-id"]
        timestamp = headers["webhook-timestamp"]
        given = headers["webhook-signature"].split(" ")
        age_s = abs(now_s - int(timestamp))
    except (KeyError, ValueError) as error:
        raise Refused(f"signature header missing or broken: {error}") from error
    if age_s > TOLERANCE_S:
        raise Refused(f"timestamp {age_s:.0f} s away from now")
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode("ascii")
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in given):
        raise Refused("no signature matches")
    return message_id


def key_of(secret: str) -> bytes:
    """The key's bytes from `whsec_…`."""
    text = secret.strip().removeprefix("whsec_")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def line_of(event: Mapping[str, Any]) -> str:
    """What a case worker would see of a change of a clue, in one line."""
    change, clue = event["data"]["change"], event["data"]["clue"]
    act = clue["act"] or {"start": None, "end": None}
    requirements = ", ".join(clue["requirements"])
    return (
        f"{event['subject']}  {change['kind']} v{change['version']}"
        f"  {clue['kind']}/{clue['subtype']} ({clue['certainty']})"
        f"  {act['start']} … {act['end']}  [{requirements}]  {clue['report']}"
    )


class Receiver(ThreadingHTTPServer):
    """Listens on loopback; `taken` are the message ids it has accepted."""

    daemon_threads = True

    def __init__(self, port: int, key: bytes) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.key = key
        self.taken: set[str] = set()
        self.printing = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/clues"

    def take(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Answer's status for one message."""
        try:
            message_id = verify(body, headers, key=self.key, now_s=time.time())
            line = line_of(json.loads(body))
        except Refused as error:
            self._say(f"refused: {error}")
            return 401
        except (ValueError, KeyError, TypeError) as error:
            self._say(f"not understood: {type(error).__name__}: {error}")
            return 400
        with self.printing:
            again = message_id in self.taken
            self.taken.add(message_id)
        if not again:
            self._say(line)
        return 204

    def _say(self, line: str) -> None:
        with self.printing:
            print(line, flush=True)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self._answer(413)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(self.server.take(body, headers))

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if status == 413:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are told by what they carried, not by a line each."""
        del format, args


def main() -> int:
    """Run until standard input closes (or, with --stay, until stopped)."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--secret-file", type=Path, required=True, help="file with whsec_…")
    parser.add_argument("--stay", action="store_true", help="do not end with standard input")
    arguments = parser.parse_args()
    try:
        key = key_of(arguments.secret_file.read_text(encoding="utf-8"))
        receiver = Receiver(arguments.port, key)
    except (OSError, ValueError) as error:
        print(f"case_system_receiver: {error}", file=sys.stderr)
        return 2
    print(receiver.address, flush=True)
    serving = threading.Thread(target=receiver.serve_forever, daemon=True)
    serving.start()
    try:
        if arguments.stay:
            serving.join()
        else:
            sys.stdin.read()
    except KeyboardInterrupt:
        return 0
    receiver.shutdown()
    receiver.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
