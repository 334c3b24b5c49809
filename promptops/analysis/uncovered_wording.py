"""What no case does, in words."""

from __future__ import annotations

from promptops.analysis.coverage import TemplateBranch
from promptops.analysis.uses import TemplateSpan


def untaken(way: TemplateBranch) -> tuple[str, TemplateSpan, str]:
    """What no case does, where that is written, and what to do."""
    what = f"`{_short(way.site.source)}`"
    is_loop = way.tag == "for"
    if way.tag == "include":
        return f"no case includes `{way.site.source[1:-1]}`", way.site, "add a case that does"
    if not way.reached:
        return f"no case comes to {what}", way.site, "add a case that does"
    if way.otherwise is not None and way.direction in ("else", "empty"):
        tag = "loop" if is_loop else "`if`"
        return f"no case takes the `else` of this {tag}", way.otherwise, "add a case that does"
    if way.direction in ("then", "holds", "taken"):
        claim = "has an item" if is_loop else "holds"
        return f"in no case {what} {claim}", way.site, "add a case in which it does"
    if is_loop:
        return f"in every case {what} has an item", way.site, "add a case in which it has none"
    claim = "holds, or what an `elif` asks for" if way.chained else "holds"
    return f"in every case {what} {claim}", way.site, "add a case in which it doesn't"


def _short(source: str) -> str:
    words = " ".join(source.split())
    return words if len(words) <= 60 else f"{words[:59]}…"
