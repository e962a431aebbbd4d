"""Everything outward: HTTP, pages, reports, clues."""
