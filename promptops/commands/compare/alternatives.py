"""The arms that a command line names, each as a catalog."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NoReturn

from promptops.catalog.catalog import Catalog
from promptops.commands.compare.options import MAX_ARMS, CompareOptions
from promptops.errors import UsageError
from promptops.model.loaded import LoadedPrompt
from promptops.records import field, record
from promptops.repo.process import decode
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.suggestions import did_you_mean
from promptops.workspace.named_prompts import required_prompt
from promptops.workspace.other_profile import required_profile
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace, workspace_at

AS_IT_STANDS = ("current", "as written")
"""Names of the reference if its prompts use several models; the second if the first is taken."""


@record(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One arm.

    Attributes:
        ids: From the id of a prompt of the reference to the arm's, where they differ.
    """

    name: str
    catalog: Catalog
    ids: Mapping[str, str] = field(default_factory=dict)


@record(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """The arms of a comparison.

    Attributes:
        head: The catalog with the cases, the assertions and the judges of all arms.
        loaded: The reference's prompts.
        others: All other arms, in the order of the command line.
        implied: The reference has no name of its own: it is whatever is in the work tree.
    """

    head: Catalog
    reference: Alternative
    loaded: tuple[LoadedPrompt, ...]
    others: tuple[Alternative, ...]
    implied: bool = False


def alternatives(workspace: Workspace, selected: Selected, options: CompareOptions) -> Alternatives:
    """The arms; raises UsageError for a name that is unknown or given twice."""
    _refuse_wrong_number(options)
    return _BY_KIND[options.kind](workspace, selected, options)


def _refuse_wrong_number(options: CompareOptions) -> None:
    names = options.names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"the arm `{twice}` is named twice", hint="leave one out")
    if len(names) > MAX_ARMS:
        raise UsageError(
            f"{len(names)} arms are named, and at most {MAX_ARMS} can be compared at once",
            hint="each further arm needs more cases to decide",
        )


def _models(workspace: Workspace, selected: Selected, options: CompareOptions) -> Alternatives:
    catalog = workspace.catalog
    own = {
        loaded.prompt.model.profile
        for loaded in catalog.prompts(selected.why)
        if loaded.prompt is not None and loaded.prompt.cases
    }
    name = options.reference or _profile_name(own, options.names)
    implied = options.reference is None and name in AS_IT_STANDS
    of_reference = catalog if options.reference is None else _with_profile(workspace, name)
    return Alternatives(
        head=catalog,
        reference=Alternative(name=name, catalog=of_reference),
        loaded=tuple(of_reference.prompts(selected.why)),
        others=tuple(
            Alternative(name=other, catalog=_with_profile(workspace, other))
            for other in options.names
            if other != name
        ),
        implied=implied,
    )


def _profile_name(own: Collection[str | None], taken: Collection[str]) -> str:
    """The profile of all prompts; if they have several, a name that no arm has."""
    if len(own) == 1 and (only := next(iter(own))) is not None:
        return only
    return next((name for name in AS_IT_STANDS if name not in taken), AS_IT_STANDS[-1])


def _with_profile(workspace: Workspace, name: str) -> Catalog:
    return workspace.catalog.with_profile(required_profile(workspace, name).name)


def _revisions(workspace: Workspace, selected: Selected, options: CompareOptions) -> Alternatives:
    repository = workspace.repository
    name = options.reference or (WORKTREE if not repository.bare else "HEAD")
    catalog = workspace.catalog if name == workspace.revision else _at(repository, name)
    ids = [workspace.catalog.ids[path] for path in selected.why]
    paths = [catalog.paths[identity] for identity in ids if identity in catalog.paths]
    return Alternatives(
        head=catalog,
        reference=Alternative(name=name, catalog=catalog),
        loaded=tuple(catalog.prompts(paths)),
        others=tuple(
            Alternative(name=other, catalog=_at(repository, other))
            for other in options.names
            if other != name
        ),
        implied=options.reference is None,
    )


def _at(repository: Repository, revision: str) -> Catalog:
    if revision not in (INDEX, WORKTREE):
        commit = repository.find(revision)
        if commit is None:
            _refuse_revision(repository, revision)
        revision = commit
    return workspace_at(repository, revision).catalog


def _refuse_revision(repository: Repository, revision: str) -> NoReturn:
    form = "--format=%(refname:short)"
    output = repository.git.run("for-each-ref", form, "refs/tags", "refs/heads", "refs/remotes")
    hint = FETCH_ALL if repository.shallow else "name a tag, a branch or a commit"
    near = did_you_mean(revision, decode(output).splitlines())
    raise UsageError(f"there is no revision {revision!r}", hint=near or hint)


def _prompts(workspace: Workspace, selected: Selected, options: CompareOptions) -> Alternatives:
    catalog = workspace.catalog
    ids = [catalog.ids[path] for path in selected.why]
    if len(ids) != 1:
        raise UsageError(
            f"--prompt compares one prompt with others, and {len(ids)} are selected",
            hint="name one: promptops compare ID --prompt OTHER",
        )
    named = [catalog.ids[required_prompt(workspace, name)] for name in options.names]
    names = dict.fromkeys((*ids, *named))
    reference = ids[0]
    if options.reference is not None:
        reference = catalog.ids[required_prompt(workspace, options.reference)]
    return Alternatives(
        head=catalog,
        reference=Alternative(name=reference, catalog=catalog),
        loaded=tuple(catalog.prompts([catalog.paths[reference]])),
        others=tuple(
            Alternative(name=name, catalog=catalog, ids={reference: name})
            for name in names
            if name != reference
        ),
    )


_BY_KIND = {"model": _models, "revision": _revisions, "prompt": _prompts}


def names_of(found: Alternatives) -> Sequence[str]:
    """The names of all arms, the reference first."""
    return [arm.name for arm in arms_of(found)]


def arms_of(found: Alternatives) -> Iterator[Alternative]:
    """All arms, the reference first."""
    yield found.reference
    yield from found.others
