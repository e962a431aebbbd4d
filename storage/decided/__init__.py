"""Decisions as rows of the journal: written before they are kept, brought into a register again."""

from coldwitness.storage.decided.log import DecisionLog, catch_up, open_decision_log
from coldwitness.storage.decided.register import JournalledRegister

__all__ = ["DecisionLog", "JournalledRegister", "catch_up", "open_decision_log"]
