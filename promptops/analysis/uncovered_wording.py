"""Messages about template branches that no test case covers."""

from __future__ import annotations

from promptops.analysis.coverage import TemplateBranch
from promptops.analysis.uses import TemplateSpan


def untaken(way: TemplateBranch) -> tuple[str, TemplateSpan, str]:
    """The message for a branch that no case covers, the span it refers to, and the fix."""
    what = f"`{_short(way.site.source)}`"
    is_loop = way.tag == "for"
    if way.tag == "include":
        return f"no case includes `{way.site.source[1:-1]}`", way.site, "add a case that does"
    if not way.reached:
        return f"no case reaches {what}", way.site, "add a case that does"
    if way.otherwise is not None and way.direction in ("else", "empty"):
        tag = "loop" if is_loop else "`if`"
        return f"no case covers the `else` of this {tag}", way.otherwise, "add a case that does"
    if way.direction in ("then", "holds", "taken"):
        claim, missing = ("empty", "has an item") if is_loop else ("false", "is true")
        return f"{what} is {claim} in every case", way.site, f"add a case in which it {missing}"
    if is_loop:
        return f"{what} has an item in every case", way.site, "add a case in which it is empty"
    claim = "or a condition of its `elif` is true" if way.chained else "is true"
    return f"{what} {claim} in every case", way.site, "add a case in which it is false"


def _short(source: str) -> str:
    words = " ".join(source.split())
    return words if len(words) <= 60 else f"{words[:59]}…"
