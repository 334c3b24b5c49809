"""Drop a tool, or make a required parameter of a tool optional."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.jobs.mutating.edits import PromptEdit
from promptops.jobs.mutating.witnesses import call_witness
from promptops.model.prompt import Prompt, Tool
from promptops.records import replace


def edits(prompt: Prompt) -> Iterator[PromptEdit]:
    """Per tool: without it, unless `tool_choice` names it; then without each required parameter."""
    for index, tool in enumerate(prompt.tools):
        if not _is_chosen(prompt.tool_choice, tool.name):
            yield _dropped(prompt, index)
        required = tool.parameters.get("required")
        for name in required if isinstance(required, list) else ():
            yield _freed(prompt, index, name)


def _is_chosen(choice: Any, name: str) -> bool:
    return choice == name or (isinstance(choice, Mapping) and name in str(choice))


def _dropped(prompt: Prompt, index: int) -> PromptEdit:
    tool = prompt.tools[index]
    return PromptEdit(
        prompt=replace(prompt, tools=(*prompt.tools[:index], *prompt.tools[index + 1 :])),
        place=prompt.locate(tool.at, False),
        dropped=(tool.at,),
        change=f"drop the tool `{tool.name}`",
        suggestion=f"a case that needs it: `{{type: tool-call, name: {tool.name}}}`",
        witness=call_witness(tool.name),
        on_request=False,
    )


def _freed(prompt: Prompt, index: int, name: str) -> PromptEdit:
    tool = prompt.tools[index]
    left = [other for other in tool.parameters["required"] if other != name]
    freed: Tool = replace(tool, parameters={**tool.parameters, "required": left})
    tools = (*prompt.tools[:index], freed, *prompt.tools[index + 1 :])
    at = f"{tool.at}/parameters/required/{tool.parameters['required'].index(name)}"
    return PromptEdit(
        prompt=replace(prompt, tools=tools),
        place=prompt.locate(at, False),
        change=f"make `{name}` of the tool `{tool.name}` optional",
        suggestion=f"`{{type: tool-call, name: {tool.name}, arguments: {{{name}: …}}}}`",
        witness=call_witness(tool.name, name),
        on_request=False,
    )
