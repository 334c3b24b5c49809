"""CFG016."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.schema_places import UNKNOWN_TOOL
from promptops.lint import Problem, Severity, rule


@rule("CFG016", severity=Severity.ERROR)
def unknown_tool(problems: Sequence[Problem]) -> Iterator[Problem]:
    """The tool that `tool_choice` names is a tool of the prompt.

    Providers refuse a request that requires a call of a tool it does not offer.

    Bad:
        tools:
          - {name: find_order, description: Finds an order., parameters: {type: object}}
        tool_choice: {name: find_oder}
        messages:
          - {role: user, content: Where is my order?}

    Good:
        tools:
          - {name: find_order, description: Finds an order., parameters: {type: object}}
        tool_choice: {name: find_order}
        messages:
          - {role: user, content: Where is my order?}
    """
    yield from (problem for problem in problems if problem.code == UNKNOWN_TOOL)
