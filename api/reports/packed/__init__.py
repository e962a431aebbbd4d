"""A report packed with its evidence, and checked again by whoever receives it."""
