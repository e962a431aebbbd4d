"""Settings and dated rules: data with sources, and their loaders."""
