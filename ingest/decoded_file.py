"""One file of what loggers sent, for people who ask what it means: a raw message in any
format, a capture of several with their topics, or an export.

What nobody said is found out: the settings' rule for the topic, the usual topic of a format,
the look of the bytes.
"""

import base64
import binascii
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadInput, BadMessage, ConfigError
from coldwitness.domain.identifiers import is_id
from coldwitness.domain.reading import Event, Reading
from coldwitness.domain.reading_table import readings_of
from coldwitness.ingest.captures import captured_messages
from coldwitness.ingest.files import (
    NAMED_READERS,
    READERS,
    is_csv,
    is_text,
    read_content,
    reader_for,
    shipment_named_by,
)
from coldwitness.ingest.files.elitech_rc4 import parse_capture
from coldwitness.ingest.files.instant_columns import named_zone
from coldwitness.ingest.formats import (
    DecodeContext,
    Decoded,
    DecoderMemory,
    WireFormat,
    every_format,
    wire_format,
)
from coldwitness.ingest.formats.drug_names import DrugNames, RememberedDrugNames
from coldwitness.ingest.formats.guess import format_by_content, format_by_topic
from coldwitness.ingest.formats.json_text import loads
from coldwitness.ingest.mqtt.topics import matches
from coldwitness.ingest.sole_namespaces import sole_namespaces

DECODED_MAX_BYTES = 8_000_000
DECODED_MAX_READINGS = 200_000
"""Each is an object, and a line on the screen."""
_HEX = re.compile(rb"(?:0x)?(?:[0-9A-Fa-f]{2}[\s:]*)+")
_PLAIN_HEX = re.compile(rb"(?:0x)?(?:[0-9A-Fa-f]{2})+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{8,}={0,2}\s*")


@dataclass
class DecodedFile:
    """What was read: readings, events, and every refusal as a line with its reason. notes : what
    else its reader should know."""

    readings: list[Reading] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, decoded: Decoded, place: str = "") -> None:
        self.readings.extend(decoded.readings)
        self.events.extend(decoded.events)
        for refusal in decoded.refused:
            at = f"[{refusal.index}] " if refusal.index is not None else ""
            self.refused.append(f"{place}{at}{refusal.reason}: {refusal.text}")


def decode_file(
    path: Path,
    *,
    topic: str | None = None,
    format_name: str | None = None,
    rules: Sequence[FormatRule] = (),
    timezone: str | None = None,
    columns: Sequence[str] = (),
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> DecodedFile:
    """Read one file. `-` is not known here: the caller hands over a file.

    format_name : a wire format or one of READERS; None: found out as above.
    rules : the settings' format rules; the one for the topic, else the only one for the
        format, maps names to probes.
    Raises BadInput if the file cannot be read or its format cannot be told, ConfigError for
    an unknown format.
    """
    zone = named_zone(timezone)
    if format_name is not None and format_name not in (*every_format(), *READERS):
        known = ", ".join((*every_format(), *READERS))
        raise ConfigError(f"format {format_name!r}: unknown; known: {known}")
    try:
        with path.open("rb") as file:
            payload = file.read(DECODED_MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(payload) > DECODED_MAX_BYTES:
        raise BadInput(
            f"{path}: more than {DECODED_MAX_BYTES:,} bytes; `coldwitness check` reads large files"
        )
    capture = captured_messages(payload) if topic is None else None
    messages = capture if capture is not None else [(topic, payload)]
    memory, drug_names = DecoderMemory(), RememberedDrugNames()
    meaning = DecodedFile()
    for number, (at, body) in enumerate(messages, start=1):
        asked = format_name or ("csv" if columns and is_text(path) else None)
        rule, name = _format_of(at, body, asked, rules, path)
        if at is not None and asked is None and not _is_named(at, rules):
            meaning.notes.append(
                f"no rule of the settings names the topic {at[:80]!r}: what is published there is"
                f" refused (foreign_topic); it is shown as {name} because it looks like it"
            )
        if name in READERS:
            _add_file(meaning, path, name, zone, columns)
            continue
        declared = wire_format(name)
        sole = rule is not None and rule.topic in sole_namespaces(rules)
        context = _context(at, path, rule, zone, now_ms(), drug_names, sole_namespace=sole)
        place = f"message {number}: " if capture is not None else ""
        try:
            decoded = declared.decoder(memory)(_bytes_of(body, declared), context)
        except BadMessage as error:
            meaning.refused.append(f"{place}{error.reason}: {error}")
        else:
            meaning.add(decoded, place)
    return meaning


def decode_bytes(payload: bytes, **how: Any) -> DecodedFile:
    """The same for bytes that are in no file, such as standard input."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdin"
        path.write_bytes(payload)
        return decode_file(path, **how)


def _format_of(
    topic: str | None,
    body: bytes,
    asked: str | None,
    rules: Sequence[FormatRule],
    path: Path,
) -> tuple[FormatRule | None, str]:
    rule = None
    if topic is not None:
        rule = next((rule for rule in rules if matches(rule.topic, topic)), None)
    name = asked or (rule.format if rule is not None else None)
    if name is None and topic is not None:
        name = format_by_topic(topic)
    if name is None:
        name = _by_look(body, path)
    if name == "native" and topic is None and _is_lines(body):
        name = "ndjson"
    if rule is None or rule.format != name:
        of_format = [rule for rule in rules if rule.format == name]
        rule = of_format[0] if len(of_format) == 1 and topic is None else None
    return rule, name


def _is_named(topic: str, rules: Sequence[FormatRule]) -> bool:
    """True for topics that the service reads by a rule, or that a format usually has."""
    return any(matches(rule.topic, topic) for rule in rules) or format_by_topic(topic) is not None


def _by_look(body: bytes, path: Path) -> str:
    reader = reader_for(path)
    if reader in (*NAMED_READERS, "parquet", "spreadsheet") or path.suffix.lower() in (
        ".csv",
        ".gz",
    ):
        return reader
    text = body.strip()
    binary = bytes.fromhex(text.decode().removeprefix("0x")) if _PLAIN_HEX.fullmatch(text) else body
    name = format_by_content(binary)
    if name is not None:
        return name
    if reader == "ndjson":
        return "ndjson"
    if is_csv(path):
        return "csv"
    known = ", ".join((*every_format(), *READERS))
    raise BadInput(f"{path}: format cannot be told; name it with --format: {known}")


def _is_lines(body: bytes) -> bool:
    """True for several JSON texts, one a line."""
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) < 2:
        return False
    try:
        loads(body)
    except BadMessage:
        return lines[0].strip()[:1] in (b"{", b"[")
    return False


def _context(
    topic: str | None,
    path: Path,
    rule: FormatRule | None,
    zone: tzinfo | None,
    now_ms: int,
    drug_names: DrugNames,
    *,
    sole_namespace: bool,
) -> DecodeContext:
    """Without a topic the file's name stands for the sender, as it does for a CSV file."""
    levels = (topic or "").split("/")
    native = len(levels) == 5 and levels[:2] == ["coldchain", "v1"]
    courier, box = (levels[2], levels[3]) if native else (None, None)
    for what, text in (("courier", courier), ("box", box)):
        if text is not None and not is_id(text):
            raise BadInput(f"--topic: {what} {text[:60]!r} is no id")
    return DecodeContext(
        topic=topic if topic is not None else shipment_named_by(path),
        received_ms=now_ms,
        rule=rule,
        courier=courier,
        box=box,
        zone=zone,
        sole_namespace=sole_namespace,
        drug_names=drug_names,
    )


def _add_file(
    meaning: DecodedFile, path: Path, name: str, zone: tzinfo | None, columns: Sequence[str]
) -> None:
    if name == "elitech_rc4" and _add_bare_pages(meaning, path):
        return
    content = read_content(path, reader=name, zone=zone, columns=columns)
    if len(content.table) > DECODED_MAX_READINGS:
        raise BadInput(
            f"{path}: {len(content.table):,} readings, at most {DECODED_MAX_READINGS:,} are shown;"
            " `coldwitness check` reads large files"
        )
    meaning.readings.extend(readings_of(content.table, unknown_logger=shipment_named_by(path)))
    meaning.events.extend(content.events)
    meaning.refused.extend(content.refusals.lines)


def _add_bare_pages(meaning: DecodedFile, path: Path) -> bool:
    """Elitech data pages without the answers that date them: shown with the time of reading,
    as a message without a time is. `check` and `import` refuse such a file."""
    try:
        capture = parse_capture(path.read_bytes())
    except BadMessage as error:
        meaning.refused.append(f"{error.reason}: {error}")
        return True
    if capture.start is not None and capture.interval_s is not None:
        return False
    if not capture.pages:
        meaning.refused.append("no_temperature: no data page in the capture")
    now_ms = time.time_ns() // 1_000_000
    for number, page in enumerate(capture.pages, start=1):
        if not page.intact:
            meaning.refused.append(f"page {number}: bad_checksum: shown, but not to be relied on")
        meaning.readings.extend(
            Reading(
                logger=capture.logger or shipment_named_by(path),
                time_ms=now_ms,
                time_source="received",
                temperature_c={"drug": celsius},
            )
            for celsius in page.temperature_c
            if celsius is not None
        )
    return True


def _bytes_of(body: bytes, declared: WireFormat) -> bytes:
    """Bytes handed over as hex or base64 text, where the format's own text looks different."""
    text = body.strip()
    if "hex" in declared.written_as and _HEX.fullmatch(text):
        return bytes.fromhex(re.sub(r"[\s:]|^0x", "", text.decode()))
    if "base64" in declared.written_as and _BASE64.fullmatch(text) and len(text) % 4 == 0:
        try:
            return base64.b64decode(text, altchars=b"-_" if re.search(b"[-_]", text) else None)
        except binascii.Error:
            return body
    return body
