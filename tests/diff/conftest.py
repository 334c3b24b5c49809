"""Two catalogs in memory, compared; a prompt file is written as what differs from a plain one."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from promptops.catalog.catalog import Catalog
from promptops.diff.compare import CompareOptions, compare
from promptops.lint.examples import MemoryTree
from promptops.model.change import PromptDiff
from promptops.source.config import FILES, load

TODAY = date(2026, 11, 24)
PATH = "prompts/ask.prompt.yaml"
PLAIN = {
    "format": "promptops/1",
    "inputs": {"properties": {"question": {"type": "string"}}, "required": ["question"]},
    "messages": [{"role": "user", "content": "Answer: {{ question }}"}],
    "tests": [
        {
            "name": "one",
            "inputs": {"question": "why"},
            "rendered": [{"type": "contains", "value": "why"}],
        }
    ],
}
Files = Mapping[str, Any]
Compare = Callable[..., list[PromptDiff]]


def catalog(files: Files) -> Catalog:
    """Of files by path: a text as it is, a mapping as JSON; of a prompt file, over a plain one."""
    contents = {path: _content(path, content) for path, content in files.items()}
    tree = MemoryTree(contents)
    return Catalog(tree, load({path: contents[path] for path in FILES if path in contents}))


def _content(path: str, content: Any) -> bytes:
    if isinstance(content, str):
        return content.encode()
    whole = {**PLAIN, **content} if path.endswith(".prompt.yaml") else content
    return json.dumps({k: v for k, v in whole.items() if v is not None}).encode()


@pytest.fixture
def compared() -> Compare:
    """What changed from some files to others; a mapping without paths is the one prompt file."""

    def run(before: Files, after: Files, **options: Any) -> list[PromptDiff]:
        sides = [
            each if any("." in key for key in each) else {PATH: each} for each in (before, after)
        ]
        base, head = (catalog(side) for side in sides)
        entries = base.files.entries, head.files.entries
        blobs = [{path: entry.blob for path, entry in each.items()} for each in entries]
        changed = {p for p in {*blobs[0], *blobs[1]} if blobs[0].get(p) != blobs[1].get(p)}
        paths = {*base.ids, *head.ids}
        return list(compare(base, head, paths, changed, CompareOptions(today=TODAY, **options)))

    return run


@pytest.fixture
def codes(compared: Compare) -> Callable[..., str]:
    """The codes of all changes, each with its bump, worst first: `CHG101 major, CHG310 major`."""

    def run(before: Files, after: Files, **options: Any) -> str:
        found = compared(before, after, **options)
        return ", ".join(f"{c.code} {c.bump}" for diff in found for c in diff.changes)

    return run
