"""Check a ColdWitness report (.json) or evidence package (.zip) offline, with this one file.

    python -I verify.py FILE… [--key issuer.pub]… [--key-history history.ndjson] [--json]

Needs Python 3.11 or later and the library `cryptography`; uses no network and nothing else of
ColdWitness. It checks form, SHA-256 and SM3, Ed25519 signatures, the package's list, that the
files in it say the same, that the judged readings hash to the digest the result names, and that
each row of the journal stands in its day (RFC 9162) whose seal is signed, and that the rows are all
that name the shipment, its loggers and boxes, where signed tallies say so. It does NOT judge the
readings again, reads no rule file, draws no PDF page, does not compare the rows' readings with the
report's and does not check a time stamp: `coldwitness verify` does. A copy found in a package
proves no more than the package itself: take yours from where you trust.

Exit 0: nothing found. 1: a problem, with its reason code. 2: no such file, no key, or a lone PDF.
"""

import argparse
import base64
import binascii
import hashlib
import io
import itertools
import json
import math
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

REPORT_SCHEMAS = ("coldwitness.report/1", "coldwitness.report/2")
PACKAGE_SCHEMA = "coldwitness.package/1"
READINGS_FORMAT = "coldwitness.readings/1"
HEAD_FILES = ("package.json", "package.sig.json")
STAMP = "package.tsr"
STATEMENT = ("package.cose", "package.row")
"""Signed statement and its row: tools for SCITT and `coldwitness verify` check them."""
REQUIRED = ("report.json", "report.pdf", "readings.ndjson", "manifest.json", "events.ndjson")
RULES = "rules.toml"
MOST_BYTES = 500_000_000
ROW_HEAD = struct.Struct(">4sQqBB")
ORDER_TOPIC = "$journal/decided/redaction"
Problem = tuple[str, str]
"""Reason code (docs/verify.md) and where."""
Keys = Sequence[Ed25519PublicKey]
Said = Mapping[str, Any]
"""A JSON object of the file that is checked, of whatever shape."""
COSIGNATURE = 4
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, struct.error)
"""What reading values of another shape than expected raises (UnicodeError is a ValueError)."""


def canonical(value: Any) -> bytes:
    """RFC 8785 (JCS) bytes; raises ValueError for what it cannot hold."""
    return _written(value).encode("utf-8")


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > 2**53 - 1:
            raise ValueError("integer beyond 2^53")
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_written, value)) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(f"{_written(key)}:{_written(value[key])}" for key in keys) + "}"


def _number(value: float) -> str:
    """As ECMAScript writes a double: its shortest digits, exponents from 1e21 and below 1e-6."""
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    if 0 < point <= 21:
        padded = digits.ljust(point, "0")
        tail = f".{padded[point:]}" if len(padded) > point else ""
        return f"{sign}{padded[:point]}{tail}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"


def read_canonical(data: bytes, name: str, found: list[Problem]) -> Any:
    """The JSON value of a file that must be one canonical line; None if it cannot be read."""
    try:
        value = json.loads(data, parse_constant=_refused)
        if canonical(value) + b"\n" != data:
            found.append(("not_canonical", name))
    except (ValueError, TypeError, RecursionError) as error:
        found.append(("not_readable", f"{name}: {error}"[:200]))
        return None
    return value


def _refused(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def sm3(data: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def signed(key: Ed25519PublicKey, data: bytes, signature: Any) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), data)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def stated_in(report: bytes) -> list[Said]:
    """What the report's seal says of keys; nothing where it cannot be read."""
    try:
        stated = json.loads(report)["seal"].get("keys", [])
        return [one for one in stated if isinstance(one, dict)]
    except (*MALFORMED, RecursionError):
        return []


def vouched_keys(trusted: Keys, statements: Sequence[Said]) -> list[Ed25519PublicKey]:
    """`trusted`, and the keys that statements join to them: each is signed by the key that vouches
    and by the new key itself, over its canonical JSON without these two signatures."""
    keys = {}
    for one in statements:
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(one["public_key"]))
        except MALFORMED:
            continue
        keys[key_id(key)] = key
    known = {key_id(key): key for key in trusted}
    joins = []
    for one in statements:
        try:
            rest = {name: said for name, said in one.items() if name not in ("signature", "own")}
            new = Ed25519PublicKey.from_public_bytes(bytes.fromhex(one["public_key"]))
            vouching = {**keys, **known}[one["signed_by"]]
            data = canonical(rest)
            if signed(vouching, data, one["signature"]) and signed(new, data, one["own"]):
                joins.append({key_id(new): new, one["signed_by"]: vouching})
        except MALFORMED:
            continue
    for _ in joins:
        for join in joins:
            if known.keys() & join.keys():
                known |= join
    return list(known.values())


def check_signature(
    said: Said, data: bytes, where: str, trusted: Keys, found: list[Problem]
) -> Ed25519PublicKey | None:
    """The key that signed `data` as `said` has it; None, with a problem, if none did."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["public_key"]))
        holds = said["algorithm"] == "Ed25519" and signed(key, data, said["signature"])
    except MALFORMED:
        holds = False
    if not holds:
        found.append(("signature_invalid", where))
        return None
    if trusted and key_id(key) not in map(key_id, trusted):
        found.append(("signer_unknown", key_id(key)))
    return key


def check_report(data: bytes, trusted: Keys, found: list[Problem]) -> tuple[Any, Any]:
    """The report (None if unreadable) and the key that signed it (None if unsigned)."""
    trusted = vouched_keys(trusted, stated_in(data))
    report = read_canonical(data, "report", found)
    if report is None:
        return None, None
    if not isinstance(report, dict) or report.get("schema") not in REPORT_SCHEMAS:
        found.append(("not_readable", f"expected {' or '.join(REPORT_SCHEMAS)}"))
        return None, None
    seal = report.get("seal")
    signer = None
    if not isinstance(seal, dict):
        found.append(("digest_mismatch", "no seal"))
    else:
        content = canonical({key: value for key, value in report.items() if key != "seal"})
        digests = hashlib.sha256(content).hexdigest(), sm3(content)
        if (seal.get("sha256"), seal.get("sm3")) != digests:
            found.append(("digest_mismatch", "report"))
        if any(seal.get(name) is not None for name in ("signature", "public_key", "algorithm")):
            signer = check_signature(seal, content, "report", trusted, found)
        elif trusted:
            found.append(("signature_missing", "report"))
    try:
        if readings_digest(report) != report["result"]["evidence"]["readings_sha256"]:
            found.append(("result_differs", "readings_sha256"))
    except MALFORMED as error:
        found.append(("evidence_unreadable", f"readings: {error!r}"[:200]))
    return report, signer


def readings_digest(report: Said) -> str:
    """SHA-256 of the readings in the judged window: a line of JSON that names format, loggers,
    probes and number, then the columns as little-endian 64-bit numbers."""
    readings, window = report["readings"], report["result"]["window"]
    times = [time_ms(text) for text in readings["time"]]
    start, end = window["start"], window["end"]
    first = min(times, default=0) if start is None else time_ms(start)
    last = max(times, default=0) if end is None else time_ms(end)
    rows = [row for row, time in enumerate(times) if first <= time <= last]
    used = sorted({readings["logger"][row] for row in rows} - {-1})
    place = {number: i for i, number in enumerate(used)} | {-1: -1}
    columns = {
        name: values
        for name, values in sorted(readings["temperature_c"].items())
        if any(values[row] is not None for row in rows)
    }
    head = {
        "format": READINGS_FORMAT,
        "loggers": [readings["loggers"][number] for number in used],
        "probes": list(columns),
        "readings": len(rows),
    }
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode() + b"\n")

    def integers(values: Iterator[int]) -> None:
        digest.update(struct.pack(f"<{len(rows)}q", *values))

    integers(times[row] for row in rows)
    integers(place[readings["logger"][row]] for row in rows)
    integers(_or(readings["seq"][row], -1) for row in rows)
    others = (readings[name] for name in ("lat", "lon", "accuracy_m", "light_lux"))
    for values in (*columns.values(), *others):
        numbers = (_or(values[row], float("nan")) + 0.0 for row in rows)
        digest.update(struct.pack(f"<{len(rows)}d", *numbers))
    for name in ("lid_open", "moving"):
        integers(int(_or(readings[name][row], -1)) for row in rows)
    return digest.hexdigest()


def _or(value: Any, absent: float) -> Any:
    return absent if value is None else value


def time_ms(text: str) -> int:
    """UTC epoch milliseconds of an RFC 3339 time."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (datetime.fromisoformat(text) - epoch) // timedelta(milliseconds=1)


def readings_lines(report: Said) -> bytes:
    """What readings.ndjson has to say."""
    readings = report["readings"]
    lines = []
    for row, time in enumerate(readings["time"]):
        lat, lon = readings["lat"][row], readings["lon"][row]
        place = {"lat": lat, "lon": lon, "accuracy_m": readings["accuracy_m"][row]}
        logger = readings["logger"][row]
        temperatures = {name: values[row] for name, values in readings["temperature_c"].items()}
        whole = {
            "shipment": report["shipment"],
            "logger": readings["loggers"][logger] if logger >= 0 else None,
            "seq": readings["seq"][row],
            "time": time,
            "temperature": _given(temperatures),
            "position": None if lat is None or lon is None else _given(place),
            **{name: readings[name][row] for name in ("lid_open", "moving", "light_lux")},
        }
        lines.append(canonical(_given(whole)) + b"\n")
    return b"".join(lines)


def _given(values: Said) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def check_package(data: bytes, trusted: Keys, found: list[Problem]) -> tuple[Any, Any, bool]:
    """The report inside (None if unreadable), the key that signed the package, and whether there
    is a time stamp in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > MOST_BYTES:
                raise ValueError("too large")
            files = {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        found.append(("not_readable", str(error)[:200]))
        return None, None, False
    except EOFError:
        found.append(("not_readable", "cut off"))
        return None, None, False
    if len(files) != len(infos) or zipped(files) != data:
        found.append(("package_altered", "zip"))
    statements = stated_in(files.get("report.json", b""))
    trusted = vouched_keys(trusted, statements)
    contents, signer = _contents(files, trusted, found)
    _check_list(contents, files, found)
    report, report_signer = None, None
    if "report.json" in files:
        report, report_signer = check_report(files["report.json"], trusted, found)
    if report_signer is not None and signer is not None and key_id(report_signer) != key_id(signer):
        found.append(("files_disagree", "signing keys"))
    if report is not None:
        _check_agreement(report, contents, files, found)
    if "journal.json" in files:
        own = [signer] if signer is not None else []
        keys = vouched_keys([*trusted, *own], statements)
        check_journal(files["journal.json"], keys, found, report)
    return report, signer, STAMP in files


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The one zip of these files in this order: stored, fixed dates."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def _contents(
    files: Mapping[str, bytes], trusted: Keys, found: list[Problem]
) -> tuple[dict[str, Any], Ed25519PublicKey | None]:
    listed, signature = (files.get(name) for name in HEAD_FILES)
    if listed is None:
        found.append(("file_missing", HEAD_FILES[0]))
        return {}, None
    contents = read_canonical(listed, HEAD_FILES[0], found)
    signer = None
    if signature is None:
        found.append(("signature_missing", HEAD_FILES[1]))
    else:
        said = read_canonical(signature, HEAD_FILES[1], found)
        signer = check_signature(said, listed, HEAD_FILES[0], trusted, found)
    return contents if isinstance(contents, dict) else {}, signer


def _check_list(contents: Said, files: Mapping[str, bytes], found: list[Problem]) -> None:
    try:
        entries = [dict(entry) for entry in contents.get("files", ())]
        listed = {str(entry["name"]): entry for entry in entries}
    except MALFORMED as error:
        found.append(("not_readable", f"{HEAD_FILES[0]}: {error!r}"[:200]))
        return
    if contents and contents.get("schema") != PACKAGE_SCHEMA:
        found.append(("not_readable", f"expected {PACKAGE_SCHEMA}"))
    if len(listed) != len(entries):
        found.append(("package_altered", "a name is listed twice"))
    for name in sorted({*listed, *REQUIRED, RULES}):
        if name not in files or name not in listed:
            found.append(("file_missing", name))
            continue
        data = files[name]
        sums = {"sha256": hashlib.sha256(data).hexdigest(), "sm3": sm3(data)}
        if listed[name] != {"name": name, "size": len(data), **sums}:
            found.append(("file_altered", name))
    head = [*HEAD_FILES, *(name for name in (STAMP, *STATEMENT) if name in files)]
    if sorted(files) == sorted([*head, *listed]) and list(files) != [*head, *listed]:
        found.append(("package_altered", "files in another order"))
    found.extend(("file_added", name) for name in sorted(set(files) - {*head, *listed}))


def _check_agreement(
    report: Said,
    contents: Said,
    files: Mapping[str, bytes],
    found: list[Problem],
) -> None:
    """Every file says what the report says; the PDF carries this very report."""
    seal = report.get("seal")
    digest = seal.get("sha256") if isinstance(seal, dict) else ""
    said = contents.get("shipment"), contents.get("report_sha256")
    if contents and said != (report.get("shipment"), digest):
        found.append(("files_disagree", HEAD_FILES[0]))
    try:
        expected = {
            "readings.ndjson": readings_lines(report),
            "manifest.json": canonical(report["manifest"]) + b"\n",
            "events.ndjson": b"".join(canonical(event) + b"\n" for event in report["events"]),
        }
    except MALFORMED as error:
        found.append(("evidence_unreadable", f"{error!r}"[:200]))
        return
    for name, data in expected.items():
        if name in files and files[name] != data:
            found.append(("files_disagree", name))
    if "report.pdf" in files and not _carries(files["report.pdf"], files["report.json"]):
        found.append(("files_disagree", "report.pdf"))
    journal = str(contents.get("journal", "none"))
    if "journal.json" not in files and not journal.startswith("none"):
        found.append(("file_missing", "journal.json"))


def _carries(pdf: bytes, twin: bytes) -> bool:
    """Whether the PDF has this twin attached, plain or deflated, and only this."""
    pattern = rb"<<(?=[^\n]*?/Type ?/EmbeddedFile)[^\n]*?/Length (\d+)[^\n]*>>\s*stream\r?\n"
    inside = []
    for match in re.finditer(pattern, pdf):
        raw = pdf[match.end() : match.end() + int(match[1])]
        try:
            packed = b"/FlateDecode" in match[0]
            inside.append(zlib.decompressobj().decompress(raw, MOST_BYTES) if packed else raw)
        except zlib.error:
            return False
    return inside == [twin]


def check_journal(data: bytes, keys: Keys, found: list[Problem], report: Any = None) -> None:
    """Each row stands where it says in its day; sealed days are signed by one of `keys` (any
    root is taken where there is no key); row numbers and places of one day keep step; and where
    the package says so, the rows are all of the report's shipment, loggers and boxes."""
    part = read_canonical(data, "journal.json", found)
    if part is None:
        return
    try:
        days = {(day["worker"], day["day"]): day for day in part["days"]}
        for (worker, name), day in days.items():
            if not _head_holds(day, keys):
                found.append(("head_invalid", f"{worker} {name}"))
        firsts: dict[tuple[str, str], set[int]] = {}
        for row in part["rows"]:
            named = (row["worker"], row["day"])
            if named not in days or not _row_holds(row, days[named]):
                found.append(("proof_invalid", f"{row['worker']} {row['row']}"))
                continue
            firsts.setdefault(named, set()).add(row["row"] - row["index"])
        for (worker, name), starts in firsts.items():
            seal = days[worker, name]["seal"]
            told = set() if seal is None else {seal["segment"]["first_row"]}
            if len(starts | told) > 1:
                found.append(("proof_invalid", f"{worker} {name}: rows out of step"))
        if part.get("completeness") is not None and report is not None:
            check_completeness(part, report, keys, found)
        else:
            opened_rows(part, found)
    except MALFORMED as error:
        found.append(("not_readable", f"journal.json: {error!r}"[:200]))


def check_completeness(part: Said, report: Said, keys: Keys, found: list[Problem]) -> None:
    """The rows are all those that the signed tallies of their days count (docs/journal.md)."""
    said = part["completeness"]
    rows = opened_rows(part, found)
    wanted = _wanted_names(report, rows)
    shown = {(one["worker"], one["day"]): one for one in said["tallies"]}
    for worker in sorted({worker for worker, _ in shown}):
        days = [shown[key] for key in sorted(shown) if key[0] == worker]
        for one in days:
            heads = one["first"], one["head"]
            named = {(head["worker"], head["day"]) for head in heads}
            if named != {(worker, one["day"])} or not all(_signed_head(h, keys) for h in heads):
                found.append(("head_invalid", f"{worker} {one['day']}"))
            found.extend(
                ("head_invalid", f"{worker} {one['day']}: checkpoint")
                for witnessed in one.get("witnessed", ())
                if not _in_checkpoint(witnessed, one["head"], keys)
            )
        for before, after in itertools.pairwise(days):
            digest = hashlib.sha256(_head_bytes(before["head"])).hexdigest()
            if after["first"].get("previous") != digest:
                found.append(("record_omitted", f"{worker} {before['day']} - {after['day']}"))
        if days[0]["day"] >= said["first_day"] and days[0]["first"]["number"] > 1:
            found.append(("record_omitted", f"{worker}: days before {days[0]['day']}"))
        for one in days:
            if said["first_day"] <= one["day"] <= said["last_day"]:
                mine = [row for row in rows if row[0] == worker]
                _check_counts(one, wanted, mine, part["days"], found)
    for day in part["days"]:
        within = said["first_day"] <= day["day"] <= said["last_day"]
        if within and (day["worker"], day["day"]) not in shown:
            found.append(("head_invalid", f"{day['worker']} {day['day']}: no tally"))


Opened = tuple[str, int, str, frozenset[bytes], bytes]
"""Of a row: worker, number, topic, what it names, leaf hash."""


def opened_rows(part: Said, found: list[Problem]) -> list[Opened]:
    """All rows. One whose message was removed names what the order says, which has to be among
    them."""
    rows = [(row["worker"], *read_row(base64.b64decode(row["entry"]))) for row in part["rows"]]
    ordered: dict[tuple[str, int], frozenset[bytes]] = {}
    for order in orders_in(part):
        names = frozenset(name.encode("utf-8") for name in order["names"])
        ordered.setdefault((order["worker"], order["row"]), names)
    opened = []
    for worker, number, topic, payload, leaf in rows:
        if payload is not None:
            names = frozenset(named_in(topic, payload))
        elif (worker, number) in ordered:
            names = ordered[worker, number]
        else:
            found.append(("removed_without_order", f"{worker} {number}"))
            continue
        opened.append((worker, number, topic, names, leaf))
    return opened


def orders_in(part: Said) -> list[Said]:
    """What orders to remove a message say, of those in the part's rows."""
    orders = []
    for row in part["rows"]:
        _, topic, payload, _ = read_row(base64.b64decode(row["entry"]))
        if topic == ORDER_TOPIC and payload is not None:
            orders.append(json.loads(payload))
    return orders


def read_row(kept: bytes) -> tuple[int, str, bytes | None, bytes]:
    """Number, topic, message (None where it was removed; `null` for values that are withheld) and
    leaf hash of a row (docs/journal.md)."""
    magic, number, _, _, size = ROW_HEAD.unpack_from(kept)
    at = ROW_HEAD.size + size
    topic_size, payload_size = struct.unpack_from(">HI", kept, at)
    topic = kept[at + 6 : at + 6 + topic_size].decode("utf-8", "surrogateescape")
    at += 6 + topic_size
    if magic == b"CWR1":
        if len(kept) != at + payload_size:
            raise ValueError("wrong length")
        return number, topic, kept[at:], hashlib.sha256(b"\x00" + kept).digest()
    if magic != b"CWR2" or len(kept) < at + 32:
        raise ValueError("no row")
    commitment, opening, payload = kept[at : at + 32], kept[at + 32 :], None
    if opening:
        payload, commitment = _open_commitment(opening, payload_size)
    leaf = hashlib.sha256(b"\x00" + kept[:at] + commitment).digest()
    return number, topic, payload, leaf


def _open_commitment(opening: bytes, size: int) -> tuple[bytes, bytes]:
    """The message, and the commitment that it makes: what the row has counts for nothing here."""

    def sha256(*parts: bytes) -> bytes:
        return hashlib.sha256(b"".join(parts)).digest()

    form, at = opening[0], 17
    salt = opening[1:17]
    if form == 0:
        if len(opening) != at + size:
            raise ValueError("wrong length")
        return opening[at:], sha256(b"\x03", salt, opening[at:])
    said, digests = [], []
    if form == 1:
        (count,) = struct.unpack_from(">I", opening, at)
        lengths = list(struct.unpack_from(f">{count}I", opening, at + 4))
        at += 4 + 4 * count
        if len(opening) != at + size or sum(lengths) > size:
            raise ValueError("wrong length")
        for i, length in enumerate([*lengths, size - sum(lengths)]):
            part, at = opening[at : at + length], at + length
            part_salt = sha256(b"\x06", salt, struct.pack(">I", i))[:16]
            said.append(part)
            digests.append(sha256(b"\x05", part_salt, part))
    elif form == 2:
        (count,) = struct.unpack_from(">I", opening, 1)
        at = 5
        for _ in range(count):
            shown, at = opening[at], at + 1
            if shown > 1:
                raise ValueError("no opening")
            if shown:
                (length,) = struct.unpack_from(">I", opening, at + 16)
                part = opening[at + 20 : at + 20 + length]
                said.append(part)
                digests.append(sha256(b"\x05", opening[at : at + 16], part))
                at += 20 + length
            else:
                said.append(b"null")
                digests.append(opening[at : at + 32])
                at += 32
        if at != len(opening):
            raise ValueError("wrong length")
    else:
        raise ValueError("no opening")
    return b"".join(said), sha256(b"\x04", *digests)


def named_in(topic: str, payload: bytes) -> set[bytes]:
    """`box:COURIER/BOX`, `logger:ID`, `shipment:ID` of native, imported and decided rows;
    `topic:TOPIC` of other formats; nothing of the journal's other notes."""

    def name(kind: str, value: str) -> bytes:
        return f"{kind}:{value}".encode("utf-8", "surrogateescape")

    native, decided = topic.startswith("coldchain/v1/"), topic.startswith("$journal/decided/")
    own = topic == "$import/telemetry" or decided
    if not native and not own:
        return set() if topic.startswith("$") else {name("topic", topic)}
    levels = topic.split("/")
    names = set()
    if native and len(levels) == 5:
        names.add(name("box", f"{levels[2]}/{levels[3]}"))
    try:
        text = payload.decode("utf-8")
        value = json.loads(text, parse_constant=_refused, object_pairs_hook=_of_whole_texts)
        objects = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in objects):
            return names
        for one in objects:
            told = [(kind, one.get(kind)) for kind in ("logger", "shipment")]
            if own and isinstance(one.get("box"), str):
                courier = one["courier"] if isinstance(one.get("courier"), str) else ""
                told.append(("box", f"{courier}/{one['box']}"))
            if own and isinstance(one.get("manifest"), dict):
                told.append(("shipment", one["manifest"].get("id")))
            names |= {name(kind, said) for kind, said in told if isinstance(said, str)}
    except (ValueError, RecursionError):
        pass
    return names


def _of_whole_texts(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Half a surrogate pair is no text; raises ValueError for one."""
    json.dumps(pairs, ensure_ascii=False).encode("utf-8")
    return dict(pairs)


def _wanted_names(report: Said, rows: Sequence[Opened]) -> set[bytes]:
    """The report's shipment, loggers and box, the boxes of native rows that name the shipment, and
    the topics of other formats."""
    manifest = report.get("manifest") or {}
    several = manifest.get("loggers")
    given = [manifest.get("logger"), *(several if isinstance(several, list) else [])]
    loggers = [*report["readings"]["loggers"], *map(_id_in, given)]
    shipment = f"shipment:{report['shipment']}".encode()
    wanted = {shipment} | {f"logger:{one}".encode() for one in loggers if one is not None}
    courier, box = _id_in(manifest.get("courier")), _id_in(manifest.get("box"))
    if courier is not None and box is not None:
        wanted.add(f"box:{courier}/{box}".encode())
    for _, _, topic, names, _ in rows:
        of_topic = named_in(topic, b"")
        if shipment in names or not topic.startswith(("coldchain/v1/", "$")):
            wanted |= of_topic
    return wanted


def _id_in(value: Any) -> str | None:
    named = value.get("id") if isinstance(value, dict) else value
    return named if isinstance(named, str) else None


def _head_bytes(head: Said) -> bytes:
    return canonical({key: value for key, value in head.items() if key != "signature"})


def _signed_head(head: Said, keys: Keys) -> bool:
    return not keys or any(signed(key, _head_bytes(head), head["signature"]) for key in keys)


def _in_checkpoint(said: Said, head: Said, keys: Keys) -> bool:
    """Whether the head is in the tree of the checkpoint (C2SP tlog-checkpoint), which one of `keys`
    signed: its place is its number, its leaf the bytes that it is signed over."""
    text, _, below = said["note"].partition("\n\n")
    origin, size, root = (text + "\n").split("\n")[:3]
    leaf = hashlib.sha256(b"\x00" + _head_bytes(head)).digest()
    path = [bytes.fromhex(node) for node in said["path"]]
    made = root_of(leaf, index=head["number"] - 1, size=int(size), path=path)
    by_log = not keys or any(
        signature_line(below, origin, 1, key.public_bytes_raw(), (text + "\n").encode())
        for key in keys
    )
    return made == base64.b64decode(root, validate=True) and by_log


def signature_line(below: str, name: str, kind: int, public: bytes, text: bytes) -> int | None:
    """Of a note's signature lines the one of this key, where it holds: when its witness saw the
    note [UTC epoch s], 1 for a log's own. None without one. Source: C2SP signed-note,
    tlog-cosignature."""
    key_hash = hashlib.sha256(f"{name}\n".encode() + bytes([kind]) + public).digest()[:4]
    for line in below.splitlines():
        dash, _, rest = line.partition(" ")
        signer, _, packed = rest.partition(" ")
        raw = base64.b64decode(packed, validate=True)
        if (dash, signer, raw[:4]) != ("—", name, key_hash):
            continue
        value, message, time_s = raw[4:], text, 1
        if kind == COSIGNATURE:
            time_s = int.from_bytes(value[:8], "big")
            value, message = value[8:], f"cosignature/v1\ntime {time_s}\n".encode() + text
        key = Ed25519PublicKey.from_public_bytes(public)
        if signed(key, message, base64.b64encode(value)):
            return time_s
    return None


def witness_lines(data: bytes, vkeys: Sequence[str]) -> list[str]:
    """What the witnesses of these keys (name+id+base64) saw of a package, a line a worker's day.
    Raises ValueError where one saw nothing."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = json.loads(archive.read("journal.json"))
    lines = []
    for vkey in vkeys:
        name, _, packed = vkey.split("+", 2)
        raw = base64.b64decode(packed, validate=True)
        seen = []
        for one in part["completeness"]["tallies"]:
            for note in [told["note"] for told in one.get("witnessed", ())]:
                text, _, below = note.partition("\n\n")
                at_s = signature_line(below, name, raw[0], raw[1:], (text + "\n").encode())
                if at_s is not None:
                    at = datetime.fromtimestamp(at_s, UTC).isoformat()
                    seen.append(f"{name}: {one['worker']} {one['day']}, seen {at}")
        if not seen:
            raise ValueError(f"{name} has signed none of its heads")
        lines += seen
    return lines


def _check_counts(
    shown: Said,
    wanted: set[bytes],
    rows: Sequence[Opened],
    days: Sequence[Said],
    found: list[Problem],
) -> None:
    head, first = shown["head"], shown["first"]["row"]
    where = f"{shown['worker']} {shown['day']}"
    size = head["row"] - first
    for day in days:
        if (day["worker"], day["day"]) == (shown["worker"], shown["day"]) and size:
            proof = [bytes.fromhex(node) for node in shown["consistency"]]
            old, new = bytes.fromhex(head["merkle_root"]), bytes.fromhex(day["root"])
            if not consistent(size, old, day["size"], new, proof):
                found.append(("head_invalid", f"{where}: rows are not those of the head"))
                return
    entries: dict[int, tuple[bytes, bytes]] = {}
    for one in shown["entries"]:
        data = base64.b64decode(one["entry"], validate=True)
        path = [bytes.fromhex(node) for node in one["path"]]
        leaf = hashlib.sha256(b"\x00" + data).digest()
        made = root_of(leaf, index=one["index"], size=head["tally_size"], path=path)
        if made != bytes.fromhex(head["tally_root"]):
            found.append(("head_invalid", f"{where}: tally"))
            return
        (length,) = struct.unpack_from(">H", data)
        entries[one["index"]] = data[2 : 2 + length], data[2 + length :]
    for name in sorted(wanted):
        leaves = [
            leaf for _, number, _, names, leaf in sorted(rows, key=lambda row: row[1])
            if name in names and first < number <= head["row"]
        ]  # fmt: skip
        counted = [told for known, told in entries.values() if known == name]
        before = max((i for i, (known, _) in entries.items() if known < name), default=-1)
        after = min(
            (i for i, (known, _) in entries.items() if known > name), default=head["tally_size"]
        )
        absent = not leaves and after == before + 1
        if counted != [_counted(leaves)] if counted else not absent:
            found.append(("record_omitted", f"{where}: {name.decode('utf-8', 'replace')}"))


def _counted(leaves: Sequence[bytes]) -> bytes:
    digest = bytes(32)
    for at in range(0, len(leaves), 16):
        digest = hashlib.sha256(digest + b"".join(leaves[at : at + 16])).digest()
    return struct.pack(">Q", len(leaves)) + digest


def consistent(size: int, old: bytes, larger: int, new: bytes, path: Sequence[bytes]) -> bool:
    """RFC 9162, 2.1.4.2."""
    if not 0 < size <= larger:
        return False
    if size == larger:
        return not path and old == new
    nodes = list(path) if size & (size - 1) else [old, *path]
    if not nodes:
        return False
    node, last = size - 1, larger - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_made = new_made = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_made = hashlib.sha256(b"\x01" + sibling + old_made).digest()
            new_made = hashlib.sha256(b"\x01" + sibling + new_made).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_made = hashlib.sha256(b"\x01" + new_made + sibling).digest()
        node, last = node >> 1, last >> 1
    return last == 0 and (old_made, new_made) == (old, new)


def _head_holds(day: Said, keys: Keys) -> bool:
    seal = day["seal"]
    if seal is None:
        return True
    segment = seal["segment"]
    named = segment["worker"], segment["day"], seal["merkle_root"]
    size = seal["last_row"] - segment["first_row"] + 1
    if (*named, size) != (day["worker"], day["day"], day["root"], day["size"]):
        return False
    content = canonical({key: value for key, value in seal.items() if key != "signature"})
    return not keys or any(signed(key, content, seal["signature"]) for key in keys)


def _row_holds(row: Said, day: Said) -> bool:
    """Whether the row's bytes are the row they are said to be, at their place in the day."""
    try:
        entry = base64.b64decode(row["entry"], validate=True)
        size = ROW_HEAD.unpack_from(entry)[4]
        number, _, _, leaf = read_row(entry)
        path = [bytes.fromhex(node) for node in row["path"]]
        root = bytes.fromhex(day["root"])
    except (binascii.Error, struct.error, ValueError, IndexError):
        return False
    worker = entry[ROW_HEAD.size : ROW_HEAD.size + size].decode("ascii", "replace")
    if (number, worker) != (row["row"], row["worker"]):
        return False
    return root_of(leaf, index=row["index"], size=day["size"], path=path) == root


def root_of(hashed: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root an inclusion proof of a leaf hash leads to (RFC 9162, 2.1.3.2); None if its shape is
    wrong."""
    if not 0 <= index < size:
        return None
    node, last = index, size - 1
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            hashed = hashlib.sha256(b"\x01" + sibling + hashed).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hashed = hashlib.sha256(b"\x01" + hashed + sibling).digest()
        node, last = node >> 1, last >> 1
    return hashed if last == 0 else None


def read_key(path: Path) -> Ed25519PublicKey:
    """A PEM public key; raises ValueError or OSError."""
    key = serialization.load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")
    return key


def verdict_on(path: Path, data: bytes, trusted: Keys) -> dict[str, Any]:
    found: list[Problem] = []
    stamped = None
    if data.startswith(b"PK"):
        report, signer, stamped = check_package(data, trusted, found)
    else:
        report, signer = check_report(data, trusted, found)
    return {
        "file": path.name,
        "holds": not found,
        "shipment": report.get("shipment") if report is not None else None,
        "signer": key_id(signer) if signer is not None else None,
        "timestamp": None if stamped is None else "not checked" if stamped else "none",
        "problems": [{"code": code, "detail": detail} for code, detail in dict.fromkeys(found)],
    }


def lines_of(answer: Said, *, trusted: bool) -> list[str]:
    if not answer["holds"]:
        said = [f"    {problem['code']}: {problem['detail']}" for problem in answer["problems"]]
        return [f"✗ {answer['file']}: 已被改动或无法核验 / altered, or not to be verified", *said]
    who = "未签名 / not signed"
    if answer["signer"] is not None:
        whose = "受信 / trusted" if trusted else "请核对密钥归属 / check whose key this is"
        who = f"签名 / signed: {answer['signer']} ({whose})"
    stamp = {
        "none": ["    没有时间戳 / no timestamp token"],
        "not checked": ["    时间戳未核验 / time stamp not checked: openssl ts -verify"],
    }
    return [
        f"✓ {answer['file']}: 摘要、签名与包含证明一致 / digests, signature and proofs hold;"
        f" 运单 / shipment {answer['shipment']}",
        f"    {who}",
        *(f"    见证 / witness: {line}" for line in answer.get("witnessed", ())),
        *stamp.get(answer["timestamp"], []),
        "    未重新评判 / not judged again: coldwitness verify",
    ]


NOBODY_VOUCHES = 3
_SEVERITY = (0, NOBODY_VOUCHES, 1, 2)
"""Exit codes, the best first: of several files the worst counts."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="report or package")
    parser.add_argument("--key", action="append", default=[], type=Path, help="trusted key (PEM)")
    parser.add_argument("--witness", action="append", default=[], help="key: name+id+base64")
    parser.add_argument("--key-history", type=Path, help="the issuer's: keys joined to --key count")
    parser.add_argument("--json", action="store_true", help="one JSON object a file")
    asked = parser.parse_args()
    worst = 0
    try:
        trusted = [read_key(path) for path in asked.key]
        if asked.key_history is not None:
            lines = asked.key_history.read_bytes().splitlines()
            trusted = vouched_keys(trusted, [json.loads(line) for line in lines])
    except (OSError, ValueError, TypeError) as error:
        print(f"--key: {error}", file=sys.stderr)
        return 2
    for path in asked.files:
        try:
            data = path.read_bytes()
        except OSError as error:
            print(f"{path}: {error.strerror}", file=sys.stderr)
            worst = 2
            continue
        if data.startswith(b"%PDF-"):
            print(f"{path}: only coldwitness verify can hold PDF pages", file=sys.stderr)
            worst = 2
            continue
        answer = verdict_on(path, data, trusted)
        if asked.witness and answer["holds"]:
            try:
                answer["witnessed"] = witness_lines(data, asked.witness)
            except (*MALFORMED, zipfile.BadZipFile) as error:
                problem = {"code": "witness_missing", "detail": str(error)[:200]}
                answer |= {"holds": False, "problems": [problem]}
        found = (0 if trusted else NOBODY_VOUCHES) if answer["holds"] else 1
        worst = max(worst, found, key=_SEVERITY.index)
        shown = json.dumps(answer, ensure_ascii=False)
        print(shown if asked.json else "\n".join(lines_of(answer, trusted=bool(trusted))))
    return worst


if __name__ == "__main__":
    sys.exit(main())
