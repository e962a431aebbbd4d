"""A report made: one result and its evidence as one sealed document."""
