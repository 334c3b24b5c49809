"""The batch APIs of pending batches, for the profiles that the work tree configures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.evals.engine.ask import Settings
from promptops.jobs.testing.batch.fetching import Open
from promptops.jobs.testing.batch.pending import PendingBatch
from promptops.jobs.testing.batch.service import BatchService
from promptops.jobs.testing.batch.submitting import digest_of_endpoint
from promptops.jobs.workspace.approved_endpoints import Approvals
from promptops.jobs.workspace.model_profiles import unnamed_profile
from promptops.model.config import ModelProfile


def open_services(
    batches: Sequence[PendingBatch], catalog: Catalog, approvals: Approvals, settings: Settings
) -> dict[str, Open]:
    """By the digest of the endpoint; endpoints that no profile has any more are left out.

    Raises UsageError if an endpoint is not approved, or a key or package is missing.
    """
    found: dict[str, ModelProfile] = {}
    for batch in batches:
        if batch.endpoint not in found:
            profile = profile_of(batch, catalog)
            if profile is not None:
                found[batch.endpoint] = profile
    if not found:
        return {}
    approved = approvals.approve_profiles(tuple(found.values()), catalog)
    return {
        digest: (profile, BatchService(approved(profile), settings))
        for digest, profile in found.items()
    }


def profile_of(batch: PendingBatch, catalog: Catalog) -> ModelProfile | None:
    """The profile that can collect a batch; None if no profile has its endpoint."""
    return next(_candidates(batch, catalog), None)


def _candidates(batch: PendingBatch, catalog: Catalog) -> Iterator[ModelProfile]:
    """Profiles with the endpoint of a batch, that with its name first."""
    named = catalog.config.models.get(batch.profile)
    unnamed = unnamed_profile({"provider": batch.provider, "id": batch.model})
    for profile in (named, *catalog.config.models.values(), unnamed):
        if profile is not None and digest_of_endpoint(profile) == batch.endpoint:
            yield profile
