"""Live judging and the stream that tells listeners about it."""
