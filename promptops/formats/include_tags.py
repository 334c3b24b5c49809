"""Tags that name another template: `include "a"`, `import "a" as b`, `from "a" import b`."""

from __future__ import annotations

from promptops.formats.parts import TagPart, TemplatePart
from promptops.patterns import lazy_pattern
from promptops.records import record, replace

_NAMED = lazy_pattern(r"""(include|import|from)(\s+)(["'])([^"']+)\3(.*)""", 16)


@record(frozen=True, slots=True)
class IncludeTag:
    """A tag with the constant name of a template.

    Attributes:
        word: `include`, `import` or `from`.
        after: What follows the name, with the blanks before it.
    """

    part: TagPart
    word: str
    name: str
    after: str

    def renamed(self, name: str) -> TagPart:
        """The tag with another name."""
        return replace(self.part, source=f'{self.word} "{name}"{self.after}')


def include_tag(part: TemplatePart) -> IncludeTag | None:
    """The tag; None for other parts, and for names that are computed."""
    match = _NAMED.fullmatch(part.source) if isinstance(part, TagPart) else None
    if match is None or not isinstance(part, TagPart):
        return None
    return IncludeTag(part, match[1], match[4], match[5])
