"""What docs/ci.md shows."""

from __future__ import annotations

import re
from textwrap import dedent

from tests.ci.job import ROOT

PAGE = (ROOT / "docs/ci.md").read_text("utf-8")


def block(kind: str, word: str) -> str:
    """The one block of the page that holds a word."""
    found = re.findall(rf"(?ms)^ *```{kind}\n(.*?)^ *```$", PAGE)
    (text,) = (each for each in found if word in each)
    return dedent(text)
