"""Sphinx's settings for the site of the docs."""

import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))  # Sphinx runs this file by itself

project = "ColdWitness 冷证"
author = "The ColdWitness maintainers"
copyright = author
version = release = metadata.version("coldwitness")
language = "en"

extensions = ["myst_parser", "docs.site.two_languages"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["files/**"]
html_search_language = "en"

myst_heading_anchors = 4
myst_all_links_external = False
# Examples have … for what is left out, which is no JSON or TOML to a highlighter.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = project
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css"]
html_favicon = str(HERE.parents[1] / "api" / "pages" / "static" / "mark.svg")
html_copy_source = False
# A page opened as a file may not fetch others, from which the search takes its excerpts.
html_show_search_summary = False
html_show_sourcelink = False
html_use_index = False
html_theme_options = {"footer_icons": []}
pygments_style = "friendly"
