"""CHG405 to CHG408: the tools that the model may call with arguments that the host reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from promptops.analysis.schemas.steps import Steps
from promptops.diff.changes import change
from promptops.diff.equality import equal
from promptops.diff.properties import values_of
from promptops.diff.rewriting import without_extra_properties
from promptops.diff.side import PromptSide
from promptops.diff.wording import OUTPUT_NARROWED, OUTPUT_WIDENED, Wording, describe, readable_name
from promptops.json_pointer import escaped
from promptops.model.bump import Bump
from promptops.model.change import ABSENT, Change, Witness
from promptops.model.prompt import Tool

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference


def tool_changes(before: PromptSide, after: PromptSide, steps: Steps) -> Iterator[Change]:
    """Changes in the tools of a prompt."""
    old = {tool.name: tool for tool in before.prompt.tools}
    new = {tool.name: tool for tool in after.prompt.tools}
    for name, tool in new.items():
        if name not in old:
            yield change("CHG405", tool.at, f"the model may call `{name}`: hosts must implement it")
        else:
            problem = after.schema_problem or before.schema_problem
            yield from _of_tool(old[name], tool, problem, steps)
    for name in old:
        if name not in new:
            yield change("CHG406", "/tools", f"the model can no longer call `{name}`")
    shared = [name for name in old if name in new]
    if shared != [name for name in new if name in old]:
        yield change("CHG408", "/tools", "the tools were reordered")
    yield from _chosen(before, after)


def _chosen(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    was, now = before.prompt.tool_choice, after.prompt.tool_choice
    if not equal(was, now):
        message = "`tool_choice` changed"
        yield change("CHG408", "/tool_choice", message, before=was, after=now)
    key = "parallel_tool_calls"
    was, now = (side.prompt.model.params.get(key, ABSENT) for side in (before, after))
    if not equal(was, now):
        message = "`parallel_tool_calls` changed"
        yield change("CHG408", f"/model/params/{key}", message, before=was, after=now)


def _of_tool(old: Tool, new: Tool, problem: str, steps: Steps) -> Iterator[Change]:
    if not equal(old.parameters, new.parameters):
        found = [*_parameters(old, new, problem, steps)]
        yield from found
        if not found:
            message = f"parameter descriptions of `{new.name}` changed: they are sent to the model"
            yield change("CHG209", f"{new.at}/parameters", message)
    if old.description != new.description:
        message = f"the description of `{new.name}` changed: it is sent to the model"
        facts = {"before": old.description, "after": new.description}
        yield change("CHG209", f"{new.at}/description", message, **facts)
    if old.strict != new.strict:
        message = f"`strict` of `{new.name}` changed"
        yield change("CHG408", f"{new.at}/strict", message, before=old.strict, after=new.strict)
    if not equal(old.returns, new.returns):
        yield change("CHG701", f"{new.at}/returns", f"`returns` of `{new.name}` changed")


def _parameters(old: Tool, new: Tool, problem: str, steps: Steps) -> Iterator[Change]:
    path, name = f"{new.at}/parameters", new.name
    if problem:
        message = f"the parameters of `{name}` can't be compared: {problem}"
        yield change("CHG407", path, message, basis=[old.parameters, new.parameters])
        return
    from promptops.analysis.schemas.inclusion import differences  # 20 ms, and seldom needed

    widened = differences(
        without_extra_properties(new.parameters), without_extra_properties(old.parameters), steps
    )
    narrowed = differences(
        without_extra_properties(old.parameters), without_extra_properties(new.parameters), steps
    )
    for difference in widened:
        yield _widened(difference, path, old, new)
    reported = {(difference.pointer, difference.keyword, difference.name) for difference in widened}
    for difference in narrowed:
        if (difference.pointer, difference.keyword, difference.name) not in reported:
            message = f"`{name}`: {_sentence(difference, OUTPUT_NARROWED, 'was removed')}"
            facts = {"level": "BEHAVIOR", "bump": Bump.MINOR}
            yield change(
                "CHG407", f"{path}{difference.pointer}/{difference.keyword}", message, **facts
            )


def _widened(found: SchemaDifference, path: str, old: Tool, new: Tool) -> Change:
    witness = None
    if found.witness is not ABSENT:
        reason = "the older schema refuses these arguments"
        witness = Witness(kind="arguments", value=found.witness, reason=reason)
    what = _sentence(found, OUTPUT_WIDENED, "may now be passed")
    doubt = "" if found.decided else " (not proved)"
    message = f"`{new.name}`: {what}{doubt}"
    facts = values_of(found, old.parameters, new.parameters)
    if not found.decided:
        facts["basis"] = [old.parameters, new.parameters]
    at = f"{path}{found.pointer}/{found.keyword}"
    return change("CHG407", at, message, witness=witness, **facts)


def _sentence(found: SchemaDifference, wording: Wording, property_: str) -> str:
    """A sentence about a property, by its name if it has one."""
    if found.name is None:
        return describe(found, wording)
    name = readable_name(f"{found.pointer}/properties/{escaped(found.name)}", "")
    if found.keyword == "required":
        state = "may now be missing" if wording is OUTPUT_WIDENED else "is now always present"
        return f"{name} {state}"
    return f"{name} {property_}"
