"""The README of the package: README.md with links that work outside the repository.

hatchling runs it as a metadata hook. The address is `Repository` in `project.urls` of
pyproject.toml; without one, links stay as they are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

BRANCH = "main"

# Blocks of code are matched first, because they contain no links.
_LINK = re.compile(r"(?ms)^```.*?^```$|(?<=\]\()(?P<target>(?![a-z]+:|#)[^)\s]+)")


class PackageReadme(MetadataHookInterface):
    """Sets `project.readme`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling with the metadata of pyproject.toml."""
        root = Path(self.root)
        text = (root / "README.md").read_text("utf-8")
        repository = metadata.get("urls", {}).get("Repository")
        if repository is not None:
            text = absolute_links(text, root, repository)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def absolute_links(markdown: str, root: Path, repository: str) -> str:
    """The text, with the repository's address before each relative link."""

    def address(link: re.Match[str]) -> str:
        if not link["target"]:
            return link[0]
        path = link["target"].partition("#")[0]
        kind = "tree" if (root / path).is_dir() else "blob"
        return f"{repository}/{kind}/{BRANCH}/{link['target']}"

    return _LINK.sub(address, markdown)
