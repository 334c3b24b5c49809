"""Hooks for mkdocs, so that it shows a page like a host of git repositories does."""

from __future__ import annotations

import re
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
_NAMED = re.compile(rf"{_FENCE}|\[(?P<name>[\w/-]+\.md)\]\((?P<target>(?:\.\./)?(?P=name))(?=[#)])")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """The text of a page, for the site."""
    path = DOCS / page.file.src_uri
    linked = links_to_repository(markdown, path, config["extra"]["repository"])
    return bars_in_code(titles_for_names(linked, path))


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
