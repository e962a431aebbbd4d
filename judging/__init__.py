"""Who is judged, by what and when, and what of a result becomes a clue."""
