"""What is handed out on a request for logistics information: every file with its digests, and a
receipt."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from coldwitness.api.forms.made import ListTable, MadeForm, Signatures, Table
from coldwitness.api.forms.plain_workbook import Cell
from coldwitness.api.forms.record import evidence_files
from coldwitness.api.forms.sheet import form_pdf
from coldwitness.api.forms.table_files import csv_bytes
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.seal import sha256_hex
from coldwitness.api.reports.packed.package import zipped
from coldwitness.config.labels import labels
from coldwitness.domain.digests import sm3
from coldwitness.domain.instants import beijing_minute, rfc3339
from coldwitness.domain.logistics import HandedFile, KeptLogisticsRequest, LogisticsScope
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.words import STATUS_ZH, Status
from coldwitness.judging.run import software

_WORDS = labels("logistics")["words"]
LIST = "shipments.csv"
RECEIPT = "receipt.json"


def logistics_files(evidence: Iterable[tuple[Report, Sequence[Manifest]]]) -> dict[str, bytes]:
    """Of each shipment readings, events, every version of its manifest and its result; and a list
    of all."""
    titles = ("shipment", "verdict", "begun", "ended", "readings", "courier", "seller")
    table: list[list[Cell]] = [[_said(title) for title in titles]]
    files: dict[str, bytes] = {}
    for report, manifests in evidence:
        files |= {
            f"{report.shipment}/{name}": body
            for name, body in evidence_files(report, manifests).items()
        }
        newest = manifests[-1] if manifests else None
        courier = None if newest is None or newest.courier is None else newest.courier
        seller = None if newest is None or newest.seller is None else newest.seller
        result = report.result
        table.append(
            [
                report.shipment,
                STATUS_ZH[Status[result.verdict.upper()]],
                result.window.start,
                result.window.end,
                len(report.readings.time),
                None if courier is None else courier.name or courier.id,
                None if seller is None else seller.name or seller.id,
            ]
        )
    return {LIST: csv_bytes(table), **files}


def handed_files(files: Mapping[str, bytes]) -> tuple[HandedFile, ...]:
    return tuple(
        HandedFile(name=name, size=len(body), sha256=sha256_hex(body), sm3=sm3(body))
        for name, body in files.items()
    )


def logistics_package(
    files: Mapping[str, bytes], request: KeptLogisticsRequest, *, by: str, now_ms: int
) -> bytes:
    """The zip: the receipt as JSON and PDF, then the files. request : without its own digest."""
    receipt = {
        "schema": "coldwitness.logistics/1",
        "number": request.number,
        "asked_by": request.asked_by,
        "purpose": request.purpose,
        "scope": request.scope,
        "exported_by": by,
        "exported_at": rfc3339(now_ms),
        "software": software(),
        "files": request.files,
    }
    return zipped(
        {
            RECEIPT: msgspec.json.format(msgspec.json.encode(receipt), indent=1) + b"\n",
            f"{_said('receipt')}.pdf": receipt_pdf(request, by=by, at=rfc3339(now_ms)),
            **files,
        }
    )


def receipt_pdf(request: KeptLogisticsRequest, *, by: str, at: str) -> bytes:
    """at : when it was exported, RFC 3339."""
    told = [
        ("number", request.number),
        ("asked_by", request.asked_by),
        ("purpose", request.purpose or "—"),
        ("scope", _scope(request.scope)),
        ("found", _said("count", count=len(request.shipments))),
        ("office", request.office or _said("office_unnamed")),
        ("exported_by", by),
        ("exported_at", beijing_minute(at)),
    ]
    titles = (_said("order"), _said("file"), _said("size"), "SHA-256", "SM3")
    form = MadeForm(
        title=_said("receipt"),
        mark=request.number,
        foot=f"{request.number} · {software()}",
        parts=(
            Table(tuple((_said(key), text) for key, text in told)),
            ListTable(
                titles,
                (1, 4, 2, 6, 6),
                tuple(
                    (str(n), one.name, str(one.size), one.sha256, one.sm3)
                    for n, one in enumerate(request.files, start=1)
                ),
            ),
            Signatures((_said("handed"), _said("received"))),
        ),
    )
    return form_pdf(form, now_ms=0)


def _scope(scope: LogisticsScope) -> str:
    told = []
    if scope.shipments:
        told.append(_said("scope_shipments", text="、".join(scope.shipments)))
    if scope.seller is not None:
        told.append(_said("scope_seller", text=scope.seller))
    if scope.batch is not None:
        told.append(_said("scope_batch", text=scope.batch))
    if scope.first_day is not None or scope.last_day is not None:
        ends = (scope.first_day or _said("open_end"), scope.last_day or _said("open_end"))
        told.append(_said("scope_period", first=ends[0], last=ends[1]))
    return "；".join(told)


def _said(key: str, **values: object) -> str:
    return _WORDS[key].zh.format(**values)
