"""The compliance report: one model, three renderings (JSON twin, page, PDF) of its numbers."""
