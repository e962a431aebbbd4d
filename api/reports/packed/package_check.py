"""Does an evidence package still match itself, its signature, its journal and its verdict?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import IO

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509 import Certificate

from coldwitness.api.reports.made.model import Evidenced
from coldwitness.api.reports.made.seal import canonical
from coldwitness.api.reports.made.written import READ_AT_ONCE, Digests, Given, Held, Kept, says
from coldwitness.api.reports.packed import package
from coldwitness.api.reports.packed.journal_part import JournalPart, doubts_about, removed_in
from coldwitness.api.reports.packed.members import members_of
from coldwitness.api.reports.packed.package import (
    Contents,
    Entry,
    PackageSignature,
    readings_parts,
)
from coldwitness.api.reports.packed.rejudging import pack_of
from coldwitness.api.reports.packed.standalone_verify import MOST_BYTES
from coldwitness.api.reports.packed.statement import doubts_about_statement
from coldwitness.api.reports.packed.verification import (
    Complete,
    Findings,
    Problem,
    Verified,
    beginning_of,
    checked_pdf,
    checked_report,
    concluded,
    verify_bytes,
)
from coldwitness.api.reports.packed.witnessed import Seen
from coldwitness.config.rules import RulePack, pack_from_text
from coldwitness.domain.errors import BadInput, ConfigError
from coldwitness.domain.instants import rfc3339
from coldwitness.judging.rulebook import Rulebook
from coldwitness.storage.decisions import Redacted
from coldwitness.storage.journal.key_history import KeyStatement, key_id, vouched_keys
from coldwitness.storage.journal.signed_note import NoteKey
from coldwitness.storage.journal.signing import ALGORITHM, signature_holds
from coldwitness.storage.witness.timestamp import Stamp, require_authority, stamp_of

_REQUIRED = (
    package.REPORT,
    package.PDF,
    package.READINGS,
    package.MANIFEST,
    package.EVENTS,
    package.RULES,
)
_FILE_BYTES = MOST_BYTES + 1_000_000
"""Of a package also what the zip takes itself."""


def verify_any(
    data: bytes | Held,
    *,
    rulebook: Rulebook,
    trusted: Sequence[Ed25519PublicKey] = (),
    authorities: Sequence[Certificate] = (),
    witnesses: Sequence[NoteKey] = (),
    anew: bool = False,
) -> Verified:
    """Verify a report (JSON, PDF) or an evidence package, told apart by their beginning.

    authorities : of time stamps; where some are named, a file without a time stamp that they
    vouch for does not hold. witnesses : likewise of the heads behind a package's rows. Only a
    package can carry either. anew : judge a report of an earlier
    form by this version too.
    """
    data = Given(data) if isinstance(data, bytes) else data
    if data.size > _FILE_BYTES:
        return Verified(kind="report", problems=(Problem("not_readable", "too large"),))
    if beginning_of(data).startswith(b"PK"):
        return verify_package(
            data if isinstance(data, Kept) else Kept(data.parts()),
            rulebook=rulebook,
            trusted=trusted,
            authorities=authorities,
            witnesses=witnesses,
            anew=anew,
        )
    verified = verify_bytes(data, rulebook=rulebook, trusted=trusted, anew=anew)
    missing = [
        Problem(code, "only a package carries one")
        for code, asked in (("timestamp_missing", authorities), ("witness_missing", witnesses))
        if asked
    ]
    return replace(verified, problems=(*verified.problems, *missing))


def some_of(file: IO[bytes]) -> Iterator[bytes]:
    """All of a file, or enough to see that it is too large."""
    left = _FILE_BYTES + 1
    while left and (part := file.read(min(READ_AT_ONCE, left))):
        left -= len(part)
        yield part


def verify_package(
    data: Kept,
    *,
    rulebook: Rulebook,
    trusted: Sequence[Ed25519PublicKey] = (),
    authorities: Sequence[Certificate] = (),
    witnesses: Sequence[NoteKey] = (),
    anew: bool = False,
) -> Verified:
    found = Findings(anew=anew)
    files = _files(data, found)
    if files is None:
        return Verified(kind="package", problems=tuple(found.problems))
    stated = _stated(files)
    trusted = vouched_keys(trusted, stated)
    contents, signer = _contents(files, found, trusted)
    if contents is not None:
        _check_files(contents, files, found)
    if signer is not None:
        log = vouched_keys([*trusted, signer], stated)
        small = {name: bytes(files[name].held()) for name in package.HEAD if name in files}
        listed = small[package.CONTENTS]
        for code, detail in doubts_about_statement(small, listed, signer=signer, log=log):
            found.add(code, detail)
    report, complete = None, None
    removed: tuple[Redacted, ...] = ()
    seen: tuple[Seen, ...] = ()
    if package.REPORT in files:
        report = checked_report(files[package.REPORT], found, rulebook=rulebook, trusted=trusted)
    if report is not None:
        _check_agreement(report, contents, files, found, rulebook)
        key = report.seal.public_key if report.seal is not None else None
        if signer is not None and key not in {None, signer.public_bytes_raw().hex()}:
            found.add("files_disagree", "signing keys")
        _check_pdf(report, files, found, rulebook, trusted)
        keys = vouched_keys([*trusted, *([signer] if signer else [])], stated)
        complete, removed, seen = _check_journal(report, contents, files, found, keys, witnesses)
    for witness in witnesses:
        if witness.name not in {one.witness for one in seen}:
            found.add("witness_missing", witness.name)
    stamp, vouched = _check_stamp(files, found, authorities)
    verified = concluded("package", report, found, trusted)
    return replace(
        verified, stamp=stamp, stamp_trusted=vouched, complete=complete, removed=removed, seen=seen
    )


class _Sealed(msgspec.Struct):
    keys: tuple[KeyStatement, ...] = ()


class _Stated(msgspec.Struct):
    seal: _Sealed | None = None


def _stated(files: Mapping[str, Held]) -> tuple[KeyStatement, ...]:
    """What the report's seal says of keys; nothing where it cannot be read: that is told later."""
    try:
        said = msgspec.json.decode(_whole(files, package.REPORT), type=_Stated)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ()
    return () if said.seal is None else said.seal.keys


def _check_stamp(
    files: Mapping[str, Held], found: Findings, authorities: Sequence[Certificate]
) -> tuple[Stamp | None, bool | None]:
    """What the token says where it is over the signature in the package, and whether one of
    `authorities` signed it (None where none is named or there is nothing to ask it about)."""
    token, signed = (_bytes(files, name) for name in (package.STAMP, package.SIGNATURE))
    if token is None or signed is None:
        if authorities:
            found.add("timestamp_missing")
        return None, None
    try:
        stamp = stamp_of(token, signed)
    except BadInput as error:
        found.add("timestamp_invalid", str(error))
        return None, None
    if not authorities:
        return stamp, None
    try:
        require_authority(token, signed, authorities)
    except BadInput as error:
        found.add("timestamp_invalid", str(error))
        return stamp, False
    return stamp, True


def _files(data: Kept, found: Findings) -> dict[str, Held] | None:
    """Contents by name; the zip must be exactly the one our writer makes of them."""
    try:
        files, ours = members_of(data)
    except BadInput as error:
        found.add("not_readable", str(error))
        return None
    if not ours:
        found.add("package_altered")
    return files


def _bytes(files: Mapping[str, Held], name: str) -> bytes | None:
    """Of a file that is short."""
    return bytes(files[name].held()) if name in files else None


def _whole(files: Mapping[str, Held], name: str) -> bytes | memoryview:
    return files[name].held() if name in files else b""


def _contents(
    files: Mapping[str, Held], found: Findings, trusted: Sequence[Ed25519PublicKey]
) -> tuple[Contents | None, Ed25519PublicKey | None]:
    """The list of contents, and the key that signed it where its signature holds."""
    listed = _bytes(files, package.CONTENTS)
    if listed is None:
        found.add("file_missing", package.CONTENTS)
        return None, None
    try:
        contents = msgspec.json.decode(listed, type=Contents)
        if canonical(msgspec.to_builtins(contents)) + b"\n" != listed:
            found.add("not_canonical", package.CONTENTS)
    except (msgspec.MsgspecError, UnicodeDecodeError, BadInput) as error:
        found.add("not_readable", f"{package.CONTENTS}: {error}")
        contents = None
    return contents, _signer(listed, _bytes(files, package.SIGNATURE), found, trusted)


def _signer(
    listed: bytes,
    signed: bytes | None,
    found: Findings,
    trusted: Sequence[Ed25519PublicKey],
) -> Ed25519PublicKey | None:
    if signed is None:
        found.add("signature_missing", package.SIGNATURE)
        return None
    try:
        signature = msgspec.json.decode(signed, type=PackageSignature)
        if canonical(msgspec.to_builtins(signature)) + b"\n" != signed:
            found.add("not_canonical", package.SIGNATURE)
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.public_key))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        found.add("signature_invalid", str(error)[:200])
        return None
    holds = signature_holds(public, listed, signature.signature)
    if signature.algorithm != ALGORITHM or not holds:
        found.add("signature_invalid", package.CONTENTS)
        return None
    if trusted and key_id(public) not in {key_id(key) for key in trusted}:
        found.add("signer_unknown", key_id(public))
    return public


def _check_files(contents: Contents, files: Mapping[str, Held], found: Findings) -> None:
    if contents.schema != package.SCHEMA:
        found.add("not_readable", f"schema {contents.schema}")
    listed = {entry.name: entry for entry in contents.files}
    if len(listed) != len(contents.files):
        found.add("package_altered", "a name is listed twice")
    for name in sorted({*listed, *_REQUIRED}):
        if name not in files or name not in listed:
            found.add("file_missing", name)
        elif _entry(name, files[name]) != listed[name]:
            found.add("file_altered", name)
    order = [*(name for name in package.HEAD if name in files), *listed]
    if sorted(files) == sorted(order) and list(files) != order:
        found.add("package_altered", "files in another order")
    for name in sorted(set(files) - {*listed, *package.HEAD}):
        found.add("file_added", name)


def _entry(name: str, data: Held) -> Entry:
    digests = Digests()
    for part in data.parts():
        digests.add(part)
    sha256, sm3 = digests.told()
    return Entry(name=name, size=data.size, sha256=sha256, sm3=sm3)


def _check_agreement(
    report: Evidenced,
    contents: Contents | None,
    files: Mapping[str, Held],
    found: Findings,
    rulebook: Rulebook,
) -> None:
    """Every file says what the report says."""
    if contents is not None:
        named = (contents.shipment, contents.report_sha256)
        if named != (report.shipment, report.seal.sha256 if report.seal else ""):
            found.add("files_disagree", package.CONTENTS)
    expected: dict[str, Iterable[bytes]] = {
        package.READINGS: readings_parts(report),
        package.MANIFEST: [canonical(report.manifest), b"\n"],
        package.EVENTS: (canonical(event) + b"\n" for event in report.events),
    }
    for name, parts in expected.items():
        if name in files and not _says(files[name], parts, found):
            found.add("files_disagree", name)
    if package.RULES not in files:
        return
    installed = pack_of(report, rulebook)
    try:
        enclosed: RulePack | None = pack_from_text(
            bytes(files[package.RULES].held()).decode("utf-8"), where=package.RULES
        )
    except (ConfigError, UnicodeDecodeError) as error:
        found.add("rules_edited", str(error)[:200])
        return
    if installed is not None and enclosed != installed:
        found.add("rules_edited", package.RULES)


def _says(data: Held, parts: Iterable[bytes], found: Findings) -> bool:
    """Whether the report says this file; one out of shape says nothing."""
    try:
        return says(data, parts)
    except (BadInput, ValueError, KeyError, TypeError, IndexError) as error:
        found.add("evidence_unreadable", str(error)[:200])
        return False


def _check_pdf(
    report: Evidenced,
    files: Mapping[str, Held],
    found: Findings,
    rulebook: Rulebook,
    trusted: Sequence[Ed25519PublicKey],
) -> None:
    if package.PDF not in files:
        return
    inside = checked_pdf(
        files[package.PDF],
        found,
        rulebook=rulebook,
        trusted=trusted,
        twin=files[package.REPORT],
        known=report,
    )
    if inside is not None and inside != report:
        found.add("files_disagree", package.PDF)


def _check_journal(
    report: Evidenced,
    contents: Contents | None,
    files: Mapping[str, Held],
    found: Findings,
    trusted: Sequence[Ed25519PublicKey],
    witnesses: Sequence[NoteKey],
) -> tuple[Complete | None, tuple[Redacted, ...], tuple[Seen, ...]]:
    """For which days the rows are all there, where the package says so, which of their messages an
    order removed, and which heads behind them the witnesses saw; nothing of that where something
    speaks against its rows."""
    if package.JOURNAL not in files:
        if contents is not None and not contents.journal.startswith("none"):
            found.add("file_missing", package.JOURNAL)
        return None, (), ()
    data = files[package.JOURNAL]
    try:
        part = msgspec.json.decode(data.held(), type=JournalPart)
        if not says(data, [canonical(msgspec.to_builtins(part)), b"\n"]):
            found.add("not_canonical", package.JOURNAL)
    except (msgspec.MsgspecError, UnicodeDecodeError, BadInput) as error:
        found.add("not_readable", f"{package.JOURNAL}: {error}"[:200])
        return None, (), ()
    doubts = doubts_about(part, report, trusted)
    for code, detail in doubts:
        found.add(code, detail)
    said = part.completeness
    if doubts:
        return None, (), ()
    removed = tuple(removed_in(part))
    if said is None:
        return None, removed, ()
    try:
        until = rfc3339(said.until_ms())
    except OverflowError:  # nobody signed such a head
        found.add("head_invalid", f"signed at {said.until_ms()} ms")
        return None, removed, ()
    complete = Complete(said.first_day, said.last_day, until)
    return complete, removed, tuple(said.seen_by(witnesses))
