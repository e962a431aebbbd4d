"""Evidence out of the stores and into files that last, and back."""
