"""CFG019."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from promptops.catalog.catalog import Catalog
from promptops.catalog.config_places import toml_places
from promptops.lint import Problem, Severity, rule
from promptops.lint.rules.channel_drift import PATH as CHANNELS
from promptops.lint.subject import LintRun
from promptops.model.config import VALUE_METRICS, AlertRule
from promptops.model.place import Place
from promptops.model.score import COUNTED_METRICS
from promptops.source.document import read
from promptops.source.toml_places import TomlPlaces
from promptops.suggestions import did_you_mean


@rule("CFG019", severity=Severity.ERROR)
def unknown_setting_name(catalog: Catalog, run: LintRun) -> Iterator[Problem]:
    """The metrics and prompts of alerts, and the release that `[drift]` names, exist.

    Otherwise `promptops score` and `promptops drift` refuse the setting at night, or an alert is
    never raised. A metric is `contracts`, `refusals`, `errors`, `p50`, `p95`, `cost_1000`, the type
    of an assertion, or a score that an assertion of a prompt names. Scores and prompts are checked
    if the whole catalog is linted, and the release where the tags of the repository are known.

    Bad:
        --- promptops.toml
        [[score.alerts]]
        metric = "cost_100"
        above = 4.5

    Bad:
        --- promptops.toml
        [[score.alerts]]
        metric = "contracts"
        below = 98
        prompts = ["suport/*"]
        --- prompts/support/ask.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}

    Good:
        --- promptops.toml
        [[score.alerts]]
        metric = "max-chars"
        below = 98
    """
    places = toml_places(catalog)
    if places is None:
        return
    for index, alert in enumerate(catalog.config.score.alerts):
        at = f"/score/alerts/{index}"
        yield from _metric(catalog, run, alert, places.word(f"{at}/metric", alert.metric))
        if run.complete:
            yield from _prompts(catalog, alert, places, f"{at}/prompts")
    yield from _release(catalog, places)


def _metric(
    catalog: Catalog, run: LintRun, alert: AlertRule, place: Place | None
) -> Iterator[Problem]:
    fixed = (*COUNTED_METRICS, *VALUE_METRICS)
    if place is None or alert.metric in fixed:
        return
    from promptops.evals.registry import built_in, is_name_of_plugin

    types = tuple(built_in())
    if is_name_of_plugin(alert.metric) or alert.metric.removeprefix("not-") in types:
        return
    near = did_you_mean(alert.metric, (*fixed, *types))
    if run.complete:
        scores = set(_scores(catalog))
        if alert.metric in scores:
            return
        near = did_you_mean(alert.metric, (*fixed, *scores, *types)) or _known(scores)
    elif near is None:
        return
    yield Problem(f"there is no metric `{alert.metric}`", at=place, hint=near)


def _known(scores: set[str]) -> str:
    known = ", ".join((*COUNTED_METRICS, *VALUE_METRICS, *sorted(scores)))
    return f"known here: {known}, and the types of assertions"


def _scores(catalog: Catalog) -> Iterator[str]:
    from promptops.evals.case_assertions import score_names

    for loaded in catalog.prompts():
        if loaded.prompt is not None:
            yield from score_names(loaded.prompt)


def _prompts(catalog: Catalog, alert: AlertRule, places: TomlPlaces, at: str) -> Iterator[Problem]:
    """Globs that match the id of no prompt."""
    for glob in alert.prompts:
        place = places.word(at, glob)
        if place is not None and not any(fnmatchcase(name, glob) for name in catalog.paths):
            hint = did_you_mean(glob, catalog.paths) or "write an id, or a glob of ids: support/*"
            yield Problem(f"`{glob}` matches no prompt", at=place, hint=hint)


def _release(catalog: Catalog, places: TomlPlaces) -> Iterator[Problem]:
    """A `drift.release` that is neither a channel nor a tag; nothing before the first release."""
    written = catalog.config.drift.release
    place = places.word("/drift/release", written) if written else None
    if written is None or place is None or catalog.releases is None:
        return
    data = catalog.files.data(CHANNELS)
    channels = read(CHANNELS, data).value if data else {}
    known = (*catalog.releases(), *(channels or {}))
    if known and written not in known:
        hint = did_you_mean(written, known) or f"known here: {', '.join(sorted(known)[:10])}"
        yield Problem(f"there is no channel and no release `{written}`", at=place, hint=hint)
