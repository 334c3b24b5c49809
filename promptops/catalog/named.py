"""Names in a prompt file that must exist: the profile of its model, the tool of `tool_choice`."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from promptops.model.finding import Edit, Fix, Problem
from promptops.model.place import Place
from promptops.model.prompt import Locate
from promptops.nearest import nearest_name

UNKNOWN_PROFILE = "CFG014"
UNKNOWN_TOOL = "CFG016"


def wrong_profile(
    model: Mapping[str, Any], profiles: Collection[str], locate: Locate
) -> Iterator[Problem]:
    """The profile of a model is not in the configuration, so the prompt has no model."""
    name = model.get("profile")
    if isinstance(name, str) and name not in profiles:
        yield _unknown(
            f"there is no profile `{name}`",
            locate("/model/profile", False),
            near=nearest_name(name, profiles),
            otherwise=f"add it to the configuration: [models.{name}]",
            code=UNKNOWN_PROFILE,
        )


def wrong_tool(choice: Any, tools: Collection[str], locate: Locate) -> Iterator[Problem]:
    """The required tool is not a tool of the prompt."""
    name = choice.get("name") if isinstance(choice, Mapping) else None
    if isinstance(name, str) and name not in tools:
        yield _unknown(
            f"the prompt has no tool `{name}`",
            locate("/tool_choice/name", False),
            near=nearest_name(name, tools),
            otherwise=f"its tools: {', '.join(tools)}" if tools else "add it to `tools`",
            code=UNKNOWN_TOOL,
        )


def _unknown(message: str, place: Place, *, near: str | None, otherwise: str, code: str) -> Problem:
    hint = f"did you mean `{near}`?" if near is not None else otherwise
    fix = Fix((Edit(place, json.dumps(near)),)) if near is not None else None
    return Problem(message, at=place, hint=hint, fix=fix, code=code)
