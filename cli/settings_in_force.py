"""The settings a command works by: those of `--config`, else of the environment."""

import typer

from coldwitness.config.settings import Settings, load_settings


def settings_of(context: typer.Context) -> Settings:
    """Raises ConfigError with file, key and what was expected."""
    return load_settings(context.find_root().params["config"])


def config_arguments(context: typer.Context) -> list[str]:
    """What has a child process work by the same settings file."""
    given = context.find_root().params["config"]
    return [] if given is None else ["--config", str(given)]
