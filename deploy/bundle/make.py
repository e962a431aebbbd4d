"""Make the offline bundle: all that a machine without network needs to install this version.

    .venv/bin/python deploy/bundle/make.py FOLDER [--wheels FOLDER]

Run it where there is an index, on the same system, processor and Python as the machine it is for.
What is downloaded has to have a hash of requirements.lock. --wheels : take the wheels from here
instead, from whoever looked at them; which of them are not those of the lock is said.

In FOLDER afterwards: `install`, `wheels/`, `requirements.txt` (each wheel's version and hash),
`deploy/`, `SHA256SUMS`. `install` refuses a file that differs from its line there.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-bootstrap.lock")
"""The second has uv alone, which installs the others."""
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def locked() -> dict[str, tuple[str, frozenset[str]]]:
    """Of each package that this system needs: version and the hashes it may have."""
    found = {}
    for lock in LOCKS:
        text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            if not line.strip():
                continue
            needed = Requirement(line.partition(" --hash")[0])
            if needed.marker is None or needed.marker.evaluate():
                (version,) = needed.specifier
                hashes = frozenset(_HASH.findall(line))
                found[canonicalize_name(needed.name)] = (version.version, hashes)
    return found


def download(wheels: Path) -> None:
    """By pip, which holds each against its hashes in the lock."""
    for lock in LOCKS:
        what = ["--requirement", str(ROOT / lock), "--dest", str(wheels)]
        how = ["--quiet", "--require-hashes", "--only-binary", ":all:"]
        subprocess.run([sys.executable, "-m", "pip", "download", *how, *what], check=True)


def take(wheels: Path, source: Path) -> None:
    for path in sorted(source.glob("*.whl")):
        try:
            os.link(path, wheels / path.name)
        except OSError:
            shutil.copyfile(path, wheels / path.name)


def build_own(wheels: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def requirements(wheels: Path) -> Iterator[str]:
    """A line for each wheel. Raises SystemExit where they are not exactly those of the lock."""
    wanted = locked()
    met = set()
    for path in sorted(wheels.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(path.name)
        digest = sha256(path)
        if name != "coldwitness":
            right, hashes = wanted.get(name, ("none", frozenset()))
            if str(version) != right:
                raise SystemExit(f"{path.name}: expected {name} {right}, as the lock says")
            if digest not in hashes:
                print(f"{path.name}: not the file of the lock", file=sys.stderr)
        met.add(name)
        yield f"{name}=={version} --hash=sha256:{digest}"
    missing = sorted(wanted.keys() - met)
    if missing:
        raise SystemExit(f"wheels: missing {', '.join(missing)}")


def sums(folder: Path) -> Mapping[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def make(folder: Path, wheels_from: Path | None) -> None:
    """Into a folder that is new or empty."""
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder}: expected a new or empty folder")
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    if wheels_from is None:
        download(wheels)
    else:
        take(wheels, wheels_from)
    build_own(wheels)
    lines = list(requirements(wheels))
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("bundle"))
    shutil.copy(ROOT / "deploy" / "bundle" / "install", folder / "install")
    for name in ("LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder / name)
    written = sums(folder)
    (folder / "SHA256SUMS").write_text(
        "".join(f"{digest}  {name}\n" for name, digest in written.items())
    )
    print(f"{folder}: {len(lines)} wheels, {len(written)} files")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the offline bundle.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wheels", type=Path, default=None)
    arguments = parser.parse_args()
    make(arguments.folder, arguments.wheels)
