"""Pages, help texts, messages and rules use the standard terms of the field, not these idioms."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from promptops.cli.group import group

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*/*.md")]
    if "reference" not in path.parts
)
GENERATED = sorted((ROOT / "docs" / "reference").rglob("*.md"))
PACKAGES = sorted(
    path
    for path in (ROOT / "promptops").iterdir()
    if path.suffix == ".py" or (path / "__init__.py").exists()
)
VOCABULARIES = (
    "diff/sentences.py",
    "commands/mutate/operators.py",
    "lint/rules/injection_phrase.py",
)
"""Modules whose strings are words that promptops looks for in prompts."""
TEMPLATES = sorted((ROOT / "promptops" / "templates").iterdir())
INSTEAD = {
    r"mend(s|ed|ing)?": "fix",
    r"(is|are|was) told": "is reported",
    r"asks? (nobody|no model|no network)|nobody is asked": "makes no API calls",
    r"what (the|a) model (sees|will get)": "the rendered request",
    r"reads? otherwise": "differs",
    r"turned round": "reversed",
    r"renders? no more": "no longer renders",
    r"stands? in the way": "is a problem",
    r"by (its|their) meaning": "as a semantic diff",
    r"(it|and) is none": "is not one",
    r"held against": "compared with",
    r"strangers?": "untrusted",
    r"waves? (it|him|her)self through": "loosens its own checks",
    r"the way out": "the fix",
    r"there (is|are) none": "or None, without one, if it is missing",
}
MESSAGES = {
    r"nobody(?!@)": "no one, or the active form with a subject",
    r"asked (anew|again|for)|asking": "requested again, sends, calls",
    r"says? (more|so|otherwise|nothing)": "shows the details, differs",
    r"tells? (nothing|another|it|of|the)": "records, reports, shows",
    r"(is|are|stands?) there already": "exists already",
    r"looked at": "checked, read",
    r"ways? out": "the fix",
    r"(?<!there )(is|are) no (file|prompt|release|time|version|revision|JSON|UTF-8)": "is not a …",
    r"an?other .* than (it|there) (was|is)": "differs",
    r"from here on|whose codes begin so|of this name only": "say what the option does",
}
"""Only for help texts and messages: short texts that leave no room for riddles."""
RECORDED = ("The answer gives the facts of the reference that were asked for, and ",)
"""Beginnings of strings in requests to judges: a change would make every recording stale."""
IDIOM = re.compile(rf"\b({'|'.join(INSTEAD)})\b", re.IGNORECASE)
CODE = re.compile(r"(?ms)^ *```.*?^ *```$|`[^`\n]*`")


SPOKEN = re.compile(rf"\b({'|'.join([*INSTEAD, *MESSAGES])})\b", re.IGNORECASE)


def messages(file: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module that may be shown, with its line (1-based); no docstrings."""
    tree = ast.parse(file.read_text("utf-8"))
    shown = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in shown else None
        if isinstance(text, str) and " " in text and not text.startswith(RECORDED):
            yield node.lineno, text


def help_texts(command: click.Command) -> Iterator[str]:
    yield command.help or ""
    yield from (getattr(each, "help", None) or "" for each in command.params)


def idioms(text: str) -> list[str]:
    """The idioms in the prose of a page, each with its line (1-based)."""
    prose = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    return [
        f"{prose.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for match in IDIOM.finditer(prose)
    ]


@pytest.mark.parametrize(
    "page", [*PAGES, *GENERATED, *TEMPLATES], ids=lambda page: str(page.relative_to(ROOT))
)
def test_a_page_uses_the_standard_terms(page):
    assert idioms(page.read_text("utf-8")) == []


def test_help_texts_use_the_standard_terms():
    context = click.Context(group, info_name="promptops")
    commands = [group, *(group.get_command(context, name) for name in group.list_commands(context))]

    texts = [(each.name, text) for each in commands if each for text in help_texts(each)]

    assert [(name, text) for name, text in texts if SPOKEN.search(text)] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_messages_use_the_standard_terms(package):
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text}"
        for file in (sorted(package.rglob("*.py")) if package.is_dir() else [package])
        for line, text in messages(file)
        if SPOKEN.search(text) and not str(file).endswith(VOCABULARIES)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\nIt is mended.", ["2: mended"]),
        ("`mend` and\n```\nmend\n```\n", []),
        ("Recommended, amended.", []),
        ("No model: it asks\nnobody", []),
        ("it asks nobody", ["1: asks nobody"]),
    ],
)
def test_idioms_are_found_in_prose_only(text, found):
    assert idioms(text) == found
