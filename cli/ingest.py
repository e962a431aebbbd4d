"""`coldwitness ingest`: one ingest worker alone.

ReceivingSide (broker → journal → acknowledgement) and storing (journal → stores) run as two
processes that share only the journal, so both processors are used and neither can stop the
other.
"""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from coldwitness.cli.drug_names import drug_names_kept
from coldwitness.cli.future_tolerance import future_tolerance_s
from coldwitness.cli.logs import log_to_stderr
from coldwitness.cli.metrics_door import metrics_door
from coldwitness.cli.settings_in_force import config_arguments, settings_of
from coldwitness.cli.waiting import ending
from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.errors import BadInput
from coldwitness.ingest.metrics import (
    JournalMetrics,
    PartMetrics,
    ReceivingMetrics,
    new_registry,
)
from coldwitness.ingest.sides import ReceivingSide, StoringSide
from coldwitness.storage.journal import JournalReader
from coldwitness.storage.opening import stores


def ingest(
    context: typer.Context,
    worker: Annotated[
        str | None, typer.Option("--worker", help="this worker's name; else journal.worker")
    ] = None,
    receive_only: Annotated[
        bool, typer.Option("--receive-only", help="broker to journal, nothing else")
    ] = False,
    store_only: Annotated[
        bool, typer.Option("--store-only", help="journal to stores, nothing else")
    ] = False,
    until_stored: Annotated[
        bool,
        typer.Option("--until-stored", help="with --store-only: end when all is stored"),
    ] = False,
    with_stdin: Annotated[bool, typer.Option("--with-stdin", hidden=True)] = False,
) -> None:
    """Run one ingest worker until Ctrl-C: messages are journalled, acknowledged, stored."""
    if receive_only and store_only:
        raise BadInput("--receive-only and --store-only exclude each other")
    log_to_stderr()
    settings = settings_of(context)
    log_to_stderr(settings.log)
    if worker is not None:
        settings = with_worker(settings, worker)
    with ending(threading.Event()) as stop:
        if with_stdin:
            threading.Thread(target=_end_with_stdin, args=(stop,), daemon=True).start()
        if store_only:
            _store(settings, stop, until_stored=until_stored)
        else:
            storing = None if receive_only else _storing_command(context, settings.journal.worker)
            _receive(settings, stop, storing=storing)


def with_worker(settings: Settings, worker: str) -> Settings:
    """Settings with another worker name, checked as if it stood in the file."""
    fields = settings.journal.model_dump() | {"worker": worker}
    try:
        journal = JournalSettings(**fields)
    except ValidationError as error:
        raise BadInput(f"--worker {worker!r}: expected 1 to 16 small letters and digits") from error
    return settings.model_copy(update={"journal": journal})


def _storing_command(context: typer.Context, worker: str) -> list[str]:
    settings = config_arguments(context)
    command = [sys.executable, "-m", "coldwitness.cli", *settings, "ingest"]
    return [*command, "--store-only", "--with-stdin", "--worker", worker]


def _end_with_stdin(stop: threading.Event) -> None:
    """Its other end is open for as long as the starting process lives, however that ends."""
    while os.read(0, 64):
        pass
    stop.set()


def _receive(settings: Settings, stop: threading.Event, *, storing: Sequence[str] | None) -> None:
    receiving = ReceivingSide(settings)
    receiving.start()
    keeper = None
    if storing is not None:
        keeper = threading.Thread(target=_keep_storing, args=(storing, stop))
        keeper.start()
    try:
        with metrics_door(settings.metrics, metrics_of(receiving, settings)):
            stop.wait()
    finally:
        stop.set()
        receiving.stop()
        if keeper is not None:
            keeper.join()


def metrics_of(receiving: ReceivingSide, settings: Settings) -> CollectorRegistry:
    """What one worker tells Prometheus; of storing, what the journal's files say."""
    registry = new_registry()
    registry.register(PartMetrics(lambda: {"ingest": receiving.state == "running"}))
    registry.register(ReceivingMetrics(receiving.worker, receiving.receiver.counts))
    registry.register(JournalMetrics(settings.journal.directory))
    return registry


def _keep_storing(command: Sequence[str], stop: threading.Event) -> None:
    """Run the storing process, and again if it ends by itself."""
    pause_s = 0.5
    while not stop.is_set():
        with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
            while child.poll() is None and not stop.wait(0.2):
                pass
            if child.poll() is None:
                child.terminate()
                return
        logging.getLogger(__name__).error("storing ended (%s); starting it again", child.returncode)
        stop.wait(pause_s)
        pause_s = min(30.0, pause_s * 2)


def _store(settings: Settings, stop: threading.Event, *, until_stored: bool) -> None:
    # Other workers, an import or `serve` may write beside this one.
    with stores(settings.store, sole_writer=False) as (store, register):
        storing = StoringSide(
            settings,
            store=store,
            custody=register.custody,
            drug_names=drug_names_kept(register, settings),
            future_tolerance_s=future_tolerance_s(settings),
            on_touched=register.waiting.leave,
            shipments=register.shipments,
        )
        storing.start()
        try:
            reader, worker = JournalReader(settings.journal.directory), settings.journal.worker
            while not stop.wait(0.1):
                if until_stored and storing.follower.cursor >= reader.last_row(worker):
                    return
        finally:
            storing.stop()
