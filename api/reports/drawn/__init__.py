"""A report drawn: the same document as a page, a sheet and their charts."""
