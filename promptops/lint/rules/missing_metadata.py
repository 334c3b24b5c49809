"""SCH007."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.json_pointer import escaped
from promptops.lint import Problem, Severity, rule
from promptops.model.config import Config
from promptops.model.prompt import Prompt

_KEYS = frozenset(
    (
        *("title", "description", "owners", "tags", "status", "budget", "aliases"),
        *("model", "inputs", "output", "tests", "evaluation", "sunset"),
    )
)


@rule("SCH007", severity=Severity.WARNING)
def missing_metadata(prompt: Prompt, config: Config) -> Iterator[Problem]:
    """A prompt has the metadata that this repository requires.

    No one is responsible for a prompt without an owner. A prompt without a description must be read
    in full by everyone who looks for a prompt. The configuration lists the required keys; a name
    that is not a key of a prompt file is a key of `metadata`.

    Options: `lint.required-metadata`, a list of keys such as `description`, `owners`, `risk`.

    Bad:
        --- promptops.toml
        [lint]
        required-metadata = ["owners", "risk"]
        --- prompts/ask.prompt.yaml
        format: promptops/1
        owners: ["@acme/ai"]
        messages:
          - {role: user, content: Say hello.}

    Good:
        --- promptops.toml
        [lint]
        required-metadata = ["owners", "risk"]
        --- prompts/ask.prompt.yaml
        format: promptops/1
        owners: ["@acme/ai"]
        metadata: {risk: low}
        messages:
          - {role: user, content: Say hello.}
    """
    for name in config.lint.required_metadata:
        pointer, value = _looked_up(prompt, name)
        if value is None:
            hint = f"add `{name}`" if name in _KEYS else f"add it under `metadata`: `{name}: …`"
            yield Problem(f"`{name}` is missing", at="/format", key=True, hint=hint)
        elif value in ("", [], (), {}):
            yield Problem(f"`{name}` is empty", at=pointer)


def _looked_up(prompt: Prompt, name: str) -> tuple[str, Any]:
    """The place and the value of a key; None if it is missing."""
    if name in _KEYS:
        pointer = f"/{name}"
        written = prompt.locate(pointer, True) != prompt.locate("", False)
        return pointer, getattr(prompt, name, True) if written else None
    name = name.removeprefix("metadata.")
    return f"/metadata/{escaped(name)}", prompt.metadata.get(name)
