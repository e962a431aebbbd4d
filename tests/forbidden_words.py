"""Words that stand in no text of ours: the software finds clues and calls nobody guilty."""

FORBIDDEN = ("违法", "劣药", "假药", "illegal", "inferior", "guilty")
