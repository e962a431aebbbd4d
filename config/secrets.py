"""A secret of the settings: written there, or in a file that they name."""

from pathlib import Path

from pydantic import SecretStr


def secret_of(value: SecretStr | None, file: Path | None) -> str | None:
    """None where neither is set. Raises OSError where the file cannot be read."""
    if value is not None:
        return value.get_secret_value()
    return None if file is None else file.read_text(encoding="utf-8").strip()
