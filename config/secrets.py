"""A secret of the settings: written there, or in a file that they name."""

import errno
from pathlib import Path

from pydantic import SecretStr


def secret_of(value: SecretStr | None, file: Path | None) -> str | None:
    """None where neither is set. Raises OSError where the file cannot be read."""
    if value is not None:
        return value.get_secret_value()
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "expected text in UTF-8", str(file)) from None
