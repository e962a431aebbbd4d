"""The evidence journal: every message as it came, chained, treed, signed, sealed by day."""

from coldwitness.storage.journal.clock import ClockStep, ReceiveClock
from coldwitness.storage.journal.heads import SignedHead
from coldwitness.storage.journal.journal import Journal, PartlyKept
from coldwitness.storage.journal.outside import (
    KeptElsewhere,
    Stamped,
    Vouched,
    kept_elsewhere,
    vouched_by_others,
)
from coldwitness.storage.journal.reader import JournalReader, RowProof, SegmentStats
from coldwitness.storage.journal.role_keys import existing_signer, signer_of, signer_of_journal
from coldwitness.storage.journal.row_index import RowIndex, key_of
from coldwitness.storage.journal.rows import Message, Row, row_bytes
from coldwitness.storage.journal.segment import Outline
from coldwitness.storage.journal.signing import (
    Signer,
    journal_public_key,
    load_or_create_signer,
    load_public_key,
    signing_key,
)
from coldwitness.storage.journal.verification import Problem, SegmentReport, verify_journal

__all__ = [
    "ClockStep",
    "Journal",
    "JournalReader",
    "KeptElsewhere",
    "Message",
    "Outline",
    "PartlyKept",
    "Problem",
    "ReceiveClock",
    "Row",
    "RowIndex",
    "RowProof",
    "SegmentReport",
    "SegmentStats",
    "SignedHead",
    "Signer",
    "Stamped",
    "Vouched",
    "existing_signer",
    "journal_public_key",
    "kept_elsewhere",
    "key_of",
    "load_or_create_signer",
    "load_public_key",
    "row_bytes",
    "signer_of",
    "signer_of_journal",
    "signing_key",
    "verify_journal",
    "vouched_by_others",
]
