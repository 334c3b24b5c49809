"""A prompt with everything that it refers to, as `promptops render --resolved` prints it."""

from __future__ import annotations

from typing import Any

from promptops.records import record
from promptops.records.outputs import output


@record(frozen=True, slots=True, kw_only=True)
class CalledModel:
    """The model to call, whichever file names it.

    Attributes:
        profile: Its name in the configuration.
        provider: The provider.
        id: As the provider names it.
    """

    profile: str | None
    provider: str | None
    id: str | None


@output("resolved")
@record(frozen=True, slots=True, kw_only=True)
class ResolvedPrompt:
    """The result of `promptops render --resolved`.

    Attributes:
        revision: A commit id, or the name of the work tree or the index.
        id: Path below the prompt root without its ending.
        path: Relative to the repository root, forward slashes.
        extends: Path of the prompt that it is a variant of; they are already merged.
        model: The model that is called.
        prompt: The content of a prompt file without `extends` that needs no other file except
            media, as `prompt.schema.json` describes it.
    """

    revision: str
    id: str
    path: str
    extends: str | None
    model: CalledModel
    prompt: Any
