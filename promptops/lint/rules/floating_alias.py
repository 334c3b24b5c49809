"""CFG003."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.lint import Problem, Severity, rule
from promptops.lint.asked_model import asked_model
from promptops.model.config import Config
from promptops.model.prompt import Prompt


@rule("CFG003", severity=Severity.WARNING)
def floating_alias(prompt: Prompt, config: Config) -> Iterator[Problem]:
    """An active prompt names one version of a model, not a name that moves on.

    A release is to hold still what was tested. Behind `-latest`, and behind a name without its
    date where the provider moves it, stands another model one morning, and nothing in the
    repository has changed. Drafts may float.

    Bad:
        model: {provider: openai, id: gpt-5.4-mini}

    Good:
        model: {provider: openai, id: gpt-5.4-mini-2026-03-17}

    Good:
        status: draft
        model: {provider: openai, id: gpt-5.4-mini}
    """
    model = asked_model(prompt, config)
    if prompt.status == "active" and model is not None and model.facts and model.facts.floating:
        yield Problem(
            f"`{model.id}` moves on to newer models", at=model.at, hint="name a dated version"
        )
