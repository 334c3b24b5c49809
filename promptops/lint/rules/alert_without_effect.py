"""CFG019."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from promptops.catalog.catalog import Catalog
from promptops.catalog.config_places import toml_places
from promptops.evals.alert_metrics import BUILT_IN, unknown_metric
from promptops.evals.case_assertions import assertions_of_every_case
from promptops.evals.judge_answer import OUTPUT
from promptops.evals.parse import QUALITY
from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import LintRun
from promptops.source.toml_places import TomlPlaces
from promptops.suggestions import did_you_mean


@rule("CFG019", severity=Severity.WARNING)
def alert_without_effect(catalog: Catalog, run: LintRun) -> Iterator[Problem]:
    """An alert of `promptops score` names a metric and prompts that exist.

    An alert on a misspelt metric makes `promptops score` fail. An alert for prompts that do not
    exist is never raised. A metric is `contracts`, `refusals`, `errors`, `p50`, `p95`, `cost_1000`,
    or a score or the type of an assertion in the `evaluation` of a prompt.

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
    if run.complete and places is not None:
        yield from _wrong_metrics(catalog, places)
        yield from _idle_globs(catalog, places)


def _wrong_metrics(catalog: Catalog, places: TomlPlaces) -> Iterator[Problem]:
    """Metrics that no prompt has; not of alerts that the file does not have, as in a gate."""
    alerts = catalog.config.score.alerts
    names = _metrics(catalog) if any(each.metric not in BUILT_IN for each in alerts) else ()
    for index, alert in enumerate(alerts if names is not None else ()):
        wrong = unknown_metric(alert.metric, names or ())
        place = places.word(f"/score/alerts/{index}/metric", alert.metric) if wrong else None
        if wrong is not None and place is not None:
            yield Problem(wrong[0], at=place, hint=wrong[1])


def _metrics(catalog: Catalog) -> tuple[str, ...] | None:
    """The scores and the types of assertions; None if a prompt can't be read."""
    prompts = [loaded.prompt for loaded in catalog.prompts()]
    readable = [prompt for prompt in prompts if prompt is not None]
    if len(readable) < len(prompts):
        return None
    every = [each.written for prompt in readable for each in assertions_of_every_case(prompt)]
    scores = sorted({str(written["score"]) for written in every if "score" in written})
    return (QUALITY, *scores, OUTPUT, *sorted({str(written.get("type")) for written in every}))


def _idle_globs(catalog: Catalog, places: TomlPlaces) -> Iterator[Problem]:
    names = catalog.ids.values()
    for index, alert in enumerate(catalog.config.score.alerts):
        for pattern in alert.prompts:
            place = places.word(f"/score/alerts/{index}/prompts", pattern)
            if place is not None and not any(fnmatchcase(name, pattern) for name in names):
                hint = did_you_mean(pattern, names) or "`promptops list` shows the prompts"
                yield Problem(f"no prompt matches `{pattern}`", at=place, hint=hint)
