"""Finds assertions on delimiters that the template always writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import nodes

from promptops.model.finding import Problem
from promptops.model.prompt import Case, Message, Prompt, TextPart
from promptops.patterns import lazy_pattern
from promptops.runtime.template.template import TemplateError, parse

_DELIMITER = lazy_pattern(r"</?[A-Za-z][\w:-]*\s*/?>|[^\w\s]+")
"""Matches one tag, or punctuation such as a code fence."""


def constant_delimiters(prompt: Prompt, case: Case) -> Iterator[Problem]:
    """Each `contains` of a case whose value is a delimiter that every request contains.

    Words are not reported: a case may check that the template keeps a sentence.
    """
    for index, written in enumerate(case.rendered):
        value = written.get("value")
        if not isinstance(value, str) or not _is_of_delimiter(written, value):
            continue
        if _is_constant(prompt, written.get("role"), value):
            yield Problem(
                f"`{value}` is in every request, whatever the inputs: this assertion can't fail",
                at=case.locate(f"{case.at}/rendered/{index}/value", False),
                hint="assert text that comes from the inputs of the case",
            )


def _is_of_delimiter(written: Mapping[str, Any], value: str) -> bool:
    whole = written.get("type") == "contains" and not {"path", "transform"} & written.keys()
    return whole and _DELIMITER.fullmatch(value) is not None


def _is_constant(prompt: Prompt, role: str | None, value: str) -> bool:
    """Whether a message that is always sent contains the value outside of every tag."""
    return any(
        value in literal
        for message in prompt.messages
        if isinstance(message, Message) and message.when is None and role in (None, message.role)
        for part in message.parts
        if isinstance(part, TextPart) and part.when is None
        for literal in _literals(part.text.value)
    )


@lru_cache(maxsize=256)
def _literals(source: str) -> tuple[str, ...]:
    """The text of a template outside of tags; empty if it can't be parsed."""
    try:
        body = parse(source).tree.body
    except TemplateError:
        return ()
    outputs = (each for each in body if isinstance(each, nodes.Output))
    return tuple(
        each.data for output in outputs for each in output.nodes if type(each) is nodes.TemplateData
    )
