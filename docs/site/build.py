"""Build the site: `python -m docs.site.build [--out build/site]`. Exit 1 where a link is dead.

Nothing is asked of the network, neither here nor by the pages.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sphinx.cmd.build import build_main

from coldwitness.cli.garbage import collect_seldom
from docs.site.staged import DeadLink, stage

CONFIGURATION = Path(__file__).parent


def build(
    out: Path,
    *,
    source: Path,
    doctrees: Path,
    builder: Literal["html", "dummy"] = "html",
    pages: Sequence[str] = (),
) -> int:
    """The site in `out`, out of what was staged in `source`; Sphinx's exit code.

    A warning is an error, where all is built or read: links to pages and headings that are not
    there are warnings, and so is that the search knows only what was written.
    builder : `dummy` reads all pages and follows all links, and writes nothing.
    pages : names of those to write, without `.md`; none: all. All are read.
    """
    options = ["-q", "-b", builder, "-c", CONFIGURATION, "-d", doctrees]
    if not pages:
        options += ["-a", "-W", "--keep-going"]
    names = [source / f"{page}.md" for page in pages]
    return build_main([str(one) for one in (*options, source, out, *names)])


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=Path("build/site"))
    asked.add_argument("--links", action="store_true", help="follow all links, write nothing")
    asked.add_argument("pages", nargs="*", help="write these alone")
    given = asked.parse_args()
    out = given.out
    source = out.with_name(f"{out.name}-source")
    try:
        stage(source)
    except DeadLink as dead:
        print(dead, file=sys.stderr)
        return 1
    code = build(
        out,
        source=source,
        doctrees=out.with_name(f"{out.name}-doctrees"),
        builder="dummy" if given.links else "html",
        pages=given.pages,
    )
    if code == 0 and not given.links:
        print(out / "index.html")
    return code


if __name__ == "__main__":
    collect_seldom()  # Sphinx keeps every page as objects until its end: a fifth of its time
    sys.exit(main())
