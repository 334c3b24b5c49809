"""CFG014."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.catalog.schema_places import UNKNOWN_PROFILE
from promptops.lint import Problem, Severity, rule


@rule("CFG014", severity=Severity.ERROR)
def unknown_profile(problems: Sequence[Problem]) -> Iterator[Problem]:
    """The profile that a prompt names exists in the configuration.

    Without its profile a prompt has no model, so requests can't be sent. It is not rendered for an
    application, and no release contains it.

    Bad:
        --- promptops.toml
        [models.fast]
        provider = "openai"
        id = "gpt-5.4-mini-2026-03-17"
        --- prompts/ask.prompt.yaml
        format: promptops/1
        model: {profile: fats}
        messages:
          - {role: user, content: Say hello.}

    Good:
        --- promptops.toml
        [models.fast]
        provider = "openai"
        id = "gpt-5.4-mini-2026-03-17"
        --- prompts/ask.prompt.yaml
        format: promptops/1
        model: {profile: fast}
        messages:
          - {role: user, content: Say hello.}
    """
    yield from (problem for problem in problems if problem.code == UNKNOWN_PROFILE)
