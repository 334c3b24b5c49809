"""CHG405 to CHG408: what the model may call. It writes the arguments, and the host reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from promptops.diff.changes import change
from promptops.diff.equality import equal
from promptops.diff.properties import values_of
from promptops.diff.reader_schema import closed
from promptops.diff.side import PromptSide
from promptops.diff.wording import OUTPUT_NARROWED, OUTPUT_WIDENED, Wording, said, spoken
from promptops.model.bump import Bump
from promptops.model.change import ABSENT, Change, Witness
from promptops.model.prompt import Tool
from promptops.source.nodes import escaped

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference


def tool_changes(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    """What changed about the tools of a prompt."""
    old = {tool.name: tool for tool in before.prompt.tools}
    new = {tool.name: tool for tool in after.prompt.tools}
    for name, tool in new.items():
        if name not in old:
            yield change("CHG405", tool.at, f"the model may call `{name}`, which hosts must know")
        else:
            problem = after.schema_problem or before.schema_problem
            yield from _of_tool(old[name], tool, problem)
    for name in old:
        if name not in new:
            yield change("CHG406", "/tools", f"the model can't call `{name}` any more")
    shared = [name for name in old if name in new]
    if shared != [name for name in new if name in old]:
        yield change("CHG408", "/tools", "the tools are told in another order")
    yield from _chosen(before, after)


def _chosen(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    was, now = before.prompt.tool_choice, after.prompt.tool_choice
    if not equal(was, now):
        message = "which tool is called differs"
        yield change("CHG408", "/tool_choice", message, before=was, after=now)
    key = "parallel_tool_calls"
    was, now = (side.prompt.model.params.get(key, ABSENT) for side in (before, after))
    if not equal(was, now):
        message = "whether several tools are called at once differs"
        yield change("CHG408", f"/model/params/{key}", message, before=was, after=now)


def _of_tool(old: Tool, new: Tool, problem: str) -> Iterator[Change]:
    if not equal(old.parameters, new.parameters):
        found = [*_parameters(old, new, problem)]
        yield from found
        if not found:
            message = f"the parameters of `{new.name}` are described otherwise, as the model sees"
            yield change("CHG209", f"{new.at}/parameters", message)
    if old.description != new.description:
        message = f"`{new.name}` is described otherwise, which the model sees"
        facts = {"before": old.description, "after": new.description}
        yield change("CHG209", f"{new.at}/description", message, **facts)
    if old.strict != new.strict:
        message = f"whether calls of `{new.name}` keep strictly to its parameters differs"
        yield change("CHG408", f"{new.at}/strict", message, before=old.strict, after=new.strict)
    if not equal(old.returns, new.returns):
        yield change("CHG701", f"{new.at}/returns", f"what `{new.name}` is said to return differs")


def _parameters(old: Tool, new: Tool, problem: str) -> Iterator[Change]:
    path, name = f"{new.at}/parameters", new.name
    if problem:
        message = f"the parameters of `{name}` can't be compared: {problem}"
        yield change("CHG407", path, message, basis=[old.parameters, new.parameters])
        return
    from promptops.analysis.schemas.inclusion import differences  # 20 ms, and seldom needed

    widened = differences(closed(new.parameters), closed(old.parameters))
    narrowed = differences(closed(old.parameters), closed(new.parameters))
    for each in widened:
        yield _widened(each, path, old, new)
    told = {(each.pointer, each.keyword, each.name) for each in widened}
    for each in narrowed:
        if (each.pointer, each.keyword, each.name) not in told:
            message = f"`{name}`: {_said(each, OUTPUT_NARROWED, 'is gone')}"
            facts = {"level": "BEHAVIOR", "bump": Bump.MINOR}
            yield change("CHG407", f"{path}{each.pointer}/{each.keyword}", message, **facts)


def _widened(found: SchemaDifference, path: str, old: Tool, new: Tool) -> Change:
    witness = None
    if found.witness is not ABSENT:
        reason = "the tool could not be called so"
        witness = Witness(kind="arguments", value=found.witness, reason=reason)
    what = _said(found, OUTPUT_WIDENED, "may be passed now")
    doubt = "" if found.decided else " (or nobody can prove that not)"
    message = f"`{new.name}`: {what}{doubt}"
    facts = values_of(found, old.parameters, new.parameters)
    if not found.decided:
        facts["basis"] = [old.parameters, new.parameters]
    at = f"{path}{found.pointer}/{found.keyword}"
    return change("CHG407", at, message, witness=witness, **facts)


def _said(found: SchemaDifference, wording: Wording, property_: str) -> str:
    """About a property by its name; about the rest of a schema as of any output."""
    if found.name is None:
        return said(found, wording)
    name = spoken(f"{found.pointer}/properties/{escaped(found.name)}", "")
    if found.keyword == "required":
        return f"{name} {'may be missing' if wording is OUTPUT_WIDENED else 'is always there'} now"
    return f"{name} {property_}"
