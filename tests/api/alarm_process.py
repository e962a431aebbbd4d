"""The telling of alarms as a process of its own, for tests that run two."""

import sys
import threading
from pathlib import Path

from coldwitness.api.alarms.teller import AlarmTeller
from coldwitness.api.live.board import Board
from coldwitness.config.settings import AlarmSettings, Settings
from coldwitness.storage.register import open_register


def tell(register: Path, alarms: str, now_ms: int) -> None:
    """Run until killed, by a clock that stands. alarms : the settings of that name, as JSON."""

    def clock() -> int:
        return now_ms

    settings = Settings(alarms=AlarmSettings.model_validate_json(alarms))
    teller = AlarmTeller(
        open_register(f"sqlite:///{register}"),
        Board(clock),
        settings,
        clock,
        base_url="http://127.0.0.1",
    )
    print("tells", flush=True)
    teller.start()
    threading.Event().wait()


if __name__ == "__main__":
    tell(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
