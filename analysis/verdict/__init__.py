"""From findings to the status of each requirement, and the worst of them."""
