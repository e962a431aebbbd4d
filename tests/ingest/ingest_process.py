"""The receiving side as a process of its own, for tests that kill it."""

import logging
import sys
import threading
from pathlib import Path

from config.settings import JournalSettings, MqttSettings, Settings
from ingest.service import Receiving


def main(port: int, directory: Path, worker: str, group: str) -> None:
    logging.basicConfig(level=logging.INFO)
    receiving = Receiving(
        Settings(
            mqtt=MqttSettings(port=port, shared_group=group or None),
            journal=JournalSettings(directory=directory, worker=worker),
        )
    )
    receiving.start()
    threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
