"""Nunjucks: the tags of Jinja with expressions of JavaScript."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.languages.javascript_values import COMPACT_JSON, printed
from promptops.formats.languages.jinja import JinjaReader
from promptops.formats.languages.jinja_expressions import Token
from promptops.formats.parts import ExpressionPart, TagPart, TemplatePart
from promptops.formats.translation import Translation
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import replace

_WORDS = {"null": "none", "dump": "json"}
_NAME = lazy_pattern(r"\w+")
_DUMP = lazy_pattern(r"\|\s*json\b")
_TITLE = lazy_pattern(r"\|\s*title\b")
_IF = lazy_pattern(r"(?:el)?if\s+(\w+)\s*")
_FOR = lazy_pattern(r"for\s+\w+(?:\s*,\s*\w+)?\s+in\s+(\w+)\b.*")


def nunjucks(text: Text, sample: Mapping[str, Any]) -> Translation:
    """The translation of a Nunjucks template; example inputs tell how values are printed.

    A text that Nunjucks refuses is sent unchanged by promptfoo: IMP229. An empty list is true there
    and false in promptops: IMP231.
    """
    reader = JinjaReader(text, trim_blocks=False, lstrip_blocks=False, rewrite=_rewritten)
    found = reader.read()
    losses = [_renamed(loss) for loss in found.losses]
    place = text.place(0)
    for name in _tested_lists(found, sample):
        message = f"an empty list `{name}` is true in Nunjucks, and false in promptops"
        losses.append(Loss(code="IMP231", message=message, place=place))
    if "env." in text.value and "{{" in text.value and _reads_environment(found):
        message = "`env` is not carried: pass the value as an input"
        losses.append(Loss(code="IMP103", message=message, place=place, refuses=True))
    losses += _prints_otherwise(found, place, sample)
    parts = tuple(_printed(part, sample) for part in found.parts)
    return replace(found, parts=parts, losses=tuple(losses))


def _prints_otherwise(
    found: Translation, place: Place, sample: Mapping[str, Any]
) -> Iterator[Loss]:
    sources = [part.source for part in found.parts if isinstance(part, ExpressionPart)]
    if any(_DUMP.search(source) and _first_name(source) not in sample for source in sources):
        yield Loss(code="IMP213", message=COMPACT_JSON, place=place)
    if any(_TITLE.search(source) for source in sources):
        message = "in Nunjucks, `title` capitalises only after a blank"
        yield Loss(code="IMP213", message=message, place=place)


def _first_name(source: str) -> str:
    match = _NAME.match(source)
    return match[0] if match is not None else ""


def _printed(part: TemplatePart, sample: Mapping[str, Any]) -> TemplatePart:
    if isinstance(part, ExpressionPart):
        return ExpressionPart(printed(part.source, sample))
    return part


def _renamed(loss: Loss) -> Loss:
    if loss.code != "IMP313":
        return loss
    return replace(
        loss, code="IMP229", message="promptfoo sends this text unrendered, and so does promptops"
    )


def _rewritten(tokens: Sequence[Token]) -> Sequence[Token]:
    """`===` as `==`, `.length` as a filter, pairs of a mapping as items."""
    found: list[Token] = []
    for token in tokens:
        last = found[-1] if found else None
        if token.value == "=" and last is not None and last.value in ("==", "!="):
            continue
        if token.value == "length" and last is not None and last.value == ".":
            found[-1:] = [Token("operator", "|", token.start), Token("name", "length", token.start)]
            continue
        found.append(replace(token, value=_WORDS.get(token.value, token.value)))
    return [*found, *_items(found)]


def _items(tokens: Sequence[Token]) -> Sequence[Token]:
    """` | items` for `for key, value in mapping`."""
    words = [token.value for token in tokens if token.kind != "whitespace"]
    if words[:1] == ["for"] and words[2:3] == [","] and words[4:5] == ["in"] and len(words) == 6:
        end = tokens[-1].start
        return [Token("operator", "|", end), Token("name", "items", end)]
    return ()


def _tested_lists(found: Translation, sample: Mapping[str, Any]) -> list[str]:
    """What a condition tests and what is a list, by a loop or by an example."""
    tags = [part.source for part in found.parts if isinstance(part, TagPart)]
    tested = {match[1] for tag in tags if (match := _IF.fullmatch(tag))}
    looped = [match[1] for tag in tags if (match := _FOR.fullmatch(tag))]
    lists = [name for name, value in sample.items() if isinstance(value, list)]
    return [name for name in dict.fromkeys([*looped, *lists]) if name in tested]


def _reads_environment(found: Translation) -> bool:
    return any(getattr(part, "source", "").startswith("env.") for part in found.parts)
