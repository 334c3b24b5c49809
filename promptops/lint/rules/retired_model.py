"""CFG002."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from promptops.analysis.models import ModelFacts, find
from promptops.catalog.catalog import Catalog
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.prompt_model import PromptModel, id_place, prompt_model, retires_soon, successor
from promptops.model.config import Config, ModelProfile
from promptops.model.prompt import Prompt
from promptops.plurals import counted


@rule("CFG002", severity=Severity.WARNING, dated=True)
def retired_model(
    prompt: Prompt, config: Config, catalog: Catalog, today: date
) -> Iterator[Problem]:
    """The model is not retired and will not be retired within 90 days.

    All requests fail after the retirement date. The dates are from the providers' announcements, in
    a table that records the source of each date and the day of that source. Vertex AI has dates of
    its own for the models of Google.

    The successor of a model answers differently: compare both with your test cases. The model of a
    profile is reported once, at the profile's `id`, with the number of prompts that use it.

    Bad:
        model: {provider: openai, id: gpt-3.5-turbo-0125}

    Good:
        model: {provider: openai, id: gpt-5.4-mini-2026-03-17}
    """
    model = prompt_model(prompt, config)
    if model is None or model.facts is None or not retires_soon(model.facts, today):
        return
    day = model.facts.retires_on or ""
    next_model = successor(model.facts, today)
    yield Problem(
        f"`{model.id}` {_when(day, (date.fromisoformat(day) - today).days)}",
        at=id_place(model, catalog),
        hint=_hint(model, next_model, config),
        fix=_replaced(prompt, model, next_model),
    )


def _when(day: str, days: int) -> str:
    if days <= 0:
        return f"was retired on {day}"
    return f"is retired on {day}, in {counted(days, 'day')}"


def _hint(model: PromptModel, next_model: ModelFacts | None, config: Config) -> str:
    facts = model.facts
    as_of = f", as of {facts.retirement_as_of}" if facts and facts.retirement_as_of else ""
    source = f" ({facts.retirement_source}{as_of})" if facts and facts.retirement_source else ""
    if next_model is None:
        return f"choose another{source}"
    found = f"its successor is `{next_model.id}`{source}"
    return f"{found}; {_comparison(model.profile, next_model, config)}" if model.profile else found


def _comparison(profile: ModelProfile, next_model: ModelFacts, config: Config) -> str:
    """The next command: it compares the profile with one that has the successor."""
    known = (name for name, each in config.models.items() if _is(each, next_model))
    name = next(known, None)
    command = f"promptops compare --model {profile.name} --model {name or 'NEW'}"
    if name is not None:
        return f"compare them: {command}"
    return f"add a profile with it, and compare them: {command}"


def _is(profile: ModelProfile, model: ModelFacts) -> bool:
    facts = find(profile.provider, profile.id)
    return facts is not None and (facts.provider, facts.id) == (model.provider, model.id)


def _replaced(prompt: Prompt, model: PromptModel, next_model: ModelFacts | None) -> Fix | None:
    """The successor, only for an id in the prompt file: a profile serves other prompts too."""
    if model.at != "/model/id" or next_model is None:
        return None
    place = prompt.locate(model.at, False)
    return Fix((Edit(place, json.dumps(next_model.id)),))
