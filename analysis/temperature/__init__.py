"""Whether the drug stayed in its range, surely or possibly, and what was not seen."""
