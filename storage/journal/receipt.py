"""COSE receipts (RFC 9942, RFC9162_SHA256): that one row stands in its worker's day, in the form
that tools of others read. Who has a row's bytes and the log's public key needs nothing else.
"""

import base64
from collections.abc import Mapping, Sequence

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.storage.journal.merkle import leaf_hash, root_from_inclusion
from coldwitness.storage.journal.reader import RowProof
from coldwitness.storage.journal.signing import Signer

COSE_SIGN1 = 18
ALGORITHM, CONTENT_TYPE, KEY_ID, CWT_CLAIMS = 1, 3, 4, 15
ISSUER, SUBJECT, ISSUED_AT = 1, 2, 6
EDDSA = -8
_DATA_STRUCTURE, _DATA_PROOFS = 395, 396
_RFC9162_SHA256 = 1
_INCLUSION = -1


def sign1(
    payload: bytes,
    protected: Mapping[int, object],
    signer: Signer,
    *,
    unprotected: Mapping[int, object] | None = None,
    detached: bool = False,
) -> bytes:
    """A tagged COSE_Sign1 (RFC 9052) by an Ed25519 key. detached : without the payload itself."""
    head = cbor2.dumps({ALGORITHM: EDDSA, **protected}, canonical=True)
    signed = cbor2.dumps(["Signature1", head, b"", payload], canonical=True)
    signature = base64.b64decode(signer.sign(signed))
    message = [head, dict(unprotected or {}), None if detached else payload, signature]
    return bytes(cbor2.dumps(cbor2.CBORTag(COSE_SIGN1, message), canonical=True))


def read_sign1(message: bytes) -> tuple[bytes, Mapping[object, object], bytes | None, bytes]:
    """Protected header, unprotected header, payload and signature, of which nothing has been
    checked. Raises ValueError for what is no COSE_Sign1."""
    try:
        said = cbor2.loads(message)
    except (cbor2.CBORDecodeError, RecursionError) as error:
        raise ValueError(f"no CBOR: {error}") from error
    value = said.value if isinstance(said, cbor2.CBORTag) and said.tag == COSE_SIGN1 else None
    if not isinstance(value, Sequence) or len(value) != 4:
        raise ValueError("no COSE_Sign1")
    protected, unprotected, payload, signature = value
    if not (
        isinstance(protected, bytes)
        and isinstance(unprotected, Mapping)
        and isinstance(payload, bytes | None)
        and isinstance(signature, bytes)
    ):
        raise ValueError("no COSE_Sign1")
    return protected, unprotected, payload, signature


def signed_by(
    protected: bytes, payload: bytes, signature: bytes, keys: Sequence[Ed25519PublicKey]
) -> bool:
    """Whether one of the keys signed this, as EdDSA says."""
    if cbor2.loads(protected).get(ALGORITHM) != EDDSA:
        return False
    data = cbor2.dumps(["Signature1", protected, b"", payload], canonical=True)
    for key in keys:
        try:
            key.verify(signature, data)
        except InvalidSignature:
            continue
        return True
    return False


def row_receipt(proof: RowProof, signer: Signer, *, issuer: str, time_s: int) -> bytes:
    """The receipt for a row: the log signs the root of the day's tree as it stood with `proof.size`
    rows; the proof leads from the row's bytes to it. The root itself is not in it: whoever checks
    works it out.

    issuer : the log's name; time_s : when it is signed [UTC epoch s].
    """
    protected = {
        KEY_ID: signer.key_id.encode("ascii"),
        CWT_CLAIMS: {
            ISSUER: issuer,
            SUBJECT: f"{proof.worker} {proof.day} row {proof.row}",
            ISSUED_AT: time_s,
        },
        _DATA_STRUCTURE: _RFC9162_SHA256,
    }
    inclusion = cbor2.dumps([proof.size, proof.index, list(proof.path)], canonical=True)
    proofs = {_DATA_PROOFS: {_INCLUSION: [inclusion]}}
    return sign1(proof.root, protected, signer, unprotected=proofs, detached=True)


def receipt_holds(receipt: bytes, entry: bytes, keys: Sequence[Ed25519PublicKey]) -> bool:
    """Whether one of the keys signed a root to which the receipt leads from a row's bytes."""
    try:
        protected, unprotected, _, signature = read_sign1(receipt)
        proofs = unprotected[_DATA_PROOFS]
        inclusions = proofs[_INCLUSION] if isinstance(proofs, Mapping) else []
        (inclusion,) = inclusions
        size, index, path = cbor2.loads(inclusion)
        root = root_from_inclusion(leaf_hash(entry), index=index, size=size, proof=path)
        return root is not None and signed_by(protected, root, signature, keys)
    except (ValueError, TypeError, KeyError, AttributeError, cbor2.CBORDecodeError):
        return False
