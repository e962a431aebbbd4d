"""The folder that Sphinx reads: the pages as they stand, with links that lead somewhere on a site.

A page of the repository links to files beside it (settings of a broker, schemas, pictures). On the
site such a file lies under `files/`. A link to nothing is an error here, before Sphinx begins.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.site.contents import CHINESE, tables_of_contents
from docs.site.reference import PAGES
from docs.site.reference.schemas import copy_schemas

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
"""What stands in the brackets of a link or picture, if it is a place of the repository."""
CODE = re.compile(r"^```.*?^```$|^(?: {4}|\t)[^\n]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
BROKEN_CHINESE = re.compile(
    r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])\n(?=[\u4e00-\u9fff“（《])"
)
"""The end of a line inside a Chinese sentence, where a browser would put a blank."""
FRONT = {"README": "index", f"README{CHINESE}": f"index{CHINESE}"}
"""Pages at the root, and what they are called on the site."""
FOLDERS = {"docs/contract": "reference/schemas"}
"""Folders that a page may link to, and the page that lists what is in them."""


class DeadLink(Exception):
    """A page links to what is not there; the text names both."""


def stage(
    folder: Path, *, reference: Mapping[str, Callable[[], str]] = PAGES, root: Path = ROOT
) -> None:
    """Write everything that Sphinx reads into `folder`, and take away pages that are no more.

    Raises DeadLink.
    """
    pages: dict[str, str] = {}
    for page in (*sorted((root / "docs").glob("*.md")), *sorted(root.glob("README*.md"))):
        name = FRONT.get(page.stem, page.stem)
        text = with_links_of_the_site(page, root=root, folder=folder)
        if name == "index":
            text = f"{text}\n{tables_of_contents()}"
        elif name.startswith("index"):
            text = f"---\norphan: true\n---\n\n{text}"
        pages[name] = text
    copy_schemas(folder / "files" / "docs" / "contract")
    for name, made in reference.items():
        pages[name] = made()
    for path in folder.rglob("*.md"):
        if str(path.relative_to(folder).with_suffix("")) not in pages:
            path.unlink()
    for name, text in pages.items():
        _write(folder / f"{name}.md", text)


def with_links_of_the_site(page: Path, *, root: Path, folder: Path) -> str:
    """The page's text; files that it links to are copied into `folder`."""
    text = BROKEN_CHINESE.sub("", page.read_text(encoding="utf-8"))
    parts = []
    end = 0
    for code in CODE.finditer(text):
        parts += [_linked(text[end : code.start()], page, root, folder), code[0]]
        end = code.end()
    return "".join([*parts, _linked(text[end:], page, root, folder)])


def _linked(text: str, page: Path, root: Path, folder: Path) -> str:
    return LINK.sub(lambda link: _place(link[1], page, root, folder) + (link[2] or ""), text)


def _place(link: str, page: Path, root: Path, folder: Path) -> str:
    meant = (page.parent / link).resolve()
    if not (meant.exists() and meant.is_relative_to(root)):
        raise DeadLink(f"{page.relative_to(root)}: {link}: expected a file of the repository")
    name = str(meant.relative_to(root))
    if meant.is_dir():
        if name not in FOLDERS:
            raise DeadLink(f"{page.relative_to(root)}: {link}: a folder has no page on the site")
        return f"{FOLDERS[name]}.md"
    if meant.suffix == ".md" and meant.parent in (root, root / "docs"):
        if meant.parent == root and meant.stem not in FRONT:
            raise DeadLink(f"{page.relative_to(root)}: {link}: has no place on the site")
        return f"{FRONT.get(meant.stem, meant.stem)}.md"
    copy = folder / "files" / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(meant, copy)
    return f"files/{name}"


def _write(path: Path, text: str) -> None:
    """Only if it says something else, so that a second build reads what changed alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
