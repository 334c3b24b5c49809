"""What a rule says of a block, as lines to compare."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.catalog.catalog import Catalog
from promptops.lint.engine import Silencers, conclude, lint_one
from promptops.lint.examples import DAY, PROMPT_PATH, MemoryTree, files, findings
from promptops.lint.registry import built_in
from promptops.lint.subject import LintRun
from promptops.model.config import Config

Lines = Callable[[str, str], list[str]]


@pytest.fixture
def said() -> Lines:
    """By a rule's code and a block: `line:column-end message`, before it the path if another."""

    def lines(code: str, block: str) -> list[str]:
        return [
            f"{each.place}-{each.place.end_column} {each.message}".removeprefix(f"{PROMPT_PATH}:")
            for each in findings(built_in()[code], files(block))
        ]

    return lines


@pytest.fixture
def found() -> Lines:
    """By a rule's code and a block: `message path:line:column-end`, the case in brackets."""

    def lines(code: str, block: str) -> list[str]:
        return [
            f"{each.message} {each.place.path.removeprefix('prompts/')}"
            f":{each.place.line}:{each.place.column}-{each.place.end_column}"
            + (f" [{each.case}]" if each.case else "")
            for each in findings(built_in()[code], files(block))
        ]

    return lines


@pytest.fixture
def all_said() -> Callable[[str], list[str]]:
    """Of a block: what all rules that are on say, as `CODE path:line:column`, in order."""

    def lines(block: str) -> list[str]:
        contents = {path: text.encode() for path, text in files(block).items()}
        catalog = Catalog(MemoryTree(contents), Config())
        rules = [rule for rule in built_in().values() if rule.on == "default"]
        results = [lint_one(catalog, loaded, rules, DAY) for loaded in catalog.prompts()]
        outcome = conclude(catalog, results, rules, LintRun(today=DAY), Silencers())
        return [
            f"{each.code} {each.place}".replace(f"{PROMPT_PATH}:", "") for each in outcome.findings
        ]

    return lines
