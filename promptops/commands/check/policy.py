"""The policy of a gate: the settings of the base, and those of a change that introduces promptops.

What a change alters in the policy is a risk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptops.commands.lint.baseline import baseline_data, baseline_path
from promptops.errors import PromptopsError
from promptops.json_pointer import escaped
from promptops.model.config import Config, ModelProfile, TestSettings
from promptops.model.place import Place
from promptops.model.report import Risk
from promptops.records import fields, is_record, record, replace
from promptops.repo.default_branch import default_branch, is_branch, trusted_branch
from promptops.repo.repository import INDEX, WORKTREE
from promptops.source.toml_places import TomlPlaces
from promptops.workspace.workspace import (
    Workspace,
    config_places,
    configuration,
    with_config,
    workspace_at,
)


@record(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What applies of the change itself, because its base lacks it.

    Attributes:
        settings: The configuration, with its waivers.
        baseline: The accepted findings.
        complete: The base has no prompts either, so nothing was checked before.
    """

    settings: bool = False
    baseline: bool = False
    complete: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What the verdict begins with."""
        if not (self.settings or self.baseline):
            return ()
        return (f"first adoption: this change brings its own {_BROUGHT[self.settings]}",)


_BROUGHT = {True: "settings", False: "baseline"}


def adoption(
    workspace: Workspace,
    since: str,
    base: Workspace,
    overrides: Sequence[str],
    *,
    untrusted: bool,
) -> Adoption:
    """What a change brings that its base lacks, and that the branches it is for lack, too.

    Settings are lacking without a configuration; the baseline without prompts and without its file.

    Args:
        untrusted: Only a change whose base lacks both configuration and prompts brings anything,
            and only if it is known which branch it is for.
    """
    if base.config.path is not None and base.catalog.prompt_files:
        return Adoption()
    if untrusted and not (
        is_branch(workspace.repository, since) or trusted_branch(workspace.repository) is not None
    ):
        return Adoption()
    try:
        bases = [base, *_branches_to_merge_into(workspace, since, overrides)]
    except PromptopsError:  # a configuration that can't be read is one
        return Adoption()
    configured = any(each.config.path is not None for each in bases)
    managed = any(each.catalog.prompt_files for each in bases)
    if untrusted and (configured or managed):
        return Adoption()
    policy = with_config(workspace, base.config) if configured else workspace
    settings = not configured and workspace.config.path is not None
    return Adoption(
        settings=settings,
        baseline=not managed and _only_change_has_baseline(policy, bases),
        complete=settings and not managed,
    )


def _branches_to_merge_into(
    workspace: Workspace, since: str, overrides: Sequence[str]
) -> Iterator[Workspace]:
    """The compared branch and the default branch as they are now, unless they have the commit."""
    repository, revision = workspace.repository, workspace.revision
    head = None if revision in (INDEX, WORKTREE) else repository.resolve(revision)
    # A wrong guess only takes the change's own away; an untrusted change is not judged by a guess.
    default = trusted_branch(repository) or default_branch(repository)
    names = filter(None, (since, default))
    for tip in dict.fromkeys(filter(None, map(repository.find, names))):
        if head is None or repository.merge_base(tip, head) != head:
            yield workspace_at(repository, tip, overrides)


def _only_change_has_baseline(policy: Workspace, bases: Iterable[Workspace]) -> bool:
    has_none = all(baseline_data(policy, each.revision) is None for each in bases)
    return has_none and baseline_data(policy, policy.revision) is not None


# The policy of a gate, taken from the base of the change.

_JUDGING_SERVICES = ("embeddings", "moderations", "user")
_POLICY_SETTINGS = (
    "lint",
    "test",
    "release",
    "diff",
    "check",
    "compare",
    "probe",
    "mutate",
    "drift",
    "score",
)
_ROOTS = ("prompts", "schemas")
_ROOTS_OF_BASE = "those of the base are checked too"
_ONCE_MERGED = ("it takes effect once it is merged", "they take effect once they are merged")
_BASE_HAS_NONE = "to this change, because the base has no configuration"
_IN_FORCE = (f"it applies {_BASE_HAS_NONE}", f"they apply {_BASE_HAS_NONE}")


def under_policy(head: Config, base: Config) -> Config:
    """The configuration of a change, with the policy settings of its base."""
    return replace(
        head,
        models=_models_under_policy(base, head),
        lint=base.lint,
        test=_test_settings(base, head),
        release=base.release,
        diff=base.diff,
        check=base.check,
        compare=base.compare,
        probe=base.probe,
        mutate=base.mutate,
        drift=base.drift,
        score=base.score,
    )


def _models_under_policy(base: Config, head: Config) -> Mapping[str, ModelProfile]:
    """The models of a change, with the prices and limits of its base."""
    known = {(profile.provider, profile.id): profile for profile in base.models.values()}
    return {name: _with_limits_of_base(profile, known) for name, profile in head.models.items()}


def _with_limits_of_base(
    profile: ModelProfile, known: Mapping[tuple[str, str], ModelProfile]
) -> ModelProfile:
    same = known.get((profile.provider, profile.id))
    if same is None:
        return profile
    return replace(
        profile,
        price=same.price,
        context_window=same.context_window,
        max_output_tokens=same.max_output_tokens,
    )


def _test_settings(base: Config, head: Config) -> TestSettings:
    """The settings of the base, except the services: like models, they belong to the recordings."""
    services = {name: getattr(head.test, name) for name in _JUDGING_SERVICES}
    return replace(base.test, **services)


def with_base_roots(config: Config, base: Config) -> Config:
    """The configuration with the roots of the base added, so that a change can't hide files."""
    return replace(
        config,
        prompts=tuple(dict.fromkeys((*config.prompts, *base.prompts))),
        schemas=tuple(dict.fromkeys((*config.schemas, *base.schemas))),
    )


def policy_risks(
    checked: Workspace, head: Config, base: Workspace, adopted: Adoption
) -> Iterator[Risk]:
    """Risks for the policy settings that a change alters; none for the settings of a new policy.

    Args:
        checked: The workspace of the change, under the policy that applies.
        head: The configuration of the change itself.
    """
    if not adopted.complete:
        places = config_places(checked.repository, checked.revision, head.path)
        effects = _IN_FORCE if adopted.settings else _ONCE_MERGED
        yield from _setting_risks(base.config, head, places, effects)
        # A risk for each profile that is new, removed or different.
        for name in sorted(base.config.models.keys() | head.models.keys()):
            was, now = base.config.models.get(name), head.models.get(name)
            if was != now:
                place = places.place(f"/models/{escaped(name)}")
                yield Risk(message=_model_change(name, was, now), place=place)
        yield from _service_risks(base.config, head, places)
    if adopted.baseline:
        return
    if baseline_data(checked, checked.revision) != baseline_data(checked, base.revision):
        path = baseline_path(checked)
        message = f"the baseline changes which findings count; {_ONCE_MERGED[0]}"
        yield Risk(message=message, place=Place(path))


def _setting_risks(
    base: Config, head: Config, places: TomlPlaces, effects: tuple[str, str]
) -> Iterator[Risk]:
    """A risk for each table with changes; `effects` is the effect of one key, and of several."""
    base = replace(base, test=_test_settings(base, head))
    for name in (*_ROOTS, *_POLICY_SETTINGS):
        was, now = getattr(base, name), getattr(head, name)
        if was != now:
            keys = _changed_keys(name, was, now)
            named = " and ".join(f"`{key}`" for key in keys)
            verb, effect = ("changes", effects[0]) if len(keys) == 1 else ("change", effects[1])
            place = places.place(f"/{keys[0].replace('.', '/')}")
            what = _ROOTS_OF_BASE if name in _ROOTS else effect
            yield Risk(message=f"{named} {verb}; {what}", place=place)


def _changed_keys(name: str, was: object, now: object) -> list[str]:
    """The changed keys as written, such as `lint.per-file-ignores`."""
    if not is_record(was):
        return [name]
    keys = [field.name for field in fields(was)]
    altered = [key for key in keys if getattr(was, key) != getattr(now, key)]
    return [f"{name}.{key.replace('_', '-')}" for key in altered]


def _model_change(name: str, was: ModelProfile | None, now: ModelProfile | None) -> str:
    if was is None:
        return f"`models.{name}` is new: check its model, address and API key variable"
    if now is None:
        return f"`models.{name}` was removed"
    return (
        f"`models.{name}` differs: this check uses its new settings, but the prices and limits "
        "of the base branch"
    )


def _service_risks(base: Config, head: Config, places: TomlPlaces) -> Iterator[Risk]:
    for name in _JUDGING_SERVICES:
        if getattr(base.test, name) != getattr(head.test, name):
            message = f"`test.{name}` changes; it is used to judge answers"
            yield Risk(message=message, place=places.place(f"/test/{name}"))


def pending_policy_changes(
    workspace: Workspace, since: str, base: Workspace, overrides: Sequence[str]
) -> Iterator[str]:
    """Policy settings that changed on the base branch since this branch left it, one line each.

    They apply once the branches are merged.
    """
    repository = workspace.repository
    tip = repository.find(since) if since else None
    if tip is None or tip == base.revision:
        return
    try:
        policy = configuration(repository, tip, overrides)
    except PromptopsError:
        return  # a broken configuration is reported when it is merged
    for name in _POLICY_SETTINGS:
        if getattr(policy, name) != getattr(base.config, name):
            yield f"`{name}` has changed on {since}, which has no effect yet: merge it"
