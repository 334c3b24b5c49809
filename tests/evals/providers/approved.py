"""A provider for a profile, whatever endpoint that has: what a test calls is approved."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.evals.providers import Provider, registry
from promptops.evals.providers.endpoint import approve, endpoint_of
from promptops.model.config import ModelProfile


def provider_of(
    profile: ModelProfile, environment: Mapping[str, str], *, plugins: bool = True
) -> Provider:
    approved = approve(profile, {endpoint_of(profile)})
    return registry.provider_of(approved, environment, plugins=plugins)
