"""The HTTP API under /v1 and the server that carries it."""
