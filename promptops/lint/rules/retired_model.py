"""CFG002."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from promptops.analysis.models import ModelFacts
from promptops.catalog.catalog import Catalog
from promptops.counting import counted
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.asked_model import AskedModel, asked_model, id_place, retires_soon
from promptops.model.config import Config
from promptops.model.prompt import Prompt


@rule("CFG002", severity=Severity.WARNING, dated=True)
def retired_model(
    prompt: Prompt, config: Config, catalog: Catalog, today: date
) -> Iterator[Problem]:
    """The model is not retired and will not be retired within 90 days.

    All requests fail after the retirement date. The dates are from the providers' announcements, in
    a table that records its own date. The successor of a model answers differently, so plan time
    and tests for the change. The model of a profile is reported once, at the profile's `id`.

    Bad:
        model: {provider: openai, id: gpt-3.5-turbo-0125}

    Good:
        model: {provider: openai, id: gpt-5.4-mini-2026-03-17}
    """
    model = asked_model(prompt, config)
    if model is not None and model.facts is not None and retires_soon(model.facts, today):
        day = model.facts.retires_on or ""
        yield Problem(
            f"`{model.id}` {_when(day, (date.fromisoformat(day) - today).days)}",
            at=id_place(model, catalog),
            hint=_way_out(model.facts),
            fix=_successor(prompt, model),
        )


def _when(day: str, days: int) -> str:
    if days <= 0:
        return f"was retired on {day}"
    return f"is retired on {day}, in {counted(days, 'day')}"


def _way_out(facts: ModelFacts) -> str:
    source = f" ({facts.retirement_source})" if facts.retirement_source else ""
    return (
        f"its successor is `{facts.successor}`{source}"
        if facts.successor
        else f"choose another{source}"
    )


def _successor(prompt: Prompt, model: AskedModel) -> Fix | None:
    """The successor, only for an id in the prompt file: a profile serves other prompts too."""
    if model.at != "/model/id" or model.facts is None or model.facts.successor is None:
        return None
    place = prompt.locate(model.at, False)
    return Fix((Edit(place, json.dumps(model.facts.successor)),))
