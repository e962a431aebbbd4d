"""Writes docs/contract/openapi.json: `python -m coldwitness.api.openapi_file`."""

import json
import sys
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI

from coldwitness.api.app import create_app
from coldwitness.api.http.services import Services
from coldwitness.api.metrics import Metrics
from coldwitness.config.settings import Settings

OPENAPI_FILE = Path(__file__).resolve().parents[1] / "docs" / "contract" / "openapi.json"


def openapi_text(app: FastAPI) -> str:
    """The document as it is committed: indented, Chinese readable, one newline at its end."""
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


class _NoParts:
    """Stands for the parts of a server, of which describing the routes needs but three."""

    settings = Settings()
    metrics = Metrics()
    base_url = "http://127.0.0.1:8000"


def main() -> int:
    """Write the document of this version."""
    app = create_app(cast(Services, cast(Any, _NoParts())))
    OPENAPI_FILE.write_text(openapi_text(app), encoding="utf-8")
    print(OPENAPI_FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
