"""Write the names of all assertions into schemas/prompt.schema.json, for editors.

Run it after an assertion was added, renamed or removed: python scripts/make_schema.py
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from promptops.evals.registry import built_in

SCHEMA = Path(__file__).parent.parent / "schemas" / "prompt.schema.json"


def schema(text: str, names: Iterable[str]) -> str:
    """The schema with exactly these assertions, plain and negated; known ones keep their order."""
    tree = json.loads(text)
    listed = tree["$defs"]["assertion"]["properties"]["type"]["anyOf"][0]
    expected = [form for name in names for form in (name, f"not-{name}")]
    known = [form for form in listed["enum"] if form in expected]
    listed["enum"] = [*known, *(form for form in expected if form not in known)]
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema(SCHEMA.read_text("utf-8"), built_in()), encoding="utf-8")
