"""Wheels of what is installed here, so that a bundle can be made where there is no index."""

import csv
import io
import zipfile
from importlib import metadata
from pathlib import Path


def wheel_of(name: str, folder: Path) -> Path:
    """The installed package as a wheel again: its files as its RECORD names them, scripts where a
    wheel has them, and no record of how it came here."""
    found = metadata.distribution(name)
    files = found.files or []
    (info,) = {
        str(path).split("/")[0] for path in files if str(path).endswith(".dist-info/METADATA")
    }
    base = info.removesuffix(".dist-info")
    made_here = {point.name for point in found.entry_points}
    tags = [
        line.split(": ")[1]
        for line in (found.read_text("WHEEL") or "").splitlines()
        if line.startswith("Tag: ")
    ]
    parts = [sorted({tag.split("-")[place] for tag in tags}) for place in range(3)]
    wheel = folder / f"{base}-{'-'.join('.'.join(part) for part in parts)}.whl"
    record: list[str] = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as packed:
        for path in files:
            inside = str(path)
            if inside.endswith((".pyc", "/RECORD", "/INSTALLER", "/REQUESTED", "/direct_url.json")):
                continue
            if inside.startswith("../"):
                head, _, last = inside.rpartition("/")
                if head.endswith("/bin"):
                    if last in made_here:
                        continue
                    inside = f"{base}.data/scripts/{last}"
                else:
                    inside = f"{base}.data/data/{inside.lstrip('./')}"
            packed.write(str(path.locate()), inside)
            record.append(inside)
        lines = io.StringIO()
        csv.writer(lines).writerows([name, "", ""] for name in [*record, f"{info}/RECORD"])
        packed.writestr(f"{info}/RECORD", lines.getvalue())
    return wheel
