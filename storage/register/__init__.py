"""Shipments, manifests, events, results, findings, clues, deliveries, audit: one SQL database."""

from coldwitness.storage.register.register import SqlRegister, open_register

__all__ = ["SqlRegister", "open_register"]
