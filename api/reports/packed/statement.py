"""A package as a signed statement of SCITT (RFC 9943): that it was issued, in the form that tools
of others read, with the receipt of the journal in which that was written down.

The statement is a COSE_Sign1 over the bytes of package.json. Its SHA-256, as it was signed, stands
in a row of the journal; the row lies beside it, and its receipt is attached to it.
"""

from collections.abc import Callable, Mapping, Sequence

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.api.reports.made.seal import sha256_hex
from coldwitness.domain.errors import BadInput
from coldwitness.storage.decisions import Issued, decision_of
from coldwitness.storage.journal.receipt import (
    CONTENT_TYPE,
    COSE_SIGN1,
    CWT_CLAIMS,
    ISSUER,
    KEY_ID,
    SUBJECT,
    read_sign1,
    receipt_holds,
    sign1,
    signed_by,
)
from coldwitness.storage.journal.rows import parse_row, row_bytes
from coldwitness.storage.journal.signing import Signer

STATEMENT = "package.cose"
ROW = "package.row"
MEDIA_TYPE = "application/vnd.coldwitness.package+json"
_RECEIPTS = 394
Registered = tuple[bytes, bytes]
"""The receipt of the row in which a statement was written down, and the row's kept bytes."""
Registering = Callable[[str], Registered]
"""Writes down the SHA-256 (hex) of a statement."""


def signed_statement(contents: bytes, signer: Signer, *, issuer: str, shipment: str) -> bytes:
    """contents : bytes of package.json. issuer : the log's name."""
    protected = {
        CONTENT_TYPE: MEDIA_TYPE,
        KEY_ID: signer.key_id.encode("ascii"),
        CWT_CLAIMS: {ISSUER: issuer, SUBJECT: f"shipment {shipment}"},
    }
    return sign1(contents, protected, signer)


def with_receipt(statement: bytes, receipt: bytes) -> bytes:
    """The same as a transparent statement."""
    protected, _, payload, signature = read_sign1(statement)
    message = [protected, {_RECEIPTS: [receipt]}, payload, signature]
    return bytes(cbor2.dumps(cbor2.CBORTag(COSE_SIGN1, message), canonical=True))


def statement_files(
    contents: bytes, signer: Signer, *, issuer: str, shipment: str, register: Registering | None
) -> dict[str, bytes]:
    """What of it lies in the package. register : None where there is no journal."""
    statement = signed_statement(contents, signer, issuer=issuer, shipment=shipment)
    if register is None:
        return {STATEMENT: statement}
    receipt, row = register(sha256_hex(statement))
    return {STATEMENT: with_receipt(statement, receipt), ROW: row}


def doubts_about_statement(
    files: Mapping[str, bytes],
    contents: bytes,
    *,
    signer: Ed25519PublicKey,
    log: Sequence[Ed25519PublicKey],
) -> list[tuple[str, str]]:
    """What speaks against the statement in a package; nothing where there is none. signer : of the
    package; log : keys of which one has to have signed the receipt."""
    if STATEMENT not in files:
        return []
    try:
        protected, unprotected, payload, signature = read_sign1(files[STATEMENT])
        if payload != contents:
            return [("statement_invalid", "is not about this package")]
        if not signed_by(protected, contents, signature, [signer]):
            return [("statement_invalid", "not signed by the package's key")]
        plain = cbor2.CBORTag(COSE_SIGN1, [protected, {}, payload, signature])
        return _unregistered(
            files, unprotected, sha256_hex(cbor2.dumps(plain, canonical=True)), log
        )
    except (ValueError, TypeError, AttributeError, BadInput, cbor2.CBORDecodeError) as error:
        return [("statement_invalid", str(error)[:200])]


def _unregistered(
    files: Mapping[str, bytes],
    unprotected: Mapping[object, object],
    sha256: str,
    log: Sequence[Ed25519PublicKey],
) -> list[tuple[str, str]]:
    receipts = unprotected.get(_RECEIPTS)
    if ROW not in files and not receipts:
        return []
    row = parse_row(files.get(ROW, b""))
    decision = decision_of(row)
    if not isinstance(decision, Issued) or decision.statement_sha256 != sha256:
        return [("statement_invalid", "its row is another one")]
    held = isinstance(receipts, Sequence) and all(
        isinstance(one, bytes) and receipt_holds(one, row_bytes(row), log) for one in receipts
    )
    return [] if held else [("statement_invalid", "its receipt is not one of the journal's")]
