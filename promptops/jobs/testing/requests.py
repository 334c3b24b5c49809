"""The answers that cases need, and the profiles to call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.jobs.testing.answering import Want
from promptops.jobs.testing.plan import Planned
from promptops.model.config import ModelProfile
from promptops.model.prompt import Model
from promptops.model.request import Request


def wants(catalog: Catalog, planned: Sequence[Planned]) -> Iterator[Want]:
    """The answers that cases need."""
    for each in planned:
        if each.request is not None and each.asks and not each.error:
            yield want_of(each.request, each, profile_of(catalog, each))


def want_of(request: Request, planned: Planned, profile: ModelProfile | None) -> Want:
    """The answer that a case needs."""
    return Want(
        prompt=planned.prompt,
        case=planned.case.name,
        repeat=planned.repeat,
        digest=planned.digest,
        request=request,
        profile=profile,
    )


def profile_of(catalog: Catalog, planned: Planned) -> ModelProfile | None:
    """The profile of a prompt; None if it has no model."""
    return profile_for(catalog, planned.prompt.model)


def profile_for(catalog: Catalog, model: Model) -> ModelProfile | None:
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
