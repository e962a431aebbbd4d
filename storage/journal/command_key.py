"""A key that this machine does not hold: a command signs with it (a token, another machine)."""

import base64
import subprocess
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.domain.errors import Unavailable

_WITHIN_S = 20.0
_SIGNATURE_BYTES = 64


class CommandKey:
    """Each signature is one run: the bytes to sign on its standard input, the signature on its
    standard output, raw or in base64. One that the public key does not hold is none."""

    def __init__(self, command: Sequence[str], public: Ed25519PublicKey) -> None:
        self._command = list(command)
        self._public = public

    def public_key(self) -> Ed25519PublicKey:
        return self._public

    def sign(self, data: bytes | memoryview) -> bytes:
        """Raises Unavailable naming the command where it fails, takes too long, or signs with
        another key."""
        name = self._command[0]
        try:
            done = subprocess.run(
                self._command, input=data, capture_output=True, timeout=_WITHIN_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"signing command {name}: {error}") from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()[-200:]
            raise Unavailable(f"signing command {name}: exit {done.returncode}: {said}")
        signature = done.stdout
        if len(signature) != _SIGNATURE_BYTES:
            try:
                signature = base64.b64decode(signature.strip(), validate=True)
            except ValueError as error:
                raise Unavailable(f"signing command {name}: its answer is no signature") from error
        try:
            self._public.verify(signature, data)
        except InvalidSignature as error:
            raise Unavailable(
                f"signing command {name}: its signature is not of the key beside it (.pub)"
            ) from error
        return signature
