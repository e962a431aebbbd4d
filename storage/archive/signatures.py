"""Lists of hashes, signed with the journal's key: who could change files could change a bare list.

The signature is Ed25519 over the canonical JSON (RFC 8785) of the list without `signature`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.storage.journal import Signer
from coldwitness.storage.journal.key_history import KeyStatement, key_id, vouched_keys
from coldwitness.storage.journal.signing import ALGORITHM, signature_holds


def signed(said: Mapping[str, Any], signer: Signer | None) -> dict[str, Any]:
    """The list with `signed_by` and `signature`; as it is where there is no key."""
    if signer is None:
        return dict(said)
    named = {**said, "signed_by": {"algorithm": ALGORITHM, "key_id": signer.key_id}}
    return {**named, "signature": signer.sign(rfc8785.dumps(named))}


def signature_problem(
    said: Mapping[str, Any],
    public: Ed25519PublicKey | None,
    history: Sequence[KeyStatement] = (),
) -> str | None:
    """What is wrong with the signature, None if nothing; without a key nothing can be said.
    history : which keys it may have vouched for."""
    if public is None:
        return None
    signature = said.get("signature")
    if not isinstance(signature, str):
        return f"not signed; expected a signature of key {key_id(public)}"
    rest = {key: value for key, value in said.items() if key != "signature"}
    try:
        message = rfc8785.dumps(rest)
    except rfc8785.CanonicalizationError:
        return "no canonical form: its signature cannot be checked"
    if any(signature_holds(key, message, signature) for key in vouched_keys([public], history)):
        return None
    return f"its signature is not one of key {key_id(public)} over what it says"
