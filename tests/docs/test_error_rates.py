"""Each error rate of docs/deciding.md names a test that exists; README.md has one of them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGE = (ROOT / "docs" / "deciding.md").read_text("utf-8")
FOLDER = "tests/evals/deciding/"
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def rows() -> list[tuple[str, str]]:
    """Each row of the table of all error rates: its decision, and the cell with its test."""
    part = PAGE.partition("\n## All error rates\n")[2].partition("\n## ")[0]
    found = re.findall(r"(?m)^\| (.*?) \|.*\| (.*?) \|$", part)
    return [(decision, test) for decision, test in found if decision != "decision"]


def test_every_rate_names_its_test():
    silent = [row for row, test in rows() if not TEST.search(test) and test != "the same"]

    assert (len(rows()) > 20, silent) == (True, [])


def test_every_test_that_is_named_exists():
    named = [TEST.search(test) for _, test in rows() if test != "the same"]
    places = [(found[1], found[2]) for found in named if found]

    missing = [
        f"{path}::{name}"
        for path, name in places
        if f"def {name}("
        not in (ROOT / (path if "/" in path else FOLDER + path)).read_text("utf-8")
    ]
    assert missing == []


def test_the_false_alarms_of_the_readme_are_those_of_the_page():
    """The test that the page names repeats the simulation of this row: 50, 100, 200, 400 cases."""
    row = re.search(r"(?m)^\| nothing \|(.*)\|$", PAGE)
    assert row is not None

    failed = [int(cell.partition("/")[0]) for cell in row[1].split("|")]

    rates = re.findall(r"about (\d)% (?:of changes that|false alarms)", README)
    assert (max(failed[1:]), set(rates)) == (2, {"2"})
