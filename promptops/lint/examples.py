"""The bad and good blocks of a rule's docstring, as catalogs that can be linted.

A block is part of a prompt file; other parts that a valid file needs are added. A block that begins
with `--- PATH` contains several complete files, each below such a line; a file below
`--- PATH (untracked)` is not in git.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Literal

from promptops.catalog.catalog import Catalog
from promptops.lint.engine import Silencers, conclude, lint_one
from promptops.lint.registry import Rule, built_in
from promptops.lint.subject import LintRun
from promptops.model.finding import Finding
from promptops.patterns import lazy_pattern
from promptops.records import field, record
from promptops.repo.tree import TreeEntry
from promptops.source.config import FILES, load

PROMPT_PATH = "prompts/ask.prompt.yaml"
DAY = date(2026, 11, 24)

_DEFAULTS = {
    "format": "format: promptops/1\n",
    "description": "description: Answers one question.\n",
    "owners": 'owners: ["@acme/ai"]\n',
    "messages": "messages:\n  - role: user\n    content: Say hello.\n",
    "tests": ("tests:\n  - name: one\n    rendered:\n      - {type: contains, value: hello}\n"),
}
_UNTRACKED = " (untracked)"
_FILE = lazy_pattern(r"(?m)^--- (\S.*)\n")


@record(frozen=True, slots=True)
class MemoryTree:
    """A tree of files in memory."""

    contents: Mapping[str, bytes]
    revision: str = "index"
    entries: Mapping[str, TreeEntry] = field(init=False)

    def __post_init__(self) -> None:
        entries = {
            path: TreeEntry(path, hashlib.sha1(data, usedforsecurity=False).hexdigest())
            for path, data in self.contents.items()
        }
        object.__setattr__(self, "entries", entries)

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        return {path: self.contents[path] for path in paths}


def blocks(rule: Rule, kind: Literal["Bad", "Good"]) -> Iterator[dict[str, str]]:
    """The files of each block below `Bad:` or `Good:` in a rule's docstring."""
    for match in re.finditer(rf"(?m)^{kind}:\n((?:(?: {{4}}.*)?(?:\n|$))+)", rule.documentation):
        yield files(inspect.cleandoc("\n" + match[1]) + "\n")


def files(block: str) -> dict[str, str]:
    """The files of one block, completed if it is part of a prompt file."""
    if not _FILE.match(block):
        return {PROMPT_PATH: _completed(block)}
    parts = _FILE.split(block)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _completed(block: str) -> str:
    written = set(re.findall(r"(?m)^([A-Za-z_-]+):", block))
    added = "".join(text for key, text in _DEFAULTS.items() if key not in written)
    return block + added


def findings(rule: Rule, block: Mapping[str, str]) -> list[Finding]:
    """The findings of one rule in the files of a block."""
    given = {path: text.encode("utf-8", "surrogatepass") for path, text in block.items()}
    contents = {path: data for path, data in given.items() if not path.endswith(_UNTRACKED)}
    config = load({path: contents[path] for path in FILES if path in contents})
    elsewhere = {path.removesuffix(_UNTRACKED): "untracked" for path in given.keys() - contents}
    catalog = Catalog(MemoryTree(contents), config, elsewhere=elsewhere.get)
    rules = list(built_in().values()) if rule.checks_suppressions else [rule]
    results = [lint_one(catalog, loaded, rules, DAY) for loaded in catalog.prompts()]
    outcome = conclude(catalog, results, rules, LintRun(today=DAY), Silencers())
    return [finding for finding in outcome.findings if finding.code == rule.code]
