"""Facts about prompts that do not depend on the date."""

from __future__ import annotations

from datetime import date

from promptops.catalog.catalog import Catalog
from promptops.lint.subject import PromptFacts
from promptops.model.loaded import LoadedPrompt

_ANY_DATE = date(2000, 1, 1)


def facts_of(catalog: Catalog, loaded: LoadedPrompt) -> PromptFacts:
    """Lint's facts about a prompt, for names, places and requests: none of them has a date."""
    return PromptFacts(catalog, loaded, _ANY_DATE)
