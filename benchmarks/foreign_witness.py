"""Does a witness program of others sign our heads, and refuse a history that was made anew?

    go install filippo.io/torchwood/cmd/litewitness@v0.6.1
    python -m benchmarks.foreign_witness --program ~/go/bin/litewitness [--heads 20]

litewitness speaks C2SP tlog-witness, keeps its key in an ssh-agent and its logs in SQLite. Prints a
line for each thing tried; exit 1 if one did not go as it has to.
"""

import argparse
import base64
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from coldwitness.config.settings import WitnessSettings
from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal import Journal, Message, Signer, layout
from coldwitness.storage.journal.checkpoint import read_checkpoint
from coldwitness.storage.journal.head_log import origin_of
from coldwitness.storage.journal.outside import cosigned_checkpoints
from coldwitness.storage.journal.signed_note import COSIGNATURE, ED25519, NoteKey
from coldwitness.storage.witness.asking import RolledBack, Witness

NAME = "litewitness.example/w1"
PORT = 17_380
NOON_MS = 1_764_417_600_000


@contextmanager
def litewitness(program: str, folder: Path, log: NoteKey) -> Iterator[NoteKey]:
    """It, running, with a new key, following `log`; gives its key."""
    agent, key_file = folder / "agent.sock", folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key_file], check=True)
    running = subprocess.Popen(["ssh-agent", "-D", "-a", agent], stdout=subprocess.DEVNULL)
    try:
        _wait(agent.exists)
        subprocess.run(
            ["ssh-add", "-q", key_file], env={**os.environ, "SSH_AUTH_SOCK": str(agent)}, check=True
        )
        public = load_ssh_public_key(key_file.with_suffix(".pub").read_bytes())
        blob = base64.b64decode(key_file.with_suffix(".pub").read_text().split()[1])
        finger = base64.b64encode(sha256(blob).digest()).decode().rstrip("=")
        database = folder / "litewitness.db"
        command = [program, "-db", str(database), "-key", f"SHA256:{finger}", "-name", NAME]
        command += ["-listen", f"127.0.0.1:{PORT}", "-ssh-agent", str(agent)]
        with (folder / "log").open("wb") as out:
            witness = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            _wait(database.exists)
            time.sleep(1.0)
            with closing(sqlite3.connect(database)) as connection, connection:
                empty = base64.b64encode(sha256(b"").digest()).decode()
                connection.execute(
                    "INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)",
                    (log.name, empty),
                )
                connection.execute(
                    "INSERT INTO key (origin, key) VALUES (?, ?)", (log.name, log.vkey())
                )
            yield NoteKey(NAME, COSIGNATURE, public.public_bytes_raw())  # type: ignore[union-attr]
        finally:
            witness.terminate()
            witness.wait()
    finally:
        running.terminate()
        running.wait()


def _wait(ready: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 10.0
    while not ready():
        if time.monotonic() > end_s:
            raise TimeoutError("litewitness or its ssh-agent did not start")
        time.sleep(0.05)


def run_of(folder: Path, signer: Signer, number: int, *, payload: bytes = b"warm") -> None:
    with Journal(folder, worker="w1", signer=signer, origin="bureau.example") as journal:
        at_ms = NOON_MS + number
        journal.append([Message("coldchain/v1/c/b/readings", payload, at_ms) for _ in range(3)])


def submit(settings: WitnessSettings, home: Path) -> None:
    witness = Witness(settings, home)
    try:
        witness.submit(read_checkpoint(layout.checkpoint(home).read_bytes(), where="checkpoint"))
    finally:
        witness.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--heads", type=int, default=20)
    asked = parser.parse_args()
    signer = Signer(Ed25519PrivateKey.generate())
    with tempfile.TemporaryDirectory(prefix="coldwitness-") as temporary:
        folder = Path(temporary)
        first, anew = folder / "journal", folder / "anew"
        home = layout.worker_folder(first, "w1")
        run_of(first, signer, 0)
        log = NoteKey.of(str(origin_of(home)), ED25519, signer.public)
        with litewitness(asked.program, folder, log) as key:
            settings = WitnessSettings(url=f"http://127.0.0.1:{PORT}", key=key.vkey())
            submit(settings, home)
            for number in range(1, asked.heads):
                run_of(first, signer, number)
                submit(settings, home)
            kept = list(cosigned_checkpoints(home))
            signed = sum(one.note.cosigned_s(key) is not None for one in kept)
            print(f"heads signed by litewitness: {signed} of {asked.heads}")
            for number in range(asked.heads + 1):
                run_of(anew, signer, number, payload=b"cool" if number == 3 else b"warm")
            refused = 0
            try:
                submit(settings, layout.worker_folder(anew, "w1"))
            except RolledBack as error:
                refused = 1
                print(f"history made anew: {error}")
            except (BadInput, Unavailable) as error:
                print(f"history made anew: {error}")
            shutil.rmtree(anew)
    return 0 if signed == asked.heads and refused else 1


if __name__ == "__main__":
    sys.exit(main())
