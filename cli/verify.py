"""`coldwitness verify`: does this report or evidence package still match its evidence?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.api.reports.made.wording import Lang
from coldwitness.api.reports.made.written import Kept
from coldwitness.api.reports.packed.package_check import some_of, verify_any
from coldwitness.api.reports.packed.verification import Verified
from coldwitness.api.reports.packed.verified_words import verified_lines
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.storage.journal import journal_public_key, load_public_key
from coldwitness.storage.journal.key_history import key_id, read_history, vouched_keys
from coldwitness.storage.journal.role_keys import history_of
from coldwitness.storage.journal.signed_note import note_key
from coldwitness.storage.witness.timestamp import read_authorities

DIFFERS = 1
NOBODY_VOUCHES = 3


def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="report (.json, .pdf) or evidence package (.zip)")],
    key: Annotated[
        list[Path] | None,
        typer.Option(
            "--key",
            help="public key (PEM) that may have signed; may be repeated; then a report "
            "without such a signature does not hold",
        ),
    ] = None,
    key_history: Annotated[
        Path | None,
        typer.Option(
            "--key-history",
            help="the issuer's history of keys (keys/history.ndjson): keys before and after those "
            "of --key count as well",
        ),
    ] = None,
    tsa_ca: Annotated[
        list[Path] | None,
        typer.Option(
            "--tsa-ca",
            help="certificates (PEM) of the time-stamp authorities to trust; may be repeated; "
            "then a package without a time stamp that they vouch for does not hold",
        ),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            "--witness",
            help="key (name+id+base64) of a witness that must have seen the heads behind a "
            "package's rows; may be repeated",
        ),
    ] = None,
    anew: Annotated[
        bool,
        typer.Option(
            "--anew",
            help="judge a report of an earlier form again by this version and show what differs",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the findings as JSON")] = False,
    lang: Annotated[str, typer.Option("--lang", help="zh or en")] = "zh",
) -> None:
    """Judge the evidence inside again and check digests and signature.

    Exit 0 yes, 1 no, 3 whole, but not signed, or by a key for which nobody vouched (neither
    --key nor this machine's own journal key).
    """
    if lang not in ("zh", "en"):
        raise BadInput(f"--lang: expected zh or en, got {lang!r}")
    words: Lang = "en" if lang == "en" else "zh"
    try:
        with file.open("rb") as opened:
            data = Kept(some_of(opened))
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from error
    settings = settings_of(context)
    history = read_history(key_history) if key_history is not None else []
    trusted = vouched_keys([load_public_key(path) for path in key or []], history)
    found = verify_any(
        data,
        rulebook=load_rulebook(settings.judging),
        trusted=trusted,
        anew=anew,
        witnesses=[note_key(vkey) for vkey in witness or ()],
        authorities=[one for path in tsa_ca or [] for one in read_authorities(path)],
    )
    own = journal_public_key(settings.journal)
    ours: set[str] = set()
    if own is not None:
        stated = [*history_of(settings.journal), *found.keys]
        ours = {key_id(key) for key in vouched_keys([own], stated)}
    vouched = bool(found.trusted) or found.signer in ours
    if as_json:
        typer.echo(json.dumps(_as_json(file, found, vouched), ensure_ascii=False))
    else:
        typer.echo("\n".join(verified_lines(str(file), found, vouched=vouched, lang=words)))
    if not found.holds:
        raise typer.Exit(DIFFERS)
    if not vouched:
        raise typer.Exit(NOBODY_VOUCHES)


def _as_json(file: Path, found: Verified, vouched: bool) -> dict[str, object]:
    return {
        "schema": "coldwitness.verification/1",
        "file": file.name,
        "kind": found.kind,
        "holds": found.holds,
        "shipment": found.shipment,
        "verdict": found.verdict,
        "unjudged": found.unjudged and asdict(found.unjudged),
        "signer": found.signer,
        "signer_trusted": found.trusted,
        "vouched": vouched,
        "complete": found.complete and asdict(found.complete),
        "witnessed": [
            {
                "witness": one.witness,
                "worker": one.worker,
                "day": one.day,
                "seen": rfc3339(one.at_s * 1000),
            }
            for one in found.seen
        ],
        "removed": [
            {
                "worker": one.worker,
                "row": one.row,
                "bytes": one.size,
                "at": rfc3339(one.at_ms),
                "reason": one.reason,
                "ordered_by": one.ordered_by,
            }
            for one in found.removed
        ],
        "timestamp": found.stamp
        and {
            "at": found.stamp.at,
            "serial": found.stamp.serial,
            "authority_trusted": found.stamp_trusted,
        },
        "problems": [
            {
                "code": problem.code,
                "detail": problem.detail,
                "zh": problem.text("zh"),
                "en": problem.text("en"),
            }
            for problem in found.problems
        ],
    }
