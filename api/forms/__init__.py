"""Forms of a case (文书): their fields out of a clue, and both their documents."""
