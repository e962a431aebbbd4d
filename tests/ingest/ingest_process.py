"""The receiving side as a process of its own, for tests that kill it."""

import threading
from pathlib import Path

from coldwitness.config.settings import JournalSettings, MqttSettings, Settings
from coldwitness.ingest.sides import ReceivingSide


def receive(port: int, directory: Path, worker: str, group: str) -> None:
    """Run until killed."""
    receiving = ReceivingSide(
        Settings(
            mqtt=MqttSettings(port=port, shared_group=group or None),
            journal=JournalSettings(directory=directory, worker=worker),
        )
    )
    receiving.start()
    threading.Event().wait()
