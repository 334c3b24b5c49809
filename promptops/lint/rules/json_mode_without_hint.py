"""CFG007."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.passages import Passage
from promptops.lint.subject import RenderedCase
from promptops.model.prompt import Prompt


@rule("CFG007", severity=Severity.ERROR)
def json_mode_without_hint(
    prompt: Prompt, passages: Sequence[Passage], renders: Sequence[RenderedCase]
) -> Iterator[Problem]:
    """A prompt with `format: json` and no schema mentions JSON in a message.

    Providers refuse a JSON mode request that does not mention JSON, because a model without that
    instruction can fill its answer with white space until the token limit. With a schema the
    provider enforces the format itself.

    Bad:
        output: {format: json}
        messages:
          - {role: user, content: Name three colours.}

    Good:
        output: {format: json}
        messages:
          - {role: user, content: Name three colours as a JSON array of texts.}

    Good:
        output:
          format: json
          schema: {type: array, items: {type: string}}
        messages:
          - {role: user, content: Name three colours.}
    """
    if prompt.output.format != "json" or prompt.output.schema is not None:
        return
    hint = "write `Answer with a JSON object.`, or add a schema"
    if not _is_written(prompt, passages):
        yield Problem("no message mentions JSON", at="/output/format", hint=hint)
        return
    for rendered in renders:
        if rendered.traced is not None and not _mentions(rendered.traced.request.messages):
            case = rendered.case.name
            message = f"no message mentions JSON in the case `{case}`"
            yield Problem(message, at="/output/format", hint=hint, case=case)
            return


def _is_written(prompt: Prompt, passages: Sequence[Passage]) -> bool:
    """Whether JSON is mentioned in a template or in the schema of a printed input."""
    literal = (passage.text for passage in passages if passage.literal)
    return any("json" in text.lower() for text in literal) or _mentions(prompt.inputs)


def _mentions(value: object) -> bool:
    return "json" in json.dumps(value, default=str).lower()
