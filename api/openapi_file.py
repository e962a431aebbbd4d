"""Writes docs/contract/openapi.json: `python -m coldwitness.api.openapi_file`."""

import json
import sys
from pathlib import Path

from coldwitness.api.app import openapi_document

OPENAPI_FILE = Path(__file__).resolve().parents[1] / "docs" / "contract" / "openapi.json"


def openapi_text() -> str:
    """The document as it is committed: indented, Chinese readable, one newline at its end."""
    return json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the document of this version."""
    OPENAPI_FILE.write_text(openapi_text(), encoding="utf-8")
    print(OPENAPI_FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
