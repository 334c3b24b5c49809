"""The policy that a change is judged by: that of its base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from promptops.errors import PromptopsError
from promptops.jobs.baseline import baseline_data, baseline_path
from promptops.jobs.workspace import Workspace, configuration
from promptops.model.config import Config, ModelProfile, TestSettings


def under_policy(head: Config, base: Config) -> Config:
    """The configuration of a change with all of its base that says what is good enough."""
    return replace(
        head,
        models=_models(base, head),
        lint=base.lint,
        test=_test_settings(base, head),
        release=base.release,
        diff=base.diff,
        check=base.check,
    )


def _models(base: Config, head: Config) -> Mapping[str, ModelProfile]:
    """The models of a change, at the prices and within the limits that its base knows of them."""
    known = {(each.provider, each.id): each for each in base.models.values()}
    return {name: _limited(each, known) for name, each in head.models.items()}


def _limited(profile: ModelProfile, known: Mapping[tuple[str, str], ModelProfile]) -> ModelProfile:
    same = known.get((profile.provider, profile.id))
    if same is None:
        return profile
    return replace(
        profile,
        price=same.price,
        context_window=same.context_window,
        max_output_tokens=same.max_output_tokens,
    )


def widened(config: Config, base: Config) -> Config:
    """With the roots of the base, too: what a change leaves out of them is still looked at."""
    return replace(
        config,
        prompts=tuple(dict.fromkeys((*config.prompts, *base.prompts))),
        schemas=tuple(dict.fromkeys((*config.schemas, *base.schemas))),
    )


def policy_risks(judged: Workspace, head: Config, base: Workspace) -> Iterator[str]:
    """What a change would alter in the rules it is judged by, a line each.

    Args:
        judged: What is looked at, under the policy of the base.
        head: The configuration of the change itself.
    """
    yield from _risks(base.config, head)
    yield from _service_risks(base.config, head)
    if baseline_data(judged, judged.revision) != baseline_data(judged, base.revision):
        yield f"{baseline_path(judged)} changes which findings count; {_ONCE_MERGED}"


def moved_on(
    workspace: Workspace, since: str, base: Workspace, overrides: Sequence[str]
) -> Iterator[str]:
    """What the branch that is compared with has in its policy since this one left it, a line each.

    Once it is merged into this one, or this one into it, that counts.
    """
    repository = workspace.repository
    tip = repository.find(since) if since else None
    if tip is None or tip == base.revision:
        return
    try:
        policy = configuration(repository, tip, overrides)
    except PromptopsError:
        return  # broken, which whoever merges it will see
    for name in _POLICY:
        if getattr(policy, name) != getattr(base.config, name):
            yield f"{since} has another `{name}` by now, which does not count yet: merge it"


def _test_settings(base: Config, head: Config) -> TestSettings:
    """Those of the base, but for the services: like models, they are part of what was recorded."""
    services = {name: getattr(head.test, name) for name in _SERVICES}
    return replace(base.test, **services)


def _risks(base: Config, head: Config) -> Iterator[str]:
    base = replace(base, test=_test_settings(base, head))
    for name, effect in _EFFECTS.items():
        if getattr(base, name) != getattr(head, name):
            yield f"{head.path or base.path or 'the configuration'} changes `{name}`; {effect}"


def _service_risks(base: Config, head: Config) -> Iterator[str]:
    for name in _SERVICES:
        if getattr(base.test, name) != getattr(head.test, name):
            yield f"{head.path or base.path} changes `test.{name}`; answers are judged with it"


_SERVICES = ("embeddings", "moderations")

_POLICY = ("lint", "test", "release", "diff", "check")
_ONCE_MERGED = "it counts once it is merged"
_EFFECTS = {
    "prompts": "those of the base are looked at, too",
    "schemas": "those of the base are looked at, too",
    "lint": _ONCE_MERGED,
    "test": _ONCE_MERGED,
    "release": _ONCE_MERGED,
    "diff": _ONCE_MERGED,
    "check": _ONCE_MERGED,
    "models": "requests are rendered with it, at the prices and within the limits of the base",
}
