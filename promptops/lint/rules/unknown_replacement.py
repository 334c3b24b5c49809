"""REP012."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Surroundings
from promptops.lint import Problem, Severity, rule
from promptops.lint.prompt_model import day_of, sunsets
from promptops.model.prompt import Prompt
from promptops.suggestions import did_you_mean


@rule("REP012", severity=Severity.ERROR)
def unknown_replacement(
    prompt: Prompt, catalog: Catalog, surroundings: Surroundings
) -> Iterator[Problem]:
    """`replaced_by` names an existing prompt, and `sunset` is a valid date.

    `replaced_by` is shown to those who still load the prompt, and `sunset` is the last day on
    which they should. `x-sunset` is the same for a deprecated input: `promptops diff` ignores one
    that is not a date.

    Bad:
        status: deprecated
        replaced_by: support/trige
        sunset: 2027-02-30
        messages:
          - {role: user, content: Say hello.}

    Bad:
        inputs:
          properties:
            name: {type: string, default: Ada, deprecated: true, x-sunset: next March}
        messages:
          - {role: user, content: "Say hello to {{ name }}."}

    Good:
        status: deprecated
        sunset: 2027-02-28
        messages:
          - {role: user, content: Say hello.}
    """
    name = prompt.replaced_by
    if name is not None and name == prompt.id:
        place = prompt.locate("/replaced_by", False)
        hint = "name the prompt to load instead, or remove `replaced_by`"
        yield Problem("a prompt can't replace itself", at=place, hint=hint)
    elif name is not None and not _exists(name, catalog, surroundings):
        place = prompt.locate("/replaced_by", False)
        hint = did_you_mean(name, catalog.paths) or "promptops list shows all prompts"
        yield Problem(f"there is no prompt `{name}`", at=place, hint=hint)
    for pointer, written in sunsets(prompt):
        if day_of(written) is None:
            hint = "write YYYY-MM-DD, such as 2027-02-28"
            place = prompt.locate(pointer, False)
            yield Problem(f"`{written}` is not a valid date", at=place, hint=hint)


def _exists(name: str, catalog: Catalog, surroundings: Surroundings) -> bool:
    """Whether a prompt has this id.

    Reading it marks the result as not cacheable, because this prompt does not need that file.
    """
    return surroundings.has_prompt(name) and surroundings.content(catalog.paths[name]) is not None
