"""Recorded telemetry in files: NDJSON, CSV, Parquet and the exports of USB loggers."""

from coldwitness.ingest.files.recorded import (
    NAMED_READERS,
    READERS,
    Recorded,
    is_csv,
    is_text,
    read_content,
    read_files,
    reader_for,
    shipment_named_by,
)

__all__ = [
    "NAMED_READERS",
    "READERS",
    "Recorded",
    "is_csv",
    "is_text",
    "read_content",
    "read_files",
    "reader_for",
    "shipment_named_by",
]
