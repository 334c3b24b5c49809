"""CFG022."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.schema_places import is_written
from promptops.lint import Problem, Severity, rule
from promptops.model.prompt import Prompt


@rule("CFG022", severity=Severity.ERROR)
def duplicate_tool(prompt: Prompt) -> Iterator[Problem]:
    """Each tool of a prompt has a name of its own.

    Anthropic refuses two tools with one name, and other providers send calls that could be for
    either. An application that finds its functions by name calls the wrong one.

    Bad:
        tools:
          - {name: find, description: Finds an order., parameters: {type: object}}
          - {name: find, description: Finds a customer., parameters: {type: object}}
        messages:
          - {role: user, content: Where is my order?}

    Good:
        tools:
          - {name: find_order, description: Finds an order., parameters: {type: object}}
          - {name: find_customer, description: Finds a customer., parameters: {type: object}}
        messages:
          - {role: user, content: Where is my order?}
    """
    names = set[str]()
    for tool in prompt.tools:
        if tool.name in names:
            own = f"{tool.at}/name"
            at = own if is_written(prompt.locate, own) else tool.at
            yield Problem(f"a second tool is called `{tool.name}`", at=at, hint="rename one")
        names.add(tool.name)
