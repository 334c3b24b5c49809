"""Templates in Liquid, as far as they have variables, conditions and loops only."""

from __future__ import annotations

import re
from collections.abc import Callable

from promptops.formats.document import Loss
from promptops.formats.languages.jinja import default_jinja
from promptops.formats.translation import InputNames, Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import replace

_TAG = lazy_pattern(r"\{([{%])(-?)\s{0,100}((?:[^{}%]|%(?!\}))*?)\s{0,100}(-?)[}%]\}", re.DOTALL)
_WORD = r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[\d+\])*"
_VALUE = rf"(?:{_WORD}|\"[^\"]*\"|'[^']*'|-?\d+(?:\.\d+)?)"
_TEST = rf"{_VALUE}(?:\s*(?:==|!=|<=|>=|<|>|contains)\s*{_VALUE})?"
_CONDITION = lazy_pattern(rf"{_TEST}(?:\s+(?:and|or)\s+{_TEST})*")
_CONTAINS = lazy_pattern(rf"({_VALUE})\s+contains\s+({_VALUE})")
_LOOP = lazy_pattern(rf"([A-Za-z_]\w*)\s+in\s+({_WORD})")
_PRINTED = lazy_pattern(rf"({_VALUE})((?:\s*\|\s*\w+(?:\s*:\s*{_VALUE})?)*)")
_FILTER = lazy_pattern(rf"\|\s*(\w+)(?:\s*:\s*({_VALUE}))?")
_SIZE = lazy_pattern(r"\.size\b")
_FILTERS = {
    "upcase": "upper",
    "downcase": "lower",
    "capitalize": "capitalize",
    "strip": "trim",
    "size": "length",
    "join": "join",
    "default": "default",
    "first": "first",
    "last": "last",
}
_PLAIN_TAGS = {"else": "else", "endif": "endif", "endfor": "endfor"}
_ALONE = lazy_pattern(rf"(?:if|elsif)\s+({_WORD})")


def liquid(text: Text, names: InputNames) -> Translation:
    """A template in Liquid; IMP102 for what has no counterpart, which refuses the prompt."""
    losses: list[Loss] = []

    def replaced(match: re.Match[str]) -> str:
        opening, before, inner, after = match.groups()
        written = _printed(inner) if opening == "{" else _statement(inner)
        place = text.place(match.start(), match.end())
        if written is None:
            message = f"`{match[0][:80]}` of Liquid has no counterpart"
            losses.append(Loss(code="IMP102", message=message, place=place, refuses=True))
            return ""
        if _ALONE.fullmatch(inner):
            message = "an empty text and an empty list are true in Liquid"
            losses.append(Loss(code="IMP231", message=message, place=place))
        closing = "}" if opening == "{" else "%"
        return f"{{{opening}{before} {written} {after}{closing}}}"

    written = _TAG.sub(replaced, text.value)
    found = default_jinja(replace(text, value=written), names)
    return replace(found, losses=(*losses, *found.losses))


def _statement(inner: str) -> str | None:
    """A tag of Jinja; None for one without a counterpart."""
    word, _, rest = inner.partition(" ")
    rest = rest.strip()
    if inner in _PLAIN_TAGS:
        return _PLAIN_TAGS[inner]
    if word in ("if", "elsif") and _CONDITION.fullmatch(rest):
        return f"{'elif' if word == 'elsif' else 'if'} {_condition(rest)}"
    if word == "unless" and _CONDITION.fullmatch(rest):
        return f"if not ({_condition(rest)})"
    if inner == "endunless":
        return "endif"
    loop = _LOOP.fullmatch(rest) if word == "for" else None
    return None if loop is None else f"for {loop[1]} in {loop[2]}"


def _condition(written: str) -> str:
    turned = _CONTAINS.sub(lambda match: f"{match[2]} in {match[1]}", written)
    return _outside_quotes(turned, lambda part: _SIZE.sub(" | length", part))


def _outside_quotes(written: str, change: Callable[[str], str]) -> str:
    pieces = re.split(r"(\"[^\"]*\"|'[^']*')", written)
    return "".join(one if index % 2 else change(one) for index, one in enumerate(pieces))


def _printed(inner: str) -> str | None:
    """An expression of Jinja; None for a filter without a counterpart."""
    match = _PRINTED.fullmatch(inner)
    if match is None:
        return None
    written = _outside_quotes(match[1], lambda part: _SIZE.sub(" | length", part))
    for name, argument in _FILTER.findall(match[2]):
        if name not in _FILTERS:
            return None
        written += f" | {_FILTERS[name]}" + (f"({argument})" if argument else "")
    return written
