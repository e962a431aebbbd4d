"""The site of the docs: the pages as they stand, a reference made from the code, links checked.

`python -m docs.site.build` (or `make docs`) writes it to build/site.
"""
