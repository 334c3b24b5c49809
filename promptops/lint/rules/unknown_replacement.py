"""REP012."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from promptops.catalog.catalog import Catalog
from promptops.catalog.surroundings import Surroundings
from promptops.lint import Problem, Severity, rule
from promptops.model.prompt import Prompt
from promptops.suggestions import did_you_mean


@rule("REP012", severity=Severity.ERROR)
def unknown_replacement(
    prompt: Prompt, catalog: Catalog, surroundings: Surroundings
) -> Iterator[Problem]:
    """`replaced_by` names an existing prompt, and `sunset` is a valid date.

    `replaced_by` is shown to those who still load the prompt, and `sunset` is the last day on
    which they should.

    Bad:
        status: deprecated
        replaced_by: support/trige
        sunset: 2027-02-30
        messages:
          - {role: user, content: Say hello.}

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
    if prompt.sunset is not None and not _is_day(prompt.sunset):
        place = prompt.locate("/sunset", False)
        hint = "write YYYY-MM-DD, such as 2027-02-28"
        yield Problem(f"`{prompt.sunset}` is not a valid date", at=place, hint=hint)


def _exists(name: str, catalog: Catalog, surroundings: Surroundings) -> bool:
    """Whether a prompt has this id.

    Reading it marks the result as not cacheable, because this prompt does not need that file.
    """
    return surroundings.has_prompt(name) and surroundings.content(catalog.paths[name]) is not None


def _is_day(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True
