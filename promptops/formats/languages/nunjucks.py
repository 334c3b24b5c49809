"""Nunjucks, read and written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import (
    CommentPart,
    ExpressionPart,
    Loss,
    TagPart,
    TemplatePart,
    TextPart,
)
from promptops.formats.languages.jinja import JinjaReader, NotATemplate, Token
from promptops.formats.translation import COMPACT_JSON, Translation, escaped, printed
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
    if any(getattr(part, "source", "").startswith("env.") for part in found.parts):
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


# Our templates as Nunjucks: what renders exactly the same text, or nothing.

Schema = Mapping[str, Any]

_WRITTEN_FOR = lazy_pattern(r"for\s+(\w+)\s+in\s+(.+)", 16)
_WRITTEN_IF = lazy_pattern(r"(if|elif)\s+(.+)", 16)
_PLAIN_TAGS = frozenset(("else", "endif", "endfor"))
_SHARED_FILTERS = frozenset(("upper", "lower", "trim", "length", "join", "first", "last"))
_OPERATORS = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in"}
_ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*"}
_LOOP_ATTRIBUTES = frozenset(("index", "index0", "first", "last", "length"))
_PRINTED = frozenset(("string", "number", "integer"))


def nunjucks_text(parts: Iterable[TemplatePart], inputs: Schema) -> str:
    """The template in Nunjucks. Raises NotATemplate for what it renders in another way.

    Args:
        inputs: The schema of each input by its name.
    """
    writer = _Writer(inputs)
    return "".join(writer.written(part) for part in escaped(parts))


class _Writer:
    def __init__(self, inputs: Schema) -> None:
        self._scopes: list[Schema] = [inputs]

    def written(self, part: TemplatePart) -> str:
        if isinstance(part, TextPart):
            return part.text
        if isinstance(part, CommentPart):
            return ""
        if isinstance(part, ExpressionPart):
            node = _parsed(part.source)
            if not _PRINTED.issuperset(self._kinds(node)):
                raise NotATemplate(f"the printed value `{part.source}`, which is not a text")
            return f"{{{{ {self._expression(node)} }}}}"
        return f"{{% {self._tag(part.source.strip())} %}}"

    def _tag(self, source: str) -> str:
        if source in _PLAIN_TAGS:
            if source == "endfor":
                self._scopes.pop()
            return source
        loop, condition = _WRITTEN_FOR.fullmatch(source), _WRITTEN_IF.fullmatch(source)
        if condition is not None:
            return f"{condition[1]} {self._truth(_parsed(condition[2]))}"
        if loop is None or " if " in loop[2]:
            raise NotATemplate(f"`{source}`")
        node = _parsed(loop[2])
        items = self._schema(node)
        if items.get("type") != "array":
            raise NotATemplate(f"a loop over `{loop[2]}`, which is not a list")
        self._scopes.append({loop[1]: items.get("items", {}), "loop": {}})
        return f"for {loop[1]} in {self._expression(node)}"

    def _truth(self, node: Any) -> str:
        """A condition: an empty list is true in Nunjucks."""
        kind = type(node).__name__
        if kind in ("And", "Or"):
            return f"({self._truth(node.left)} {kind.lower()} {self._truth(node.right)})"
        if kind == "Not":
            return f"not ({self._truth(node.node)})"
        kinds = self._kinds(node)
        if kinds == {"array"}:
            return f"{self._expression(node)}.length"
        if kinds == {"array", "null"}:
            written = self._expression(node)
            return f"({written} and {written}.length)"
        if not kinds or kinds & {"array", "object"}:
            raise NotATemplate("a condition on a value that may be an object")
        return self._expression(node)

    def _expression(self, node: Any) -> str:
        write = _WRITERS_OF_NODES.get(type(node).__name__)
        if write is None:
            raise NotATemplate(f"an expression of the kind `{type(node).__name__}`")
        return write(self, node)

    def _name(self, node: Any) -> str:
        return str(node.name)

    def _constant(self, node: Any) -> str:
        return json.dumps(node.value, ensure_ascii=False)

    def _attribute(self, node: Any) -> str:
        if getattr(node.node, "name", "") == "loop" and node.attr not in _LOOP_ATTRIBUTES:
            raise NotATemplate(f"`loop.{node.attr}`")
        return f"{self._expression(node.node)}.{node.attr}"

    def _item(self, node: Any) -> str:
        index = getattr(node.arg, "value", None)
        if not isinstance(index, int | str) or (isinstance(index, int) and index < 0):
            raise NotATemplate("a slice or a computed index")
        return f"{self._expression(node.node)}[{json.dumps(index)}]"

    def _filter(self, node: Any) -> str:
        inner = self._expression(node.node)
        if node.name == "json" and self._kinds(node.node) == {"string"} and not node.args:
            return f"{inner} | dump"
        if node.name not in _SHARED_FILTERS or node.kwargs:
            raise NotATemplate(f"the filter `{node.name}`")
        arguments = ", ".join(self._expression(one) for one in node.args)
        return f"{inner} | {node.name}" + (f"({arguments})" if arguments else "")

    def _comparison(self, node: Any) -> str:
        if len(node.ops) != 1 or node.ops[0].op not in _OPERATORS:
            raise NotATemplate("a chain of comparisons")
        right = node.ops[0].expr
        return (
            f"{self._expression(node.expr)} {_OPERATORS[node.ops[0].op]} {self._expression(right)}"
        )

    def _sum(self, node: Any) -> str:
        operator = _ARITHMETIC[type(node).__name__]
        return f"({self._expression(node.left)} {operator} {self._expression(node.right)})"

    def _choice(self, node: Any) -> str:
        if node.expr2 is None:
            raise NotATemplate("an inline `if` without `else`")
        yes, no = self._expression(node.expr1), self._expression(node.expr2)
        return f"({yes} if {self._truth(node.test)} else {no})"

    def _kinds(self, node: Any) -> frozenset[str]:
        """The JSON types that a value can have; empty if they are not known."""
        kind = type(node).__name__
        if kind == "Const":
            return frozenset((_KIND_OF.get(type(node.value), "null"),))
        if kind == "CondExpr" and node.expr2 is not None:
            return self._kinds(node.expr1) | self._kinds(node.expr2)
        if kind == "Filter":
            return _KINDS_OF_FILTERS.get(node.name, frozenset())
        if kind in _KINDS_OF_NODES:
            return _KINDS_OF_NODES[kind]
        return self._declared(node)

    def _declared(self, node: Any) -> frozenset[str]:
        if type(node).__name__ == "Getattr" and getattr(node.node, "name", "") == "loop":
            return frozenset(("boolean" if node.attr in ("first", "last") else "integer",))
        given = self._schema(node).get("type", ())
        return frozenset((given,) if isinstance(given, str) else given)

    def _schema(self, node: Any) -> Schema:
        kind = type(node).__name__
        if kind == "Name":
            found = next((one for one in reversed(self._scopes) if node.name in one), {})
            return _schema(found.get(node.name))
        if kind == "Getattr":
            return _schema(_schema(self._schema(node.node).get("properties")).get(node.attr))
        return {}


def _schema(value: Any) -> Schema:
    return value if isinstance(value, Mapping) else {}


def _parsed(source: str) -> Any:
    from jinja2 import Environment, TemplateSyntaxError

    try:
        tree: Any = Environment().parse(f"{{{{ {source} }}}}")
    except TemplateSyntaxError:
        raise NotATemplate(f"`{source}`") from None
    return tree.body[0].nodes[0]


_KIND_OF: Mapping[type, str] = {str: "string", int: "integer", bool: "boolean"}
_KINDS_OF_NODES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("Compare", "Not"), frozenset(("boolean",))),
    **dict.fromkeys(_ARITHMETIC, frozenset(("number",))),
}
_KINDS_OF_FILTERS = {
    **dict.fromkeys(("upper", "lower", "trim", "join", "json"), frozenset(("string",))),
    "length": frozenset(("integer",)),
}
_WRITERS_OF_NODES: Mapping[str, Callable[[_Writer, Any], str]] = {
    "Name": _Writer._name,
    "Const": _Writer._constant,
    "Getattr": _Writer._attribute,
    "Getitem": _Writer._item,
    "Filter": _Writer._filter,
    "Compare": _Writer._comparison,
    "CondExpr": _Writer._choice,
    **dict.fromkeys(_ARITHMETIC, _Writer._sum),
}
