"""The semantic history of one prompt."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.diff.codes import CODES
from promptops.diff.compare import CompareOptions, compare
from promptops.errors import NotFound, UsageError
from promptops.jobs.channels.history import parse_time, served_at
from promptops.jobs.history.catalogs import BranchHistory, CatalogStep
from promptops.jobs.history.lineage import FollowedPrompt, possible_paths
from promptops.jobs.release.changelog import first_releases
from promptops.jobs.workspace.named_prompts import no_match_error
from promptops.model.change import Change, PromptDiff
from promptops.model.history import HistoryEntry, PromptHistory, Served
from promptops.records import record, replace
from promptops.release.tag_format import TagNames
from promptops.repo.repository import Repository
from promptops.repo.revisions import FETCH_ALL


@record(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """Options of `promptops log`.

    Attributes:
        prompt: Its name, as `named_prompts.matching_prompts` takes it; may be None with a channel.
        at: A revision, None for HEAD; with a channel, a time, None for now.
        channel: Start at the release that it served at that time.
        number: The maximum number of entries; None for all.
        all: Include commits without a semantic change.
    """

    prompt: str | None
    at: str | None = None
    channel: str | None = None
    number: int | None = None
    all: bool = False


def log(directory: Path, wanted: LogOptions, overrides: Sequence[str] = ()) -> PromptHistory:
    """The commits that changed the rendered request or what callers pass, newest first.

    Follows first parents: a merge is one commit. Earlier names and files of the prompt are found by
    the `aliases` of its newer versions.

    Raises:
        UsageError: No commit has such a prompt; there is no such channel; the time is invalid.
        GitError: There is no such revision.
        InputError: The configuration there is wrong.
    """
    with Repository.open(directory) as repository:
        if wanted.channel is None:
            return _history(repository, wanted, wanted.at or "HEAD", overrides)
        served = served_at(repository, wanted.channel, parse_time(wanted.at))
        if wanted.prompt is None or served.release is None:
            return PromptHistory(prompt=wanted.prompt, served=served, shallow=repository.shallow)
        tag = _tag(repository, served)
        return replace(_history(repository, wanted, tag, overrides), served=served)


def _tag(repository: Repository, served: Served) -> str:
    tag = f"refs/tags/{served.release}"
    if repository.find(tag) is None:
        message = f"there is no release {served.release!r}, which `{served.channel}` served then"
        raise NotFound(message, hint="git fetch --tags")
    return tag


def _history(
    repository: Repository, wanted: LogOptions, revision: str, overrides: Sequence[str]
) -> PromptHistory:
    assert wanted.prompt is not None
    with closing(BranchHistory(repository, repository.resolve(revision), overrides)) as past:
        newest = past.catalog
        followed = FollowedPrompt(repository, newest, wanted.prompt)
        found = list(islice(_entries(past, followed, wanted), wanted.number))
    if followed.newest is None:
        raise _unknown(repository, newest, wanted.prompt)
    names = TagNames(newest.config.release.tag_format)
    releases = first_releases(repository, names, [entry.commit for entry in found])
    return PromptHistory(
        prompt=followed.newest,
        entries=tuple(replace(entry, release=releases.get(entry.commit)) for entry in found),
        shallow=past.cut,
        notes=tuple(past.notes),
    )


def _unknown(repository: Repository, catalog: Catalog, identity: str) -> UsageError:
    error = no_match_error(catalog, repository, identity)
    if any(os.path.isfile(repository.root / path) for path in possible_paths(catalog, [identity])):
        error.hint = "it is not committed yet"
    elif repository.shallow:
        error.hint = FETCH_ALL
    return error


def _entries(
    past: BranchHistory, followed: FollowedPrompt, wanted: LogOptions
) -> Iterator[HistoryEntry]:
    for step in past.steps(followed.files):
        here = followed.here
        before = followed.back(step)
        diff = _diff(step, here, before)
        means = diff is not None and any(_is_seen(change) for change in diff.changes)
        prompt = here or before
        if prompt is not None and (means or wanted.all):
            yield _entry(step, prompt, diff)


def _is_seen(change: Change) -> bool:
    """Whether callers or the model are affected; a draft counts too, but requires no bump."""
    return CODES[change.code].level != "NEUTRAL"


def _diff(step: CatalogStep, here: str | None, before: str | None) -> PromptDiff | None:
    """The changes of a step to the prompt, whose id on both sides is known."""
    paths = {step.after.paths[here]} if here is not None else set()
    if here is None and before is not None:
        # A prompt that names the removed one as alias was added in the same commit.
        paths = {step.before.paths[before], *step.after.ids.keys() & step.commit.before.keys()}
    options = CompareOptions(today=step.commit.day)
    found = [
        prompt_diff
        for prompt_diff in compare(step.before, step.after, paths, step.commit.before, options)
        if prompt_diff.id == here or (prompt_diff.before_id or prompt_diff.id) == before
    ]
    return max(
        found,
        key=lambda prompt_diff: (prompt_diff.before_id or prompt_diff.id) == before,
        default=None,
    )


def _entry(step: CatalogStep, prompt: str, diff: PromptDiff | None) -> HistoryEntry:
    commit = step.commit
    entry = HistoryEntry(
        commit=commit.id,
        author=commit.author,
        date=commit.written,
        subject=commit.subject,
        prompt=prompt,
    )
    if diff is None:
        return entry
    return replace(
        entry,
        prompt=diff.id,
        before=diff.before_id,
        state=diff.state,
        bump=diff.bump,
        changes=diff.changes,
        via=diff.via,
    )
