"""The clue feed for case systems, and its push to webhooks."""
