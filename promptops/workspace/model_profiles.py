"""The model profile of a prompt: one of the configuration, or one made from its own model."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.catalog.catalog import Catalog
from promptops.model.config import ModelProfile
from promptops.model.prompt import Model


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
