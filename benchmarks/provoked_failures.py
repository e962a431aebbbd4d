"""A thousand provoked failures of commands, with secrets in their settings: does any show one?

    python -m benchmarks.provoked_failures [--count 1000] [--seed 1]

Addresses with credentials, tokens in paths and queries, settings broken at the very place of the
secret (file and environment), files of secrets that are none, and servers that answer with what
they were sent (tests/cli/provoked.py). Each command runs in a fork; what it writes to standard
output and error, logs among them, is searched for the secret, plain, quoted as in addresses, and in
base64. A traceback counts as a failure of its own. Prints a line a kind.
"""

import argparse
import base64
import os
import sys
import tempfile
import traceback
from collections import Counter
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

SHOWN = 5


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
    # One folder: its register is made once.
    with refusing_server() as port, tempfile.TemporaryDirectory() as name:
        for case in provoked(arguments.count, seed=arguments.seed, refusing=port):
            code, said = said_by(case, Path(name))
            tried[case.name] += 1
            told, broke = shows(case.secret, said), "Traceback" in said
            shown[case.name] += told
            broken[case.name] += broke
            if (told and shown.total() <= SHOWN) or (broke and broken.total() <= SHOWN):
                print(f"    {code} {case.arguments} {dict(case.environment)}\n    {said[-600:]}")
    for kind, count in tried.items():
        print(f"{kind:22}{count:5} tried, {shown[kind]} showed it, {broken[kind]} tracebacks")
    print(f"{shown.total()} of {tried.total()} showed a secret")
    return 1 if shown.total() or broken.total() else 0


if __name__ == "__main__":
    sys.exit(run())
