"""Each of these ideas has one implementation in `promptops/`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "promptops"
ONE_PLACE = {
    "a JSON pointer is escaped": (r"""["']~[01]["']""", {"json_pointer.py"}),
    "a JSON pointer is split": (
        r"""pointer\.split\(""",
        {"json_pointer.py", "catalog/schema_places.py", "lint/rules/injection_phrase.py"},
    ),
    "a noun is put in the plural": (
        r"""["']s["'] if|["']1 \w+["'] if|== 1 else ["']\w*s["']|else ["']s["']""",
        set(),
    ),
    "an amount of dollars is written": (r"""\$\{[^}]*:\.4g\}""", set()),
    "what is left out is counted": (r"""\} more(?: \{|["'])""", {"plurals.py"}),
    "a mistyped name is looked up": (r"get_close_matches", {"suggestions.py"}),
    "a file is replaced": (r"os\.replace\(|temporary\.replace\(", {"storage/atomic.py"}),
    "the oldest files are removed": (r"key=.*st_mtime", {"storage/eviction.py"}),
    "the reason of an error of the system is named": (
        r"\.strerror\b|\"strerror\"",
        {"errors.py", "runtime/loading/transport.py", "evals/http_api.py"},
    ),
    "a plug-in is loaded": (r"import entry_points|offer\.load|plugin\.load", {"plugins.py"}),
    "the variable of untrusted changes is read": (
        r"""environ\S*PROMPTOPS_UNTRUSTED|= "PROMPTOPS_UNTRUSTED""",
        {"untrusted.py"},
    ),
    "names of providers are compared": (
        r"""(?:provider|written or "")\)?\.(?:lower|casefold)\(\)""",
        {"model/prompt.py"},
    ),
    "each format is written": (r"for .* in output\.formats:\n", set()),
}
"""From an idea to the pattern of its code and the files that may have it."""


@pytest.mark.parametrize(("pattern", "files"), ONE_PLACE.values(), ids=ONE_PLACE.keys())
def test_an_idea_is_implemented_in_one_place(pattern: str, files: set[str]) -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "generated" not in path.parts and re.search(pattern, path.read_text("utf-8"))
    }

    assert found == files
