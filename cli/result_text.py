"""Check results on a terminal: NDJSON for machines, short bilingual text for people."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from domain.words import STATUS_EN, STATUS_ZH, Status

_MARKS = {"breach": "✗", "suspected": "?", "insufficient_evidence": "…", "compliant": "✓"}


def status_words(status: str, *, lang: str) -> str:
    """`breach` -> 疑似违反（待核查）; with lang zh the English stands second."""
    code = Status[status.upper()]
    return STATUS_EN[code] if lang == "en" else f"{STATUS_ZH[code]} {STATUS_EN[code]}"


def print_json(results: Iterable[Mapping[str, Any]]) -> None:
    """One line a shipment; NaN cannot stand in it."""
    for result in results:
        sys.stdout.write(msgspec.json.encode(result).decode())
        sys.stdout.write("\n")


def print_text(results: Iterable[Mapping[str, Any]], *, lang: str) -> None:
    for result in results:
        mark = _MARKS[result["verdict"]]
        print(f"{mark} {result['shipment']}  {status_words(result['verdict'], lang=lang)}")
        for finding in result["findings"]:
            explanation = finding["explanation"]
            text = explanation[lang] if lang == "en" else explanation["zh"]
            print(f"    {finding['kind']}/{finding['subtype']} [{finding['certainty']}] {text}")
        for line in result["requirements"]:
            if line["status"] not in ("compliant", "not_applicable"):
                title = line["title"][lang]
                words = status_words(line["status"], lang=lang)
                print(f"    {line['id']:<20} {title}：{words}")
