"""CFG003."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.prompt_model import id_place, prompt_model, retires_soon
from promptops.model.config import Config
from promptops.model.prompt import Prompt


@rule("CFG003", severity=Severity.WARNING, dated=True)
def floating_alias(
    prompt: Prompt, config: Config, catalog: Catalog, today: date
) -> Iterator[Problem]:
    """An active prompt names a fixed version of a model, not an alias that moves.

    A release must keep what was tested. An alias such as `-latest`, or a name without a date that
    the provider moves, can point to another model tomorrow without any change in the repository.
    Drafts may use aliases. The model of a profile is reported once, at the profile's `id`. CFG002
    reports retired models instead of this rule.

    Bad:
        model: {provider: openai, id: gpt-5.4-mini}

    Good:
        model: {provider: openai, id: gpt-5.4-mini-2026-03-17}

    Good:
        status: draft
        model: {provider: openai, id: gpt-5.4-mini}
    """
    model = prompt_model(prompt, config)
    if prompt.status != "active" or model is None or model.facts is None:
        return
    if model.facts.floating and not retires_soon(model.facts, today):
        message = f"`{model.id}` is an alias that moves to newer models"
        yield Problem(message, at=id_place(model, catalog), hint="name a dated version")
