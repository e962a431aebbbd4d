"""COSE receipts (RFC 9942, RFC9162_SHA256): that one row stands in its worker's day, in the form
that tools of others read. Who has a row's bytes and the log's public key needs nothing else.
"""

import base64

import cbor2

from coldwitness.storage.journal.reader import RowProof
from coldwitness.storage.journal.signing import Signer

COSE_SIGN1 = 18
_ALGORITHM, _KEY_ID, _CWT_CLAIMS = 1, 4, 15
_DATA_STRUCTURE, _DATA_PROOFS = 395, 396
_EDDSA = -8
_RFC9162_SHA256 = 1
_INCLUSION = -1
_ISSUER, _SUBJECT, _ISSUED_AT = 1, 2, 6


def row_receipt(proof: RowProof, signer: Signer, *, issuer: str, time_s: int) -> bytes:
    """The receipt for a row: the log signs the root of the day's tree as it stood with `proof.size`
    rows; the proof leads from the row's bytes to it. The root itself is not in it: whoever checks
    works it out.

    issuer : the log's name; time_s : when it is signed [UTC epoch s].
    """
    protected = cbor2.dumps(
        {
            _ALGORITHM: _EDDSA,
            _KEY_ID: signer.key_id.encode("ascii"),
            _CWT_CLAIMS: {
                _ISSUER: issuer,
                _SUBJECT: f"{proof.worker} {proof.day} row {proof.row}",
                _ISSUED_AT: time_s,
            },
            _DATA_STRUCTURE: _RFC9162_SHA256,
        },
        canonical=True,
    )
    signed = cbor2.dumps(["Signature1", protected, b"", proof.root], canonical=True)
    inclusion = cbor2.dumps([proof.size, proof.index, list(proof.path)], canonical=True)
    unprotected = {_DATA_PROOFS: {_INCLUSION: [inclusion]}}
    signature = base64.b64decode(signer.sign(signed))
    message = [protected, unprotected, None, signature]
    return bytes(cbor2.dumps(cbor2.CBORTag(COSE_SIGN1, message), canonical=True))
