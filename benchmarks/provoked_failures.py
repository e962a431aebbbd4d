"""A thousand provoked failures, with secrets in settings and requests: does any show one?

    python -m benchmarks.provoked_failures [--count 1000] [--seed 1]

Addresses with credentials, tokens in paths and queries, settings broken at the very place of the
secret (file and environment), files of secrets that are none, and servers that answer with what
they were sent (tests/cli/provoked.py). Each command runs in a fork; what it writes to standard
output and error, logs among them, is searched for the secret, plain, quoted as in addresses, and in
base64. Two fifths are a server's: wrong keys and passwords, webhooks that are refused or whose
receiver sends back what it was sent, broken requests, brokers, files that are none
(tests/cli/provoked_served.py); its answers and its log are searched. A traceback counts as a
failure of its own. Prints a line a kind.
"""

import argparse
import base64
import json
import os
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote

from coldwitness.cli.main import COMMANDS, main
from tests.cli.provoked import (
    Provoked,
    arguments_of,
    environment_of,
    provoked,
    refusing_server,
    written_files,
)
from tests.cli.provoked_served import served

SHOWN = 5
SERVED = 0.4
"""Share of the failures that are a server's."""


def said_by(case: Provoked, folder: Path) -> tuple[int, str]:
    """Exit code, and all that was written."""
    written_files(case, folder)
    place = folder / "said"
    process = os.fork()
    if process == 0:
        _command(case, folder, place)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), place.read_text(errors="replace")


def _command(case: Provoked, folder: Path, place: Path) -> None:
    out = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(environment_of(case, folder))
    code = 99
    try:
        code = main(arguments_of(case, folder))
    except BaseException:  # what a user would see
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def served_by_server(count: int, seed: int, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Kind, secret, and all that answers and logs said, of a server in a process of its own."""
    told, log = folder / "told", folder / "log"
    process = os.fork()
    if process == 0:
        _serve(count, seed, folder, told, log)
    _, status = os.waitpid(process, 0)
    lines = [json.loads(line) for line in told.read_text().splitlines()]
    if os.waitstatus_to_exitcode(status) or len(lines) != count:
        raise SystemExit(f"the server ended early: {log.read_text(errors='replace')[-2000:]}")
    yield from ((name, secret, said) for name, secret, said in lines)


def _serve(count: int, seed: int, folder: Path, told: Path, log: Path) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    code, read = 99, 0
    try:
        with refusing_server() as port, told.open("w") as lines:
            for one in served(count, seed=seed, folder=folder, refusing=port):
                sys.stdout.flush()
                sys.stderr.flush()
                logged = log.read_bytes()[read:]
                read += len(logged)
                said = one.said + logged.decode(errors="replace")
                lines.write(json.dumps([one.name, one.secret, said]) + "\n")
        code = 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def shows(secret: str, said: str) -> bool:
    """Plain, quoted, or anywhere in what base64 hides."""
    if secret in said or secret in unquote(said):
        return True
    inner = secret[2:-2].encode()
    hidden = (base64.b64encode(b"x" * shift + inner).decode()[4:-4] for shift in range(3))
    return any(one in said for one in hidden)


def run() -> int:
    """1 if a secret was shown or a command ended in a traceback."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for name in {entry.place.partition(":")[0] for entry in COMMANDS.values()}:
        import_module(f"coldwitness.cli.{name}")
    tried: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    commands = arguments.count - round(arguments.count * SERVED)

    def note(kind: str, secret: str, said: str, what: str) -> None:
        tried[kind] += 1
        has_told, broke = shows(secret, said), "Traceback" in said
        shown[kind] += has_told
        broken[kind] += broke
        if (has_told and shown.total() <= SHOWN) or (broke and broken.total() <= SHOWN):
            print(f"    {kind} {what}\n    {said[-600:]}")

    # One folder: its register is made once.
    with refusing_server() as port, tempfile.TemporaryDirectory() as name:
        for case in provoked(commands, seed=arguments.seed, refusing=port):
            code, said = said_by(case, Path(name))
            note(case.name, case.secret, said, f"{code} {case.arguments} {dict(case.environment)}")
    with tempfile.TemporaryDirectory() as name:
        of_server = served_by_server(arguments.count - commands, arguments.seed, Path(name))
        for kind, secret, said in of_server:
            note(kind, secret, said, secret)
    for kind, count in tried.items():
        print(f"{kind:22}{count:5} tried, {shown[kind]} showed it, {broken[kind]} tracebacks")
    print(f"{shown.total()} of {tried.total()} showed a secret")
    return 1 if shown.total() or broken.total() else 0


if __name__ == "__main__":
    sys.exit(run())
