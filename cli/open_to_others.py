"""Which of the program's own files other users of the machine can read."""

from pathlib import Path

from sqlalchemy import make_url

from coldwitness.config.settings import Settings

FOR_OTHERS = 0o077


def open_to_others(settings: Settings) -> list[Path]:
    """The journal's folder, and the files of register and store, where group or others have any
    right on them and on the folder they lie in."""
    places = [settings.journal.directory, settings.store.embedded_file]
    register = make_url(settings.store.register_url)
    if register.get_backend_name() == "sqlite" and register.database:
        places.append(Path(register.database))
    return [place for place in places if _open(place) and _open(place.absolute().parent)]


def _open(place: Path) -> bool:
    return place.exists() and bool(place.stat().st_mode & FOR_OTHERS)
