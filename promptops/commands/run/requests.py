"""The request to each model of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptops.commands.run.streaming import ArrivingAnswer, Streams
from promptops.errors import UsageError
from promptops.model.config import ModelProfile
from promptops.model.prompt import Prompt
from promptops.model.request import Request
from promptops.records import record
from promptops.runtime.request.render import Renderer
from promptops.workspace.model_profiles import model_profile
from promptops.workspace.other_profile import with_profile
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """The request to one model, and its answer as far as it has arrived."""

    prompt: Prompt
    profile: ModelProfile
    request: Request
    arriving: ArrivingAnswer


def model_requests(
    workspace: Workspace,
    prompt: Prompt,
    inputs: Mapping[str, Any],
    models: Sequence[str],
    streams: Streams,
) -> list[ModelRequest]:
    """The requests to models: profiles by their names, or without any the prompt's own model.

    Raises UsageError for an unknown profile and a prompt without a model, RenderError for inputs
    that do not fit.
    """
    catalog = workspace.catalog
    variants = [with_profile(workspace, prompt, name) for name in dict.fromkeys(models)]
    requests = []
    for number, variant in enumerate(variants or [prompt]):
        profile = model_profile(catalog, variant.model)
        if profile is None:
            raise _no_model(workspace, prompt)
        request = Renderer(variant, catalog.load, catalog.files.data).request(inputs)
        arriving = streams.expect(number, request)
        requests.append(
            ModelRequest(prompt=variant, profile=profile, request=request, arriving=arriving)
        )
    return requests


def _no_model(workspace: Workspace, prompt: Prompt) -> UsageError:
    names = ", ".join(workspace.config.models)
    choice = f"name a profile: --model {names.partition(',')[0]}" if names else ""
    return UsageError(
        f"{prompt.id} names no model",
        where=prompt.path,
        hint=choice or "add a model to the prompt: model: {provider: openai, id: …}",
    )
