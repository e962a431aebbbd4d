"""Every wire format and file that is read, with what it is told by and a message of its maker."""

import inspect
import json
from importlib import import_module

from coldwitness.ingest.files import NAMED_READERS, READERS
from coldwitness.ingest.formats import WireFormat, every_format
from docs.site.reference.markdown import code, generated, plain, table

SHOWN_CHARACTERS = 400
"""Of a sample; the rest is left out."""


def formats_page() -> str:
    head = generated(
        "Wire formats and files · 报文与文件格式",
        "`ingest/formats/` and `ingest/files/`",
        "What loggers speak, by the names that `[[formats]]` in the settings and `coldwitness "
        "decode --format` take. What each field becomes stands in [formats](../formats.md), "
        "settings for each kind of logger in [connecting loggers](../connecting-loggers.md).",
    )
    files = (
        (
            code(name),
            "a USB logger's own export, told by its content" if name in NAMED_READERS else "",
        )
        for name in READERS
    )
    return (
        head
        + "\n".join(_format(one) for one in every_format().values())
        + "\n## Files\n\n"
        + table(("reader", ""), files)
    )


def _format(one: WireFormat) -> str:
    module = import_module(f"coldwitness.ingest.formats.{one.name}")
    said = (inspect.getdoc(module) or "").split("\n\n")
    lines = [f"## `{one.name}`", "", *(f"{plain(part)}\n" for part in said)]
    lines.append(f"Usual topics: {code(one.usual_topics.pattern)}.")
    if one.written_as:
        lines.append(f"Its bytes may be handed over as {' or '.join(one.written_as)}.")
    topic, payload = one.samples[0]
    lines += ["", f"A message, on `{topic}`:", "", *_sample(payload), ""]
    return "\n".join(lines)


def _sample(payload: bytes) -> list[str]:
    try:
        text = payload.decode("utf-8")
        if not text.isprintable() and "\n" not in text:
            raise ValueError
    except ValueError:
        text = payload.hex()
        return [
            "```text",
            text[:SHOWN_CHARACTERS] + ("…" if len(text) > SHOWN_CHARACTERS else ""),
            "```",
        ]
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    except ValueError:
        return ["```text", text[:SHOWN_CHARACTERS], "```"]
    return ["```json", text, "```"]
