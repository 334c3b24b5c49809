"""Hooks for mkdocs, so that it shows a page like a host of git repositories does.

For language models, the site has the Markdown of each page beside it, `start.md` beside
`start.html`, a list of all pages in `llms.txt`, and all texts in `llms-full.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BRANCH = "main"

# Blocks of code are matched first, because they contain no links or tables.
_FENCE = r"(?ms)^```.*?^```$"
_LINK = re.compile(rf"{_FENCE}|(?<=\]\()(?P<target>\.[^)\s#]*)")
_ROW = re.compile(rf"{_FENCE}|^(?P<row>\|[^\n]*)$")
_CODE = re.compile(r"`[^`]*`")
_LINKED = re.compile(r"\]\(([^)#]+\.md)\)")
_NAMED = re.compile(rf"{_FENCE}|\[(?P<name>[\w/-]+\.md)\]\((?P<target>(?:\.\./)?(?P=name))(?=[#)])")


_texts: dict[str, str] = {}
"""The text of each page by its path below docs/."""


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """The text of a page, for the site."""
    path = DOCS / page.file.src_uri
    linked = links_to_repository(markdown, path, config["extra"]["repository"])
    _texts[page.file.src_uri] = linked
    return bars_in_code(titles_for_names(linked, path))


def on_post_build(*, config: Any, **_: Any) -> None:
    """Write the texts for language models."""
    site, head = Path(config["site_dir"]), f"# {config['site_name']}\n\n{_quote(config)}\n"
    listed = page_list(config["nav"], topics((DOCS / "README.md").read_text("utf-8")))
    order = dict.fromkeys([*_LINKED.findall(listed), *sorted(_texts)])
    whole = "".join(f"\n<!-- {path} -->\n\n{_texts[path].strip()}\n" for path in order)
    for path, text in {"llms.txt": head + listed, "llms-full.txt": head + whole, **_texts}.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, encoding="utf-8")


def _quote(config: Any) -> str:
    return (
        f"> {config['site_description']}\n\n"
        "Links lead to the Markdown of each page; `llms-full.txt` has all of them in one file."
    )


def page_list(nav: list[dict[str, list[dict[str, str]]]], topic_of: dict[str, str]) -> str:
    """A heading for each part of the navigation, and below it a link to each page."""
    parts = [(heading, pages) for part in nav for heading, pages in part.items()]
    return "".join(
        f"\n## {heading}\n\n{''.join(_links(pages, topic_of))}" for heading, pages in parts
    )


def _links(pages: list[dict[str, str]], topic_of: dict[str, str]) -> Iterator[str]:
    for title, path in (each for page in pages for each in page.items()):
        topic = topic_of.get(path, "")
        yield f"- [{title}]({path}){f': {topic}' if topic else ''}\n"


def topics(overview: str) -> dict[str, str]:
    """The topic of each page by its path: the other cell of its row in the overview's tables."""
    rows = re.findall(r"(?m)^\| (.+?) \| (.+?) \|$", overview)
    cells = [(path, *row) for row in rows for path in _LINKED.findall(" ".join(row))[:1]]
    return {path: first if path in second else second for path, first, second in cells}


def links_to_repository(markdown: str, page: Path, repository: str) -> str:
    """Replace links that leave docs/ by absolute addresses, because the site contains only docs/.

    Raises PluginError for a link to what the repository does not have.
    """

    def address(link: re.Match[str]) -> str:
        if not link["target"]:
            return link[0]
        target = (page.parent / link["target"]).resolve()
        if target.is_relative_to(DOCS):
            return link["target"]
        if not target.exists() or not target.is_relative_to(ROOT):
            raise PluginError(f"{page.relative_to(ROOT)}: there is no file {link['target']}")
        kind = "tree" if target.is_dir() else "blob"
        return f"{repository}/{kind}/{BRANCH}/{target.relative_to(ROOT).as_posix()}"

    return _LINK.sub(address, markdown)


def bars_in_code(markdown: str) -> str:
    r"""Remove `\|` from code in tables: hosts need it, but Python-Markdown would print it."""

    def plain(row: re.Match[str]) -> str:
        if not row["row"]:
            return row[0]
        return _CODE.sub(lambda code: code[0].replace(r"\|", "|"), row["row"])

    return _ROW.sub(plain, markdown)


def titles_for_names(markdown: str, page: Path) -> str:
    """Replace link texts that are file names by page titles, because the site shows no files."""

    def titled(link: re.Match[str]) -> str:
        if not link["name"]:
            return link[0]
        text = (page.parent / link["target"]).read_text("utf-8")
        title = re.search(r"(?m)^# (.+)$", text)
        return f"[{title[1]}]({link['target']}" if title else link[0]

    return _NAMED.sub(titled, markdown)
