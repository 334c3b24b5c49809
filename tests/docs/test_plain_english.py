"""The pages that people write use the standard terms of the field, not these idioms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*/*.md")]
    if "reference" not in path.parts
)
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
}
IDIOM = re.compile(rf"\b({'|'.join(INSTEAD)})\b", re.IGNORECASE)
CODE = re.compile(r"(?ms)^ *```.*?^ *```$|`[^`\n]*`")


def idioms(text: str) -> list[str]:
    """The idioms in the prose of a page, each with its line (1-based)."""
    prose = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    return [
        f"{prose.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for match in IDIOM.finditer(prose)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_uses_the_standard_terms(page):
    assert idioms(page.read_text("utf-8")) == []


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
