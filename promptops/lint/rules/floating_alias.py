"""CFG003."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.asked_model import asked_model, id_place, retires_soon
from promptops.model.config import Config
from promptops.model.prompt import Prompt


@rule("CFG003", severity=Severity.WARNING, dated=True)
def floating_alias(
    prompt: Prompt, config: Config, catalog: Catalog, today: date
) -> Iterator[Problem]:
    """An active prompt names one version of a model, not a name that moves on.

    A release is to hold still what was tested. Behind `-latest`, and behind a name without its
    date where the provider moves it, stands another model one morning, and nothing in the
    repository has changed. Drafts may float. The model of a profile is reported once, at the
    profile's `id`; one that is retired is reported by CFG002 only.

    Bad:
        model: {provider: openai, id: gpt-5.4-mini}

    Good:
        model: {provider: openai, id: gpt-5.4-mini-2026-03-17}

    Good:
        status: draft
        model: {provider: openai, id: gpt-5.4-mini}
    """
    model = asked_model(prompt, config)
    if prompt.status != "active" or model is None or model.facts is None:
        return
    if model.facts.floating and not retires_soon(model.facts, today):
        message = f"`{model.id}` moves on to newer models"
        yield Problem(message, at=id_place(model, catalog), hint="name a dated version")
