"""The policy of a gate, taken from the base of the change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.errors import PromptopsError
from promptops.jobs.lint.baseline import baseline_data, baseline_path
from promptops.jobs.workspace.config_files import config_places
from promptops.jobs.workspace.workspace import Workspace, configuration
from promptops.json_pointer import escaped
from promptops.model.config import Config, ModelProfile, TestSettings
from promptops.model.place import Place
from promptops.model.risk import Risk
from promptops.records import fields, is_record, replace
from promptops.source.toml_places import TomlPlaces


def under_policy(head: Config, base: Config) -> Config:
    """The configuration of a change, with the policy settings of its base."""
    return replace(
        head,
        models=_models(base, head),
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


def _models(base: Config, head: Config) -> Mapping[str, ModelProfile]:
    """The models of a change, with the prices and limits of its base."""
    known = {(profile.provider, profile.id): profile for profile in base.models.values()}
    return {name: _limited(profile, known) for name, profile in head.models.items()}


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


def with_base_roots(config: Config, base: Config) -> Config:
    """The configuration with the roots of the base added, so that a change can't hide files."""
    return replace(
        config,
        prompts=tuple(dict.fromkeys((*config.prompts, *base.prompts))),
        schemas=tuple(dict.fromkeys((*config.schemas, *base.schemas))),
    )


def policy_risks(checked: Workspace, head: Config, base: Workspace) -> Iterator[Risk]:
    """Risks for the policy settings that a change alters.

    Args:
        checked: The workspace of the change, under the policy of the base.
        head: The configuration of the change itself.
    """
    places = config_places(checked.repository, checked.revision, head.path)
    yield from _risks(base.config, head, places)
    yield from _model_risks(base.config, head, places)
    yield from _service_risks(base.config, head, places)
    if baseline_data(checked, checked.revision) != baseline_data(checked, base.revision):
        path = baseline_path(checked)
        message = f"the baseline changes which findings count; {_ONCE_MERGED}"
        yield Risk(message=message, place=Place(path))


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
    for name in _POLICY:
        if getattr(policy, name) != getattr(base.config, name):
            yield f"`{name}` has changed on {since}, which has no effect yet: merge it"


def _test_settings(base: Config, head: Config) -> TestSettings:
    """The settings of the base, except the services: like models, they belong to the recordings."""
    services = {name: getattr(head.test, name) for name in _SERVICES}
    return replace(base.test, **services)


def _risks(base: Config, head: Config, places: TomlPlaces) -> Iterator[Risk]:
    base = replace(base, test=_test_settings(base, head))
    for name, effect in _EFFECTS.items():
        was, now = getattr(base, name), getattr(head, name)
        if was != now:
            keys = _changed_keys(name, was, now)
            named = " and ".join(f"`{key}`" for key in keys)
            verb = "changes" if len(keys) == 1 else "change"
            place = places.place(f"/{keys[0].replace('.', '/')}")
            yield Risk(message=f"{named} {verb}; {effect}", place=place)


def _changed_keys(name: str, was: object, now: object) -> list[str]:
    """The changed keys as written, such as `lint.per-file-ignores`."""
    if not is_record(was):
        return [name]
    keys = [field.name for field in fields(was)]
    altered = [key for key in keys if getattr(was, key) != getattr(now, key)]
    return [f"{name}.{key.replace('_', '-')}" for key in altered]


def _model_risks(base: Config, head: Config, places: TomlPlaces) -> Iterator[Risk]:
    """A risk for each profile that is new, removed or different."""
    for name in sorted(base.models.keys() | head.models.keys()):
        was, now = base.models.get(name), head.models.get(name)
        if was != now:
            place = places.place(f"/models/{escaped(name)}")
            yield Risk(message=_model_change(name, was, now), place=place)


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
    for name in _SERVICES:
        if getattr(base.test, name) != getattr(head.test, name):
            message = f"`test.{name}` changes; it is used to judge answers"
            yield Risk(message=message, place=places.place(f"/test/{name}"))


_SERVICES = ("embeddings", "moderations")

_POLICY = (
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
_ONCE_MERGED = "it takes effect once it is merged"
_EFFECTS = {
    "prompts": "those of the base are checked too",
    "schemas": "those of the base are checked too",
    "lint": _ONCE_MERGED,
    "test": _ONCE_MERGED,
    "release": _ONCE_MERGED,
    "diff": _ONCE_MERGED,
    "check": _ONCE_MERGED,
    "compare": _ONCE_MERGED,
    "probe": _ONCE_MERGED,
    "mutate": _ONCE_MERGED,
    "drift": _ONCE_MERGED,
    "score": _ONCE_MERGED,
}
