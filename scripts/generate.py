"""Regenerate every generated file: schema names, reference pages, man page, conformance vectors and
golden files.

    python scripts/generate.py              all of them
    python scripts/generate.py docs man     only these
    python scripts/generate.py pages        the output shown on the pages of docs/; takes minutes

Read the difference before you commit it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
GOLDEN = ("golden", "same_as_golden")
"""Fixtures that compare with a golden file."""
MARKS = ("UPDATE_GOLDEN", "tests.golden_files", *(f"{name}(" for name in GOLDEN))
"""A test file with one of these strings compares with golden files."""


def main() -> int:
    """Run the chosen steps in their order; returns 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("step", nargs="*", help=", ".join(STEPS), metavar="STEP")
    chosen = parser.parse_args().step or [name for name in STEPS if name != "pages"]
    unknown = [name for name in chosen if name not in STEPS]
    if unknown:
        parser.error(f"unknown step `{unknown[0]}`; choose from {', '.join(STEPS)}")
    return int(not all(STEPS[name]() for name in STEPS if name in chosen))


def _schema() -> bool:
    scripts = ("make_schema", "make_output_schemas", "make_ui_types")
    return all(_python(f"scripts/{name}.py") for name in scripts)


def _docs() -> bool:
    return _python("scripts/make_docs.py")


def _man() -> bool:
    return _python("scripts/make_man.py")


def _conformance() -> bool:
    return _python("-m", "tests.conformance.make_vectors")


def _golden() -> bool:
    """Write golden files silently, since some tests fail when they write, then compare."""
    tests = ["-m", "pytest", "-q", "-n", "auto", "-m", "", *golden_tests()]  # including slow ones
    subprocess.run(
        [sys.executable, *tests],
        cwd=ROOT,
        env=os.environ | {"UPDATE_GOLDEN": "1"},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return _python(*tests)


def golden_tests() -> list[str]:
    """The test files that compare with golden files, relative to the repository."""
    return sorted(str(path.relative_to(ROOT)) for path in _tests_with_golden_files())


def _tests_with_golden_files() -> Iterator[Path]:
    for path in (ROOT / "tests").rglob("test_*.py"):
        text = path.read_text("utf-8")
        if any(mark in text for mark in MARKS):
            yield path


def _pages() -> bool:
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "reference" not in path.parts]
    return _python("-m", "tests.docs.following", "--write", *map(str, sorted(pages)), "README.md")


def _python(*arguments: str) -> bool:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode == 0


STEPS = {
    "schema": _schema,
    "docs": _docs,
    "man": _man,
    "conformance": _conformance,
    "golden": _golden,
    "pages": _pages,
}

if __name__ == "__main__":
    sys.exit(main())
