"""An input: its schema, its default, and what uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from promptops.jobs.naming.prompt_facts import facts_of
from promptops.lsp.at_cursor.here import Here
from promptops.lsp.at_cursor.input_names import Named
from promptops.lsp.markdown import bullets, code, prose
from promptops.lsp.offers.input_offers import summary
from promptops.model.loaded import LoadedPrompt
from promptops.plurals import counted, some

_MOST_PLACES = 8
_SHOWN = (
    "default",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "pattern",
    "format",
    "maxItems",
)


def input_text(here: Here, named: Named) -> str:
    """What is known about an input."""
    kind = f": {prose(summary(named))}" if summary(named) else ""
    about = named.schema.get("description")
    parts = [
        f"input **{code(named.name)}**{kind}",
        prose(about) if isinstance(about, str) else "",
        bullets(_facts(here, named)),
    ]
    return "\n\n".join(part for part in parts if part)


def property_text(named: Named) -> str:
    """What is known about a property of an input."""
    about = named.schema.get("description")
    kind = f": {prose(summary(named))}" if summary(named) else ""
    parts = [f"**{code(named.name)}**{kind}", prose(about) if isinstance(about, str) else ""]
    return "\n\n".join(part for part in [*parts, bullets(_keywords(named))] if part)


def _facts(here: Here, named: Named) -> Iterator[str]:
    yield from _keywords(named)
    places = list(
        dict.fromkeys(each for loaded in here.loaded for each in _uses(here, loaded, named))
    )
    if places:
        yield f"used in {some(places, _MOST_PLACES, name=code)}"
    elif here.loaded:
        yield "not used"
    cases = [case for prompt in here.prompts for case in prompt.cases]
    given = sum(named.name in case.inputs for case in cases)
    if cases:
        yield f"given in {given} of {counted(len(cases), 'case')}"


def _keywords(named: Named) -> Iterator[str]:
    for key in _SHOWN:
        if key in named.schema:
            yield f"{key}: {code(_json(named.schema[key]))}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _uses(here: Here, loaded: LoadedPrompt, named: Named) -> Iterator[str]:
    """The places that read an input, in the prompt and in what it includes."""
    facts = facts_of(here.file.live.catalog, loaded)
    for scope in facts.scopes:
        for use in scope.scope.uses:
            if use.name == named.name:
                place = use.site.place
                yield f"{place.path}:{place.line}"
