"""`coldwitness verify`: does this report or evidence package still match its evidence?"""

import json
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.api.reports.made.wording import STATUS_WORDS, tell
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.api.reports.packed.timestamp import read_authorities
from coldwitness.api.reports.packed.verification import Verified
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.storage.journal import journal_public_key, load_public_key
from coldwitness.storage.journal.signing import key_id


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
    tsa_ca: Annotated[
        list[Path] | None,
        typer.Option(
            "--tsa-ca",
            help="certificates (PEM) of the time-stamp authorities to trust; may be repeated; "
            "then a package without a time stamp that they vouch for does not hold",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the findings as JSON")] = False,
    lang: Annotated[str, typer.Option("--lang", help="zh or en")] = "zh",
) -> None:
    """Judge the evidence inside again and check digests and signature; exit 0 yes, 1 no."""
    if lang not in ("zh", "en"):
        raise BadInput(f"--lang: expected zh or en, got {lang!r}")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from error
    settings = settings_of(context)
    trusted = [load_public_key(path) for path in key or []]
    found = verify_any(
        data,
        rulebook=load_rulebook(settings.judging),
        trusted=trusted,
        authorities=[one for path in tsa_ca or [] for one in read_authorities(path)],
    )
    own = journal_public_key(settings.journal)
    if as_json:
        typer.echo(json.dumps(_as_json(file, found), ensure_ascii=False))
    else:
        typer.echo("\n".join(_as_text(file, found, own, zh=lang == "zh")))
    raise typer.Exit(0 if found.holds else 1)


def _as_json(file: Path, found: Verified) -> dict[str, object]:
    return {
        "schema": "coldwitness.verification/1",
        "file": file.name,
        "kind": found.kind,
        "holds": found.holds,
        "shipment": found.shipment,
        "verdict": found.verdict,
        "signer": found.signer,
        "signer_trusted": found.trusted,
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
                "zh": problem.text(zh=True),
                "en": problem.text(zh=False),
            }
            for problem in found.problems
        ],
    }


def _as_text(file: Path, found: Verified, own: Ed25519PublicKey | None, *, zh: bool) -> list[str]:
    if not found.holds:
        head = f"✗ {file}: 与证据不符" if zh else f"✗ {file}: does not match its evidence"
        return [head, *(f"    {p.code}: {p.text(zh=zh)}" for p in found.problems)]
    words = STATUS_WORDS.get(found.verdict or "")
    verdict = tell(words, "zh" if zh else "en") if words is not None else "—"
    lines = [
        f"✓ {file}: 与证据一致，运单 {found.shipment}，重新评判：{verdict}"
        if zh
        else f"✓ {file}: matches its evidence; shipment {found.shipment}, judged again: {verdict}"
    ]
    lines.append(f"    {_signature_words(found, own, zh=zh)}")
    if found.kind == "package":
        lines.append(f"    {_stamp_words(found, zh=zh)}")
    return lines


def _stamp_words(found: Verified, *, zh: bool) -> str:
    if found.stamp is None:
        return "没有时间戳" if zh else "no timestamp token"
    at, serial = found.stamp.at, found.stamp.serial
    if found.stamp_trusted:
        return (
            f"时间戳有效：{at}，序号 {serial}，签发方受信"
            if zh
            else f"time stamp of {at}, number {serial}, by a trusted authority"
        )
    return (
        f"时间戳称 {at}，序号 {serial}；签发方未核验（--tsa-ca 指定受信证书）"
        if zh
        else f"time stamp says {at}, number {serial}; its authority was not checked "
        "(--tsa-ca names trusted certificates)"
    )


def _signature_words(found: Verified, own: Ed25519PublicKey | None, *, zh: bool) -> str:
    if found.signer is None:
        return "未签名" if zh else "not signed"
    if found.trusted:
        return f"签名有效，密钥 {found.signer}，受信" if zh else f"signed by trusted {found.signer}"
    if own is not None and key_id(own) == found.signer:
        return f"签名有效，本机密钥 {found.signer}" if zh else f"signed by our own {found.signer}"
    return (
        f"签名有效，密钥 {found.signer}；请核对该密钥是否属于出具单位（--key 指定受信密钥）"
        if zh
        else f"signed by {found.signer}; check that this key is the issuer's (--key names trusted)"
    )
