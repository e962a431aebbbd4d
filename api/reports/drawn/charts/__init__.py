"""Charts as SVG of our own drawing: every excursion survives thinning, no gap is joined."""
