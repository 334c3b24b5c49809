"""The template language of Semantic Kernel: `{{$name}}`, `{{"text"}}`, and calls of functions."""

from __future__ import annotations

from promptops.formats.document import ExpressionPart, TemplatePart, TextPart
from promptops.formats.languages.handlebars import TagLosses
from promptops.formats.translation import InputNames, Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

_TAG = lazy_pattern(r"\{\{([^{}]*)\}\}")
_NAME = lazy_pattern(r"\$([A-Za-z_]\w*)")
_TEXT = lazy_pattern(r"'([^'\\]*)'|\"([^\"\\]*)\"")


def semantic_kernel(text: Text, names: InputNames) -> Translation:
    """The parts; a call of a function refuses the prompt: IMP103."""
    losses = TagLosses(text)
    parts: list[TemplatePart] = []
    position = 0
    for tag in _TAG.finditer(text.value):
        parts.append(TextPart(text.value[position : tag.start()]))
        position = tag.end()
        inner = tag[1].strip()
        name, constant = _NAME.fullmatch(inner), _TEXT.fullmatch(inner)
        if name is not None:
            parts.append(ExpressionPart(names.name(name[1])))
        elif constant is not None:
            parts.append(TextPart(constant[1] or constant[2] or ""))
        else:
            losses.lost("IMP103", f"`{inner[:40]}` calls a function", tag.start())
    parts.append(TextPart(text.value[position:]))
    return Translation(parts=tuple(parts), losses=tuple(losses.found))
