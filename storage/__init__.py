"""Where evidence and what is derived from it are kept."""
