"""`coldwitness doctor`: is everything there that evidence depends on, and how to mend it."""

import ctypes
import json
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from coldwitness.cli.disk_check import fsync_ms, nearest_folder
from coldwitness.cli.doctor_office import alarms, elsewhere, judging, processes, webhooks
from coldwitness.cli.looked_at import Finding
from coldwitness.cli.other_clocks import other_clocks
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.cli.store_files import (
    files_of_stores,
    folders_written,
    open_to_others,
    register_file,
)
from coldwitness.cli.write_probes import try_folder, try_key, try_sqlite
from coldwitness.config.settings import MqttSettings, Settings
from coldwitness.domain.errors import BadInput, ColdWitnessError
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.shown_address import shown_address
from coldwitness.ingest.clock_watch import contradiction
from coldwitness.ingest.mqtt.broker_check import QUEUED, BrokerAnswers, question_broker
from coldwitness.ingest.mqtt.session import SESSION_TAKEN_OVER
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.routes import Routes
from coldwitness.judging.clock import system_clock
from coldwitness.storage.decided.shards import is_shard
from coldwitness.storage.journal import JournalReader, signer_of_journal
from coldwitness.storage.journal.clock import clock_problem
from coldwitness.storage.register import open_register
from coldwitness.storage.register.views import SqlViews
from coldwitness.storage.spare_room import TrailRoom
from coldwitness.storage.telemetry import open_telemetry
from coldwitness.storage.telemetry.influx_probe import try_influx

FAILED = 1
SLOW_FSYNC_MS = 20.0
_ROOM = "make room on its disk if it is full"
_CLOSE = (
    "`coldwitness setup broker` writes a configuration in which each courier has its own rights;"
    " then set mqtt.username and mqtt.password_file"
)


def doctor(
    context: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="one JSON line each, for machines")
    ] = False,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep",
            help="only this: hold stores and register against the whole journal (takes as long as"
            " a rebuild)",
        ),
    ] = False,
) -> None:
    """Check broker, rights, limits, journal, clock, stores, judging, webhooks, alarms, and what
    runs."""
    settings = settings_of(context)
    failed = False
    shallow = (
        *(_broker, _journal, _files, _clock, _fonts, _stores, _backups, _ports),
        *(judging, webhooks, alarms, elsewhere, processes),
    )
    for check in (_deep,) if deep else shallow:
        for finding in _careful(check, settings):
            failed = failed or finding.state == "failure"
            _print(finding, as_json=as_json)
    if failed:
        raise typer.Exit(FAILED)


def _print(finding: Finding, *, as_json: bool) -> None:
    finding = replace(finding, text=shown_address(finding.text))
    if as_json:
        typer.echo(json.dumps(asdict(finding), ensure_ascii=False))
        return
    mark = {"ok": "ok      ", "warning": "warning ", "failure": "FAILURE "}[finding.state]
    typer.echo(f"{mark}{finding.part}: {finding.text}")
    if finding.mend:
        typer.echo(f"        mend: {finding.mend}")


def _careful(
    check: Callable[[Settings], Iterator[Finding]], settings: Settings
) -> Iterator[Finding]:
    """What a check finds; its own failure is a finding and does not end the others."""
    try:
        yield from check(settings)
    except ColdWitnessError as error:
        yield Finding(check.__name__.strip("_"), "failure", str(error), "see the message")


def _broker(settings: Settings) -> Iterator[Finding]:
    mqtt = settings.mqtt
    where = f"{mqtt.host}:{mqtt.port}"
    answers = question_broker(
        mqtt, Routes(settings.formats).filters(), worker=settings.journal.worker
    )
    if answers.problem.startswith("refuses"):
        yield Finding("broker", "ok", f"{where} answers")
        yield Finding(
            "credentials",
            "failure",
            f"{where} {answers.problem}",
            "check mqtt.username and mqtt.password_file, or mqtt.certificate_file and"
            " mqtt.key_file; mosquitto: mosquitto_passwd sets the password",
        )
        return
    if answers.problem:
        yield Finding(
            "broker",
            "failure",
            f"{where} {answers.problem}",
            "start the broker or set mqtt.host and mqtt.port; for TLS set mqtt.tls, mqtt.ca_file"
            " and the certificate files",
        )
        return
    name = f", {answers.version}" if answers.version else ""
    yield Finding("broker", "ok", f"{where} answers, MQTT {answers.protocol}{name}")
    yield _credentials(mqtt, answers)
    yield _topic_rights(answers)
    yield from _worker(settings.journal.worker, answers)
    if mqtt.shared_group and answers.protocol != "5":
        yield Finding(
            "shared subscription",
            "warning",
            "mqtt.shared_group is set, but this broker speaks MQTT 3.1.1 only",
            "use a broker with MQTT 5, or one worker without mqtt.shared_group",
        )
    if not answers.kept:
        yield Finding(
            "broker limits",
            "warning",
            "could not be tried: no message came back from coldchain/v1/_workers/doctor/health",
            "mend the topic rights first",
        )
    elif answers.kept < QUEUED:
        yield Finding(
            "broker limits",
            "failure",
            f"of {QUEUED} messages for an absent worker the broker kept {answers.kept}:"
            " evidence would be lost",
            "mosquitto: max_queued_messages 0, persistence true, autosave_interval 1"
            " (deploy/mosquitto/mosquitto.conf)",
        )
    else:
        yield Finding("broker limits", "ok", f"kept {QUEUED} messages for an absent worker")


def _worker(name: str, answers: BrokerAnswers) -> Iterator[Finding]:
    """What the worker says of itself, where it runs: that its session is taken from it shows in no
    other place."""
    try:
        said = msgspec.json.decode(answers.worker or "{}", type=dict[str, object])
    except msgspec.DecodeError:
        return
    problem = str(said.get("problem") or "")
    if problem.startswith(SESSION_TAKEN_OVER):
        mend = "see which other program connects as it; `coldwitness ingest` and `serve` are two"
        yield Finding("worker", "failure", f"{name}: {problem}", mend)


def _topic_rights(answers: BrokerAnswers) -> Finding:
    """mosquitto lets everybody subscribe and then delivers nothing that may not be read: so what
    counts is whether a message comes back."""
    if answers.refused_topics:
        return Finding(
            "topic rights",
            "failure",
            f"may not subscribe {', '.join(answers.refused_topics)}",
            "give the worker's user read rights on these topics (deploy/mosquitto/coldwitness.acl)",
        )
    if not answers.kept:
        return Finding(
            "topic rights",
            "failure",
            "subscribed, but of messages to coldchain/v1/_workers/doctor/health none came back",
            "give the worker's user read rights on coldchain/v1/# and write rights on"
            " coldchain/v1/_workers/+/health (deploy/mosquitto/coldwitness.acl)",
        )
    return Finding("topic rights", "ok", "all configured topics may be subscribed")


def _credentials(mqtt: MqttSettings, answers: BrokerAnswers) -> Finding:
    given = mqtt.username is not None or mqtt.certificate_file is not None
    if given and answers.open:
        return Finding(
            "credentials",
            "failure",
            "accepted, but the broker is open: it lets strangers in without any, and anybody may"
            " publish in a courier's name",
            _CLOSE,
        )
    if mqtt.username is not None or mqtt.certificate_file is not None:
        who = mqtt.username or f"certificate {mqtt.certificate_file}"
        return Finding("credentials", "ok", f"accepted as {who}")
    if mqtt.host in ("localhost", "::1") or mqtt.host.startswith("127."):
        return Finding("credentials", "ok", "none set; the broker on this machine asks for none")
    return Finding(
        "credentials",
        "failure",
        "none set, and the broker is open: anybody may publish in a courier's name",
        _CLOSE,
    )


def _journal(settings: Settings) -> Iterator[Finding]:
    journal = settings.journal
    directory: Path = journal.directory
    there = directory.is_dir()
    try:
        looked_at = nearest_folder(directory)
        took_ms = fsync_ms(looked_at)
        free_mb = shutil.disk_usage(looked_at).free / 1e6
    except OSError as error:
        yield Finding(
            "journal",
            "failure",
            f"{directory}: {error.strerror}",
            "make the folder writable for this user, or set journal.directory",
        )
        return
    slow = took_ms > SLOW_FSYNC_MS
    yield Finding(
        "journal disk",
        "warning" if slow else "ok",
        f"{looked_at}: fsync takes {took_ms:.1f} ms",
        "a commit waits for it: put the journal on a faster disk" if slow else "",
    )
    low = free_mb < journal.minimum_free_mb
    yield Finding(
        "journal room",
        "failure" if low else "ok",
        f"{free_mb:,.0f} MB free",
        f"free at least {journal.minimum_free_mb:,.0f} MB: a full disk stops acknowledgement"
        if low
        else "",
    )
    if not there:
        yield Finding("journal", "ok", f"{directory}: not there yet; made at the first start")
        return
    missing = TrailRoom(folders_written(settings)).told()
    yield Finding(
        "trail room",
        "ok" if missing is None else "warning",
        missing or "kept for lines of the audit trail on a full disk",
        "" if missing is None else "`serve` fills it up where the disk has room: make some there",
    )
    signer = signer_of_journal(journal)
    try_key(signer)
    yield Finding("signing key", "ok", f"Ed25519 {signer.key_id}: a probe was signed")
    reader = JournalReader(directory)
    for worker in reader.workers():
        if is_shard(worker):
            continue  # decisions are brought into the register by the server that takes them
        with Progress(directory, worker) as progress:
            behind = reader.last_row(worker) - progress.cursor()
            aside = progress.counts().get("store_refused", 0)
        if aside:
            yield Finding(
                "stores' progress",
                "warning",
                f"worker {worker}: {aside} rows hold readings that the store refused for good",
                "`coldwitness quarantine list --reason store_refused`; mend the store, then"
                " `coldwitness quarantine replay --reason store_refused`",
            )
        yield Finding(
            "stores' progress",
            "warning" if behind > 10_000 else "ok",
            f"worker {worker}: {behind} rows not in the stores yet",
            f"run `coldwitness ingest --worker {worker}` or look at its log" if behind > 10_000
            else "",
        )  # fmt: skip


def _files(settings: Settings) -> Iterator[Finding]:
    """Evidence of several firms: nobody else on the machine needs to read it."""
    open_ones = open_to_others(settings)
    if not open_ones:
        yield Finding("files", "ok", "journal, register and store are this user's alone")
        return
    yield Finding(
        "files",
        "warning",
        f"others on this machine can read {', '.join(map(str, open_ones))}",
        f"chmod -R go= {' '.join(map(str, open_ones))}",
    )


def _deep(settings: Settings) -> Iterator[Finding]:
    from coldwitness.cli.deep import (  # noqa: PLC0415  nothing of it is needed otherwise
        decided_otherwise,
        journal_problems,
        stored_otherwise,
    )

    problems = journal_problems(settings)
    verify = "see `coldwitness journal verify`; restore the files from the backup"
    yield _compared("journal", "every row, head and seal holds", problems, verify)
    decided, lines = decided_otherwise(settings)
    text = f"{decided.decisions} decisions are in the register as they were journalled"
    yield _compared("decisions", text, lines, "coldwitness rebuild")
    compared, lines = stored_otherwise(settings)
    text = f"{compared} readings and events are stored as they were journalled"
    yield _compared("canonical export", text, lines, "coldwitness rebuild")


def _compared(part: str, well: str, wrong: Sequence[str], mend: str) -> Finding:
    if not wrong:
        return Finding(part, "ok", well)
    more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return Finding(part, "failure", f"{'; '.join(wrong[:5])}{more}", mend)


def _clock(settings: Settings) -> Iterator[Finding]:
    now_ms = int(time.time() * 1000)
    last_ms = max(
        (s.last_received_ms for s in JournalReader(settings.journal.directory).stats()), default=0
    )
    problem = clock_problem(now_ms, written_ms=last_ms) or _contradicted(settings)
    if problem is not None:
        mend = "the clock is wrong: set it right before messages are received"
        yield Finding("clock", "failure", problem, mend)
        return
    synchronised = _synchronised()
    if synchronised is False:
        yield Finding(
            "clock",
            "warning",
            f"{rfc3339(now_ms)}, not kept by a time service",
            "run chrony, ntpd or systemd-timesyncd: receive times are evidence",
        )
    else:
        note = "kept by a time service" if synchronised else "time service unknown here"
        yield Finding("clock", "ok", f"{rfc3339(now_ms)}, {note}")


def _contradicted(settings: Settings) -> str | None:
    """By the clocks of servers; who does not answer is told by another part."""
    if register_file(settings) is not None and settings.store.telemetry != "influx":
        return None
    with (
        suppress(ColdWitnessError),
        closing(open_register(settings.store.register_url)) as register,
    ):
        for name, ask in other_clocks(settings.store, register).items():
            with suppress(ColdWitnessError):
                problem = contradiction(name, ask, system_clock)
                if problem is not None:
                    return problem
    return None


def _synchronised() -> bool | None:
    """What the Linux kernel knows (adjtimex: TIME_ERROR 5 is unsynchronised)."""
    if sys.platform != "linux":
        return None
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    return None if state < 0 else bool(state != 5)


def _fonts(_settings: Settings) -> Iterator[Finding]:
    try:
        import pylopdf_fonts_zh_cn  # noqa: PLC0415  whether it is there is the question

        folder = Path(pylopdf_fonts_zh_cn.__file__).parent
        found = [p.name for p in folder.rglob("*") if p.suffix.lower() in (".otf", ".ttf", ".ttc")]
    except ImportError:
        found = []
    if found:
        yield Finding("fonts", "ok", ", ".join(sorted(found)))
    else:
        yield Finding(
            "fonts",
            "failure",
            "no Chinese fonts: reports cannot be printed",
            "install the package pylopdf-fonts-zh-cn",
        )


def _stores(settings: Settings) -> Iterator[Finding]:
    with ExitStack() as opened:
        views = None
        waiting = [path for path in files_of_stores(settings) if not path.parent.is_dir()]
        if waiting:
            # Looking makes nothing: stores and a key in whatever folder one happens to stand.
            for path in waiting:
                yield Finding("stores", "ok", f"{path}: not there yet; made at the first start")
            return
        try:
            register = opened.enter_context(closing(open_register(settings.store.register_url)))
            views, file = register.views, register_file(settings)
            if file is None:
                register.journalled.say("doctor", rfc3339(int(time.time() * 1000)))
            else:
                try_sqlite(file)
            where = settings.store.register_url.split("@")[-1]
            yield Finding("register", "ok", f"{where}: a probe was written")
        except ColdWitnessError as error:
            mend = f"check store.register_url; {_ROOM}"
            yield Finding("register", "failure", str(error), mend)
        yield from _telemetry(settings, views)
        yield _archive(settings)


def _archive(settings: Settings) -> Finding:
    folder = settings.store.archive_directory
    try:
        try_folder(folder)
    except ColdWitnessError as error:
        return Finding("archive", "failure", str(error), f"check store.archive_directory; {_ROOM}")
    return Finding("archive", "ok", f"{folder}: a probe was written")


def _backups(settings: Settings) -> Iterator[Finding]:
    """A folder that is not there is no place, whatever lies above it: its disk is not mounted."""
    folder = settings.store.backup_directory
    if folder is None:
        mend = "set it to a folder on another disk; `coldwitness backup` then needs no folder"
        yield Finding("backup", "warning", "store.backup_directory is not set: not tried", mend)
        return
    try:
        if not folder.is_dir():
            raise BadInput(f"{folder}: not there")
        try_folder(folder)
    except ColdWitnessError as error:
        mend = f"make the folder of store.backup_directory, or mount its disk; {_ROOM}"
        yield Finding("backup", "failure", str(error), mend)
        return
    yield Finding("backup", "ok", f"{folder}: a probe was written")


def _telemetry(settings: Settings, views: SqlViews | None) -> Iterator[Finding]:
    try:
        with closing(open_telemetry(settings.store, views, sole_writer=False)) as store:
            store.between(0, 1)  # a question: InfluxDB is not spoken to before
        remarks = []
        if settings.store.telemetry == "influx":
            remarks = try_influx(settings.store)
        elif settings.store.telemetry == "embedded":
            try_sqlite(settings.store.embedded_file)
        yield Finding("telemetry store", "ok", f"{settings.store.telemetry}: a probe was written")
        for remark in remarks:
            mend = "give the bucket no end (retention INF, no PAST LIMIT), or a database of its own"
            yield Finding("telemetry store", "failure", remark, mend)
    except ColdWitnessError as error:
        mend = (
            "check store.influx_url, influx_org, influx_bucket, and that store.influx_token_file"
            " may read and write it"
            if settings.store.telemetry == "influx"
            else f"make the folder of store.embedded_file writable; {_ROOM}"
        )
        yield Finding("telemetry store", "failure", str(error), mend)


def _ports(settings: Settings) -> Iterator[Finding]:
    http = settings.http
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((http.host, http.port))
        except OSError as error:
            yield Finding(
                "HTTP port",
                "warning",
                f"{http.host}:{http.port}: {error.strerror} (well, if `serve` runs already)",
                "set http.port to a free one, or end the program that holds it",
            )
            return
    yield Finding("HTTP port", "ok", f"{http.host}:{http.port} is free")
