"""The bytes of attachments: files beside the segments, each named by its SHA-256, which a row says.

They are no rows: a photograph of ten megabytes in the chain would be read with every row around it.
The digest in the row binds them as fast, and they can be taken away by themselves.
"""

from hashlib import sha256
from pathlib import Path

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.journal.durable import write_text

FOLDER = "attached"


def keep_attached(directory: Path, body: bytes) -> str:
    """Keep bytes durably; returns their SHA-256 (hex). The same again changes nothing. Raises
    Unavailable."""
    digest = sha256(body).hexdigest()
    path = _place(directory, digest)
    if attached_bytes(directory, digest) is not None:
        return digest
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"journal {path}: {error.strerror}") from error
    write_text(path, body)
    return digest


def attached_bytes(directory: Path, digest: str) -> bytes | None:
    """The bytes of this SHA-256 (hex); None where they are gone or are others."""
    try:
        body = _place(directory, digest).read_bytes()
    except OSError:
        return None
    return body if sha256(body).hexdigest() == digest else None


def _place(directory: Path, digest: str) -> Path:
    return directory / FOLDER / digest[:2] / digest
