"""The broker: topics, packets, the session with it, and one of our own for small installations."""
