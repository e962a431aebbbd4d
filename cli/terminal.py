"""What is printed for people: signs that command a terminal are named and not obeyed.

Names in files and messages are anybody's; an escape sequence in one could rewrite what stands on
the screen, or the log. What goes into a pipe or a file is data and stays as it is.
"""

import sys
from io import TextIOWrapper

from coldwitness.domain.visible import visible


class Shown(TextIOWrapper):
    """A text stream whose every write is made visible."""

    def __init__(self, stream: TextIOWrapper) -> None:
        super().__init__(
            stream.buffer,
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=True,
            write_through=True,
        )

    def write(self, text: str) -> int:
        super().write(visible(text))
        return len(text)


def show_and_never_obey() -> None:
    """From now on for standard error, which people read wherever it goes, and for standard output
    where it is a terminal. Who draws with escape sequences of his own writes to `sys.__stdout__`
    and `sys.__stderr__`."""
    if isinstance(sys.stderr, TextIOWrapper):
        sys.stderr = Shown(sys.stderr)
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.isatty():
        sys.stdout = Shown(sys.stdout)
