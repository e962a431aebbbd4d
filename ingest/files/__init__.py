"""Recorded telemetry in files: NDJSON, CSV, Parquet and the exports of USB loggers."""

from ingest.files.recorded import NAMED_READERS, READERS, Recorded, read_files, reader_for

__all__ = ["NAMED_READERS", "READERS", "Recorded", "read_files", "reader_for"]
