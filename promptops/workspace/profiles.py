"""The model profile of a prompt, and a prompt with another profile."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.catalog.catalog import Catalog
from promptops.errors import UsageError
from promptops.model.config import ModelProfile
from promptops.model.prompt import Model, Prompt
from promptops.records import replace
from promptops.suggestions import did_you_mean
from promptops.workspace.workspace import Workspace


def model_profile(catalog: Catalog, model: Model) -> ModelProfile | None:
    """The profile that a prompt names, or one made from its own model."""
    if model.profile is not None and model.profile in catalog.config.models:
        return catalog.config.models[model.profile]
    return unnamed_profile({"provider": model.provider, "id": model.id})


def unnamed_profile(model: Mapping[str, str | None]) -> ModelProfile | None:
    """A profile for a model without one; None if there is no model."""
    provider, identity = model.get("provider"), model.get("id")
    if not provider or not identity:
        return None
    return ModelProfile(name=f"{provider}/{identity}", provider=provider, id=identity)


def with_profile(workspace: Workspace, prompt: Prompt, name: str) -> Prompt:
    """The prompt with the profile of this name; parameters in the prompt file still override it.

    Raises UsageError for an unknown profile.
    """
    required_profile(workspace, name)
    if prompt.model.profile == name:
        return prompt
    loaded = workspace.catalog.with_profile(name).loaded(prompt.path).prompt
    assert loaded is not None, "a profile does not decide whether a prompt file can be read"
    return replace(prompt, model=loaded.model)


def required_profile(workspace: Workspace, name: str) -> ModelProfile:
    """The profile of this name; raises UsageError for an unknown one."""
    models = workspace.config.models
    if name in models:
        return models[name]
    names = ", ".join(f"`{each}`" for each in models)
    add = f"add it: [models.{name}] with `provider` and `id`"
    raise UsageError(
        f"there is no profile `{name}`",
        where=workspace.config.path,
        hint=did_you_mean(name, models) or (f"the profiles are {names}" if names else add),
    )
