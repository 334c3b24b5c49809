"""TOK003."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.request_size import unbounded_inputs
from promptops.lint.subject import TemplateScope
from promptops.model.prompt import Prompt

_HINTS = {
    "maxLength": "add `maxLength`, or truncate it where it is printed: `| truncate(2000)`",
    "maxItems": "add `maxItems`, or use a slice: `[:20]`",
}
_WHAT = {"maxLength": "text", "maxItems": "list"}


@rule("TOK003", severity=Severity.WARNING)
def unbounded_input(
    prompt: Prompt, scopes: Sequence[TemplateScope], catalog: Catalog
) -> Iterator[Problem]:
    """Every string and list that reaches a message has a size limit.

    One day a caller passes a whole log file. Then the request costs a hundred times as much, or
    exceeds the context window, and the model no longer finds the instructions. With a limit the
    call fails early, and the error names the input that is too long.

    Strings limited by an `enum`, a `format` or a pattern are not reported. Neither are values that
    `truncate` or a slice cuts in the template, media, and `history` with `last`.

    Bad:
        inputs:
          properties:
            ticket: {type: string, default: none}
        messages:
          - {role: user, content: "Sort this ticket: {{ ticket }}"}

    Bad:
        inputs:
          properties:
            names: {type: array, default: [], items: {type: string, maxLength: 80}}
        messages:
          - {role: user, content: "Greet {{ names | join(', ') }}."}

    Good:
        inputs:
          properties:
            ticket: {type: string, maxLength: 8000, default: none}
            names: {type: array, maxItems: 20, default: [], items: {type: string, maxLength: 80}}
            log: {type: string, default: empty}
        messages:
          - role: user
            content: |
              Sort this ticket of {{ names | join(", ") }}: {{ ticket }}
              The log begins with: {{ log | truncate(500) }}
    """
    for unbounded in unbounded_inputs(prompt, scopes, catalog.files.defines):
        keyword = unbounded.lacks
        yield Problem(
            f"`{unbounded.name}` is a {_WHAT[keyword]} without a size limit: add `{keyword}`",
            at=unbounded.at,
            key=True,
            hint=_HINTS[keyword],
        )
