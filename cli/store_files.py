"""The files that register and store are, where they are files, and what others can read of them."""

from pathlib import Path

from coldwitness.config.settings import Settings

FOR_OTHERS = 0o077
_SQLITE = "sqlite:///"


def register_file(settings: Settings) -> Path | None:
    """None where it is a server's."""
    url = settings.store.register_url
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def files_of_stores(settings: Settings) -> list[Path]:
    """Whether they are there or not."""
    register, store = register_file(settings), settings.store
    found = [] if register is None else [register]
    return [*found, store.embedded_file] if store.telemetry == "embedded" else found


def folders_written(settings: Settings) -> set[Path]:
    """Where journal, register and store lie on this machine's disks."""
    return {settings.journal.directory, *(file.parent for file in files_of_stores(settings))}


def open_to_others(settings: Settings) -> list[Path]:
    """The journal's folder, and the files of register and store, where group or others have any
    right on them and on the folder they lie in."""
    places = [settings.journal.directory, *files_of_stores(settings)]
    return [place for place in places if _open(place) and _open(place.absolute().parent)]


def _open(place: Path) -> bool:
    return place.exists() and bool(place.stat().st_mode & FOR_OTHERS)
