"""The release that is checked, with the endpoints and prices of the work tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from promptops.errors import NotFound
from promptops.jobs.workspace.workspace import (
    CHANNELS,
    Workspace,
    configuration,
    content_at,
    workspace_with,
)
from promptops.model.config import Config, ModelProfile
from promptops.model.release import Release
from promptops.records import record, replace
from promptops.release.channels import read_channels
from promptops.release.tag_format import TagNames
from promptops.release.tags import releases
from promptops.repo.repository import Repository
from promptops.runtime.loading.source import Pointer
from promptops.suggestions import did_you_mean

PRODUCTION = "production"
_FETCH = "git fetch --tags"


@record(frozen=True, slots=True, kw_only=True)
class CheckedRelease:
    """A release, and the channel that it was found by, or ""."""

    release: Release
    channel: str = ""


def checked_release(workspace: Workspace, wanted: str) -> CheckedRelease:
    """The release of a tag or a channel.

    Args:
        wanted: "" for what the channel `production` serves, or the latest release without that
            channel.

    Raises NotFound for a name that is neither, and if there is no release.
    """
    known = releases(workspace.repository, TagNames(workspace.config.release.tag_format))
    if not known:
        raise NotFound("there is no release", hint=f"create one: promptops release; or {_FETCH}")
    named = {release.name: release for release in known}
    if wanted in named:
        return CheckedRelease(release=named[wanted])
    channels = _channels(workspace.repository)
    channel = wanted or PRODUCTION
    if channel in channels:
        return _served(channel, channels[channel].release, named)
    if wanted:
        near = did_you_mean(wanted, [*named, *channels])
        hint = near or "name a release tag, or a channel of channels.yaml"
        raise NotFound(f"there is no release and no channel {wanted!r}", hint=hint)
    return CheckedRelease(release=_latest(known))


def release_workspace(workspace: Workspace, release: Release) -> Workspace:
    """The release's commit, with the endpoints and prices of the work tree."""
    config = configuration(workspace.repository, release.commit)
    return workspace_with(
        workspace.repository, release.commit, _with_endpoints(config, workspace.config)
    )


def _channels(repository: Repository) -> Mapping[str, Pointer]:
    """The committed channels: readers get these."""
    return read_channels(content_at(repository, "HEAD", CHANNELS) or b"")


def _served(channel: str, name: str, named: Mapping[str, Release]) -> CheckedRelease:
    if name not in named:
        raise NotFound(f"the channel `{channel}` serves {name!r}, which has no tag", hint=_FETCH)
    return CheckedRelease(release=named[name], channel=channel)


def _latest(known: Sequence[Release]) -> Release:
    """The highest release; a prerelease only if there is no other."""
    return next((each for each in reversed(known) if not each.version.pre), known[-1])


def _with_endpoints(config: Config, today: Config) -> Config:
    """The release's models with address, key, headers, price and size of today's profiles.

    What a request contains, the model's id and its parameters, stays that of the release.
    """
    models = {name: _with_endpoint(each, today.models) for name, each in config.models.items()}
    limits = replace(
        today.test, embeddings=config.test.embeddings, moderations=config.test.moderations
    )
    return replace(config, models=models, test=limits)


def _with_endpoint(profile: ModelProfile, today: Mapping[str, ModelProfile]) -> ModelProfile:
    own = today.get(profile.name)
    if own is None or own.provider != profile.provider:
        return profile
    return replace(
        profile,
        base_url=own.base_url,
        api_key_env=own.api_key_env,
        headers=own.headers,
        price=own.price,
        max_output_tokens=own.max_output_tokens,
    )
