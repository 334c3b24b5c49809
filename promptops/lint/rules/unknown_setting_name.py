"""CFG019."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from promptops.catalog.catalog import Catalog, toml_places
from promptops.lint import Problem, Severity, rule
from promptops.lint.rules.channel_drift import PATH as CHANNELS
from promptops.lint.subject import LintRun
from promptops.source.document import read
from promptops.source.toml_places import TomlPlaces
from promptops.suggestions import did_you_mean

_NO_TAGS = "run `git fetch --tags`, or name another release or channel"


@rule("CFG019", severity=Severity.ERROR)
def unknown_setting_name(catalog: Catalog, run: LintRun) -> Iterator[Problem]:
    """The metrics and prompts of alerts, and the release that `[drift]` names, exist.

    Otherwise `promptops score` and `promptops drift` fail at night, or an alert is never raised.
    A metric is `contracts`, `refusals`, `errors`, `p50`, `p95`, `cost_1000`, or a score or the type
    of an assertion in the `evaluation` of a current prompt, if `promptops score` can check that
    assertion on samples. Prompts are also found by their earlier ids. The release is checked where
    the tags of the repository are known.

    Bad:
        --- promptops.toml
        [[score.alerts]]
        metric = "contrcats"
        below = 98

    Bad:
        --- promptops.toml
        [[score.alerts]]
        metric = "contracts"
        below = 98
        prompts = ["suport/*"]

    Good:
        --- promptops.toml
        [[score.alerts]]
        metric = "contracts"
        below = 98
    """
    places = toml_places(catalog)
    if places is None:
        return
    if catalog.config.score.alerts:
        yield from _wrong_metrics(catalog, run, places)
        yield from _idle_globs(catalog, places)
    yield from _unknown_release(catalog, places)


def _wrong_metrics(catalog: Catalog, run: LintRun, places: TomlPlaces) -> Iterator[Problem]:
    """Metrics that no prompt has, of the alerts in the file; a gate also has those of the base."""
    from promptops.model.score import BUILT_IN_METRICS

    others = [
        (alert.metric, place)
        for index, alert in enumerate(catalog.config.score.alerts)
        if alert.metric not in BUILT_IN_METRICS
        and (place := places.word(f"/score/alerts/{index}/metric", alert.metric)) is not None
        and (run.complete or place.path in (run.concerned or ()))  # it reads every prompt
    ]
    names = _metrics(catalog) if others else None
    if names is None:
        return
    from promptops.evals.alert_metrics import unknown_metric

    for metric, place in others:
        wrong = unknown_metric(metric, names)
        if wrong is not None:
            yield Problem(wrong[0], at=place, hint=wrong[1])


def _metrics(catalog: Catalog) -> tuple[str, ...] | None:
    """The scores and the types of assertions, sorted; None if a prompt can't be read."""
    from promptops.evals.alert_metrics import metrics_of

    prompts = [loaded.prompt for loaded in catalog.prompts()]
    readable = [prompt for prompt in prompts if prompt is not None]
    if len(readable) < len(prompts):
        return None
    found = {name for prompt in readable for name in metrics_of(prompt)}
    return tuple(sorted(found))


def _idle_globs(catalog: Catalog, places: TomlPlaces) -> Iterator[Problem]:
    names = catalog.ids.values()
    for index, alert in enumerate(catalog.config.score.alerts):
        for pattern in alert.prompts:
            place = places.word(f"/score/alerts/{index}/prompts", pattern)
            if place is not None and not _matches(catalog, pattern):
                hint = did_you_mean(pattern, names) or "`promptops list` shows the prompts"
                yield Problem(f"no prompt matches `{pattern}`", at=place, hint=hint)


def _matches(catalog: Catalog, pattern: str) -> bool:
    """Whether an id matches; also an earlier one, because samples of old releases have it."""
    current = any(fnmatchcase(name, pattern) for name in catalog.ids.values())
    return current or any(fnmatchcase(name, pattern) for name in catalog.graph.aliases)


def _unknown_release(catalog: Catalog, places: TomlPlaces) -> Iterator[Problem]:
    """A `drift.release` that is neither a channel nor a tag; nothing before the first release."""
    written = catalog.config.drift.release
    place = places.word("/drift/release", written) if written else None
    if written is None or place is None or catalog.releases is None:
        return
    data = catalog.files.data(CHANNELS)
    channels = read(CHANNELS, data).value if data else {}
    tags = tuple(catalog.releases())
    known = (*tags, *(channels or {}))
    if known and written not in known:
        names = f"known here: {', '.join(sorted(known)[:10])}" if tags else _NO_TAGS
        hint = did_you_mean(written, known) or names
        yield Problem(f"there is no release and no channel `{written}`", at=place, hint=hint)
