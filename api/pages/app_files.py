"""What browsers take once and keep: style sheets, scripts and marks, the app's manifest and worker.

Nothing of it is about any shipment, so it is answered to everybody.
"""

import hashlib
from functools import cache
from pathlib import Path

import msgspec
from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from coldwitness.api.http.language import language_of
from coldwitness.api.pages.words import word

router = APIRouter()

STATIC = Path(__file__).parent / "static"
_YEAR = "public, max-age=31536000, immutable"
_INK, _GROUND = "#0f4c4c", "#f4f6f4"


@cache
def asset(name: str) -> str:
    """Where a file of the pages is; its address changes with its bytes, so that it may be kept."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


class _Kept(StaticFiles):
    """Files whose address names their bytes may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if answer.status_code == 200 and scope["query_string"].startswith(b"v="):
            answer.headers["Cache-Control"] = _YEAR
        return answer


def mount_static(app: FastAPI) -> None:
    """Serve the pages' own files; nothing comes from elsewhere."""
    files = GZipMiddleware(_Kept(directory=STATIC), minimum_size=500)  # no secret stands in them
    app.mount("/static", files, name="static")


@router.get("/app.webmanifest")
def app_manifest(request: Request) -> Response:
    """By which a phone installs the pages as an app."""
    lang = language_of(request)
    body = {
        "id": "/",
        "name": f"{word('brand', lang)} · {word('tagline', lang)}",
        "short_name": word("brand", lang),
        "lang": "zh-CN" if lang == "zh" else "en",
        "start_url": f"/?lang={lang}",
        "scope": "/",
        "display": "standalone",
        "theme_color": _INK,
        "background_color": _GROUND,
        "icons": [
            {"src": asset(f"mark-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
            for size in (192, 512)
        ],
    }
    return Response(msgspec.json.encode(body), media_type="application/manifest+json")


@router.get("/app-worker.js")
def app_worker() -> Response:
    """At the root, because its scope is the whole server; a browser asks for it anew."""
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(STATIC / "app-worker.js", media_type="text/javascript", headers=headers)
