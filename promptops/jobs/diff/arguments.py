"""The arguments of a comparison: what to compare, then the prompts to look at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NoReturn

from promptops.catalog.catalog import Catalog
from promptops.catalog.references import is_below
from promptops.errors import GitError, PromptopsError, UsageError
from promptops.jobs.diff.revisions import Folder, RevisionNames, RevisionRange
from promptops.jobs.workspace.named_prompts import (
    GLOB,
    candidate_paths,
    matching_prompts,
    nearest_prompts,
)
from promptops.jobs.workspace.workspace import configuration
from promptops.records import record
from promptops.repo.process import decode
from promptops.repo.repository import WORKTREE
from promptops.suggestions import MAX_CATALOG_CHARS, nearest_name

ONLY_GITS = frozenset("~^:@")
MAX_REFS = 2000
"""Among so many refs the nearest name is sought."""


@record(frozen=True, slots=True, kw_only=True)
class ParsedArguments:
    """The parsed arguments.

    Attributes:
        range: What to compare; None if it was not given.
        patterns: Names of prompts, as `named_prompts.matching_prompts` takes them.
        doubtful: The first argument, if it is ambiguous between a revision and a prompt.
    """

    range: RevisionRange | None = None
    patterns: tuple[str, ...] = ()
    doubtful: str | None = None


def parse_arguments(
    names: RevisionNames, arguments: Sequence[str], behind: int | None
) -> ParsedArguments:
    """Separate the revisions from the names of prompts.

    Args:
        behind: How many arguments follow `--`, if it was given: they are ids,
            and one before them is a range.

    Raises:
        GitError, UsageError: An argument that must be a range is not one.
    """
    if not arguments or behind == len(arguments):
        return ParsedArguments(patterns=tuple(arguments))
    first, *rest = arguments
    if behind is not None:
        return ParsedArguments(range=names.range(first), patterns=tuple(rest))
    try:
        found = names.find_range(first)
    except GitError:  # a few digits are an ambiguous commit id, but may still be a prompt id
        found = None
    if found is not None and not _is_folder_of_prompts(names, first, found):
        return ParsedArguments(range=found, patterns=tuple(rest), doubtful=first)
    doubtful = None if GLOB.intersection(first) else first
    return ParsedArguments(patterns=tuple(arguments), doubtful=doubtful)


def _is_folder_of_prompts(names: RevisionNames, written: str, found: RevisionRange) -> bool:
    """Whether a directory is a part of this repository's catalog and not another catalog."""
    if found.head or found.parted or not isinstance(found.base, Folder) or names.found is None:
        return False
    try:
        roots = configuration(names.found, WORKTREE).prompts
    except PromptopsError:
        return False
    paths = () if names.found.bare else candidate_paths(names.found, written)[:1]
    return any(
        root != "." and (path == root or is_below(path, root)) for path in paths for root in roots
    )


def refuse_doubt(
    names: RevisionNames, arguments: ParsedArguments, catalogs: Sequence[Catalog]
) -> None:
    """Raise an error if the catalogs show that the first argument was misunderstood."""
    first = arguments.doubtful
    if first is None:
        return
    if arguments.range is None:
        if not _is_prompt(names, first, catalogs):
            _refuse_unknown(names, first, catalogs)
    elif any(first in catalog.ids.values() for catalog in catalogs):
        raise UsageError(
            f"`{first}` is both a revision and a prompt",
            hint=f"for the revision write `{first} --`, for the prompt `-- {first}`",
        )


def refuse_second_revision(
    names: RevisionNames, arguments: ParsedArguments, catalogs: Sequence[Catalog]
) -> None:
    """Raise an error for two separate revisions, which other git commands accept."""
    if arguments.range is None or not arguments.patterns or arguments.doubtful is None:
        return
    base, head = arguments.doubtful, arguments.patterns[0]
    if ".." in base or _is_prompt(names, head, catalogs):
        return
    if names.find(head):
        message = f"`{head}` is a revision, not a prompt"
        raise UsageError(message, hint=f"to compare the two, write `{base}..{head}`")


def _is_prompt(names: RevisionNames, name: str, catalogs: Sequence[Catalog]) -> bool:
    """Whether the argument names prompts."""
    return any(matching_prompts(catalog, names.found, name) for catalog in catalogs)


def _refuse_unknown(names: RevisionNames, first: str, catalogs: Sequence[Catalog]) -> NoReturn:
    """Raise the error for an argument that names nothing."""
    if os.path.isfile(names.directory / first):
        raise UsageError(f"`{first}` is a file", hint="name a revision or a prompt")
    prompt = nearest_prompts(catalogs, first, *candidate_paths(names.found, first))
    revision = nearest_name(first, _refs(names), max_chars=MAX_CATALOG_CHARS)
    found = {"the prompt": prompt, "the revision": revision}
    near = [f"{kind} `{name}`" for kind, name in found.items() if name is not None]
    meant_for_git = ".." in first or ONLY_GITS.intersection(first) or first.startswith("HEAD")
    if meant_for_git or first.startswith(("/", "./")) or (names.repository.shallow and not near):
        names.range(first)
    names.find(first)  # the name may be an ambiguous commit id
    raise UsageError(
        f"`{first}` is neither a prompt nor a revision", hint=_hint(names, first, near)
    )


def _refs(names: RevisionNames) -> list[str]:
    form = ("--format=%(refname:short)", f"--count={MAX_REFS}")
    return decode(names.repository.git.run("for-each-ref", *form)).splitlines()


def _hint(names: RevisionNames, first: str, near: Sequence[str]) -> str:
    if near:
        return f"did you mean {' or '.join(near)}?"
    if os.path.isdir(names.directory / first):
        return f"for the directory write ./{first}"
    return "list prompts and revisions: promptops list; git branch --all; git tag"
