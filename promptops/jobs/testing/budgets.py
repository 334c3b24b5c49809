"""The budget of a run, by its event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from promptops.evals.engine.ask import Settings
from promptops.model.config import TestSettings
from promptops.model.prompt import Prompt
from promptops.records import replace

Event = Literal["commit", "pull_request", "nightly"]
EVENTS: tuple[Event, ...] = get_args(Event)

_CI: Mapping[str, Mapping[str, Event]] = {
    "GITHUB_EVENT_NAME": {
        "pull_request": "pull_request",
        "pull_request_target": "pull_request",
        "schedule": "nightly",
    },
    "CI_PIPELINE_SOURCE": {"merge_request_event": "pull_request", "schedule": "nightly"},
}


def event_of(environment: Mapping[str, str]) -> Event | None:
    """The event from CI's environment; None if it is unknown."""
    for variable, events in _CI.items():
        event = events.get(environment.get(variable, ""))
        if event is not None:
            return event
    return None


def within_budget(settings: Settings, budget: Mapping[str, float], event: Event | None) -> Settings:
    """The settings with the budget of an event; limits they already have take precedence.

    Events missing in `budget` have their default budget.
    """
    if event is None or settings.max_cost_usd is not None:
        return settings
    most_usd = {**TestSettings().budget, **budget}[event]
    return replace(settings, max_cost_usd=most_usd)


def prompt_budget(prompt: Prompt, event: Event | None) -> float | None:
    """The prompt's own limit for one run, in USD; None for no limit."""
    said = prompt.evaluation.get("budget")
    if isinstance(said, Mapping):
        said = said.get(event)
    return float(said) if isinstance(said, int | float) else None
