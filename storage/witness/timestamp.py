"""RFC 3161: a time-stamp authority's word that bytes existed at a time, asked for and checked."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.domain.instants import rfc3339

MOST_BYTES = 1_000_000
"""An answer that is longer is no time stamp: tokens with their certificates have some kB."""
ASK_WITHIN_S = 20.0
_DIGESTS = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}


@dataclass(frozen=True)
class Stamp:
    """What a token says. at : the authority's time, RFC 3339 with Z; serial : its number."""

    at: str
    serial: str


def stamp_of(token: bytes, stamped: bytes) -> Stamp:
    """What `token` (DER, a TimeStampResp) says about the bytes `stamped`.

    The authority's signature is not looked at: `require_authority` does. Raises BadInput for
    what is no granted token, and for one over other bytes.
    """
    try:
        info = _granted(token).tst_info
        name, message = info.message_imprint.hash_algorithm, info.message_imprint.message
        stamp = Stamp(
            at=rfc3339(round(info.gen_time.timestamp() * 1000)), serial=f"{info.serial_number:x}"
        )
    except (ValueError, OverflowError) as error:
        raise BadInput(f"time stamp: not readable: {error}"[:200]) from error
    digest = _DIGESTS.get(name.dotted_string)
    if digest is None:
        raise BadInput(f"time stamp: unknown digest {name.dotted_string}")
    if digest(stamped).digest() != message:
        raise BadInput("time stamp: made of other bytes")
    return stamp


def require_authority(token: bytes, stamped: bytes, authorities: Sequence[Certificate]) -> None:
    """Raises BadInput unless the token is signed by an authority that `authorities` (roots and
    intermediates) vouch for, as of its own time, with a certificate for time stamping."""
    builder = VerifierBuilder()
    for certificate in dict.fromkeys(authorities):
        builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(_granted(token), stamped)
    except (VerificationError, ValueError) as error:
        raise BadInput(f"time stamp: {error}") from error


def ask_for_stamp(url: str, data: bytes) -> bytes:
    """The answer of the authority at `url` over the SHA-256 of `data`, as it came.

    Raises Unavailable where nothing usable answers, BadInput where the answer is not one over
    these bytes. Nothing but the digest is sent.
    """
    request = (
        TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce().build()
    )
    try:
        answer = httpx.post(
            url,
            content=request.as_bytes(),
            headers={"Content-Type": "application/timestamp-query"},
            timeout=ASK_WITHIN_S,
        )
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"time-stamp authority {url}: {error}") from error
    token = answer.content
    if len(token) > MOST_BYTES:
        raise BadInput(f"time-stamp authority {url}: answered {len(token)} bytes")
    stamp_of(token, data)
    if _granted(token).tst_info.nonce != request.nonce:
        raise BadInput(f"time-stamp authority {url}: answered another request (nonce)")
    return token


def read_token(path: Path, stamped: bytes) -> bytes:
    """A token made elsewhere (`openssl ts`), which has to be over `stamped`. Raises BadInput."""
    try:
        token = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    try:
        stamp_of(token, stamped)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    return token


def read_authorities(path: Path) -> list[Certificate]:
    """Certificates (PEM, one or several) of the authorities to trust. Raises BadInput."""
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadInput(f"{path}: expected certificates in PEM form") from error


def _granted(token: bytes) -> TimeStampResponse:
    """Raises ValueError for what is no TimeStampResp, BadInput for one that grants nothing."""
    answer = decode_timestamp_response(token)
    if answer.status != PKIStatus.GRANTED:
        raise BadInput(f"time stamp: refused by the authority (status {answer.status})")
    return answer
