"""What a report's seal covers: the RFC 8785 form of everything in it but the seal itself."""

import hashlib
from typing import Any

import msgspec
import rfc8785

from coldwitness.api.reports.made.model import Report, Seal
from coldwitness.domain.digests import sm3
from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.signing import ALGORITHM, Signer


def plain(report: Report) -> dict[str, Any]:
    """The report as JSON-ready values; `beside` and `issue` only where there is such."""
    values: dict[str, Any] = msgspec.to_builtins(report)
    for name in ("beside", "issue"):
        if values[name] is None:
            del values[name]
    return values


def canonical(values: Any) -> bytes:
    """RFC 8785 bytes; raises BadInput for what JSON cannot hold (NaN, huge integers)."""
    try:
        return rfc8785.dumps(values)
    except rfc8785.CanonicalizationError as error:
        raise BadInput(f"report: not representable as canonical JSON: {error}") from error


def sealed_bytes(report: Report) -> bytes:
    """The bytes that digests and signature are made over."""
    return without_seal(plain(report))


def without_seal(values: dict[str, Any]) -> bytes:
    """Those bytes, of a report as JSON-ready values."""
    return canonical({name: value for name, value in values.items() if name != "seal"})


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sealed(report: Report, signer: Signer | None = None) -> Report:
    """The report with its digests, and signed if there is a signer."""
    data = sealed_bytes(report)
    seal = Seal(
        sha256=sha256_hex(data),
        sm3=sm3(data),
        algorithm=ALGORITHM if signer is not None else None,
        public_key=signer.public.public_bytes_raw().hex() if signer is not None else None,
        signature=signer.sign(data) if signer is not None else None,
        keys=signer.history if signer is not None and signer.history else msgspec.UNSET,
    )
    return msgspec.structs.replace(report, seal=seal)
