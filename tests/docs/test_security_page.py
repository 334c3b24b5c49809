"""Each promise of docs/security.md names a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def promises() -> list[tuple[str, str]]:
    """Each row below "What is promised": the promise, and the cell with its tests."""
    part = PAGE.partition("\n## What is promised\n")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| (.*?) \| (.*) \|$", part)
    return [(promise, tests) for promise, tests in rows if promise != "promise"]


def test_every_promise_names_a_test():
    unproven = [promise for promise, tests in promises() if not TEST.search(tests)]

    assert (len(promises()) > 20, unproven) == (True, [])


def test_every_test_that_is_named_exists():
    named = [found for _, tests in promises() for found in TEST.findall(tests)]

    missing = [
        f"{path}::{name}"
        for path, name in named
        if f"def {name}(" not in (ROOT / path).read_text("utf-8")
    ]
    assert missing == []
