"""The chapters of the report, each from a View to blocks."""
