"""Whether the record is true and complete: clocks, counts, copies, grids, noise."""
