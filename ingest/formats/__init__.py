"""One pure decoder a wire format."""
