"""An answer that is a file to be saved, and kept by nobody on the way."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.responses import Response


def file_answer(content: bytes, *, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers=saved_as(name))


def saved_as(name: str) -> Mapping[str, str]:
    """Headers of it. A name in other letters than ASCII goes as RFC 8187 has it."""
    named = f'filename="{name}"' if name.isascii() else f"filename*=UTF-8''{quote(name)}"
    return {"Cache-Control": "no-store", "Content-Disposition": f"attachment; {named}"}
