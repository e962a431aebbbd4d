"""The inspector's pages: rendered on the server, readable without any script."""
