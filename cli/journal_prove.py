"""`coldwitness journal prove`: rows as they were received, each with a receipt others can check."""

import time
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.journal_folder import DirectoryOption, directory_of
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal import JournalReader, existing_signer, layout
from coldwitness.storage.journal.head_log import origin_of
from coldwitness.storage.journal.receipt import row_receipt
from coldwitness.storage.journal.rows import kept_bytes


def prove(
    context: typer.Context,
    worker: Annotated[str, typer.Argument(help="the worker whose rows they are, such as w1")],
    rows: Annotated[list[int], typer.Argument(min=1, help="row numbers")],
    output: Annotated[Path, typer.Option("-o", "--output", help="folder to write into")],
    directory: DirectoryOption = None,
) -> None:
    """Write each row's bytes (WORKER-ROW.row), a COSE receipt (WORKER-ROW.cbor; RFC 9942) that
    it stands in its day, signed by the journal's key, its message (WORKER-ROW.message), and what
    opens the commitment to it (WORKER-ROW.kept)."""
    folder = directory_of(context, directory)
    journal = settings_of(context).journal.model_copy(update={"directory": folder})
    signer = existing_signer(journal, "log")
    if signer is None:
        raise BadInput(f"journal {folder}: its signing key is not here")
    issuer = origin_of(layout.worker_folder(folder, worker)) or f"coldwitness/{signer.key_id}"
    now_s = int(time.time())
    try:
        output.mkdir(parents=True, exist_ok=True)
        for proof in JournalReader(folder).proofs(worker, rows):
            name = f"{worker}-{proof.row}"
            (output / f"{name}.row").write_bytes(proof.entry)
            (output / f"{name}.kept").write_bytes(kept_bytes(proof.whole))
            if not proof.whole.removed:
                (output / f"{name}.message").write_bytes(proof.whole.payload)
            receipt = row_receipt(proof, signer, issuer=issuer, time_s=now_s)
            (output / f"{name}.cbor").write_bytes(receipt)
            typer.echo(f"{name}: {proof.day}, place {proof.index} of {proof.size}")
    except OSError as error:
        raise Unavailable(f"{output}: {error.strerror}") from error
